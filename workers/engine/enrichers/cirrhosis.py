"""Child-Pugh from a chart: three numbers of the laboratory, and two findings that are graded by looking.

A chart says of ascites and encephalopathy whether they are on the problem list, not how bad they are. What is
not on it is none; what is on it is asked at both grades, so that the score lies between two ends.
"""

from __future__ import annotations

from workers.engine.case import Case
from workers.engine.enrichers.asked import Asked, Told, sourced
from workers.engine.enrichers.charted import Charted, Heard, Held, Number, Worked

MONTHS = 3


def _graded(name: str, problem: str, grades: tuple[str, ...]) -> Charted:
    def how(case: Case) -> Heard:
        found = Held(name, (problem,)).heard(case)
        if found.missing:
            return found
        there = found.values == (True,)
        return Heard(grades if there else ("none",), (), found.evidence, found.until)

    return Worked(name, how)


CHILD_PUGH = Asked(
    "child_pugh",
    sourced(
        "child_pugh",
        "Transection of the oesophagus for bleeding oesophageal varices",
        "Br J Surg 60:646",
        "1973-08-01",
    ),
    (
        Number("bilirubin", "total_bilirubin", MONTHS, anywhere=True),
        Number("albumin", "albumin", MONTHS, anywhere=True),
        Number("inr", "inr", MONTHS, anywhere=True),
        _graded("ascites", "ascites", ("mild", "moderate-severe")),
        _graded("encephalopathy", "hepatic_encephalopathy", ("grade1-2", "grade3-4")),
    ),
    (Told("score", "Child-Pugh", "{score}", 0, 1),),
    of=("cirrhosis",),
    begins=("bilirubin", "inr"),
    outcome="Death within a year of cirrhosis",
    band=lambda answer: f"class {answer.band}",
    notes=(
        "Ascites and encephalopathy by the problem list, which does not grade them.",
        "Not to be read in those who take a vitamin K antagonist.",
    ),
)
