"""The recommender of allergies: what is taken although an allergy or intolerance to it is recorded.

What would be started is asked by the guards; this asks what is there already. Beyond the substance or class
that was recorded, a danger reaches only within the classes of a table.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from mappers.facts import Allergy, Medicine
from mappers.recommendations import Issue, Reason, Rule, Source, Unanswered
from workers.engine.case import Case
from workers.engine.definitions import Knowledge
from workers.engine.guards import unread_allergies
from workers.engine.people import current_medicines, unresolved
from workers.engine.recommenders import Findings
from workers.engine.recommenders.interactions import GAP, slug
from workers.engine.scores.tables import rows
from workers.engine.vocabulary import medicines, spelt

TABLE = "allergies/cross.csv"
CHART = Source("The patient's own chart", "the sending hospital", "1", "2026-11-22", "", "recorded")
RECORDED = Rule("allergy-taken", "1", "What is taken although the chart says that it must not be", CHART)
_UNREAD = "what an allergy is to that could not be read"
_WOULD_CHANGE = ("the medicine is stopped", "the allergy is found to be none")


class Allergies:
    """Asks each ingredient that is taken whether the chart speaks against it."""

    def recommend(self, case: Case, knowledge: Knowledge) -> Findings:
        """One danger for each substance or class and ingredient."""
        del knowledge
        current, until = current_medicines(case)
        active = [one for one in case.facts.allergies if one.active]
        issues = tuple(issue for one in active for taken in current for issue in _issues(one, taken))
        missing = _missing(case, current, active)
        return Findings(
            issues=issues, unanswered=(Unanswered(RECORDED, missing),) if missing else (), until=until
        )


def _issues(allergy: Allergy, taken: Medicine) -> Iterator[Issue]:
    """The nearest reason for each ingredient: itself, a class that was recorded, a class of the table."""
    for name in taken.ingredients or ():
        issue = next(_against(allergy, taken, name), None)
        if issue is not None:
            yield issue


def _against(allergy: Allergy, taken: Medicine, name: str) -> Iterator[Issue]:
    recorded = allergy.substances or ()
    sentence = f"{_kind(allergy)} to {{}} is recorded, and {name} is taken."
    severity = "moderate" if allergy.intolerance else "high"
    if name in recorded:
        yield _issue(
            allergy, taken, (name, name), _reason(allergy, taken, RECORDED, sentence.format(name)), severity
        )
    shared = [one for one in allergy.classes if name in medicines()[one]]
    for one in shared:
        if spelt(one) in recorded:
            told = _reason(allergy, taken, RECORDED, sentence.format(spelt(one)))
            yield _issue(allergy, taken, (one, name), told, severity)
    for one, (rule, graver, consequence) in _crossing().items():
        if one in shared:
            told = _reason(allergy, taken, rule, f"{sentence.format(', '.join(recorded))} {consequence}")
            yield _issue(allergy, taken, (one, name), told, "low" if allergy.intolerance else graver)


def _kind(allergy: Allergy) -> str:
    return "An intolerance" if allergy.intolerance else "An allergy"


def _reason(allergy: Allergy, taken: Medicine, rule: Rule, sentence: str) -> Reason:
    return Reason(rule, sentence, tuple(sorted({allergy.evidence, taken.evidence})), _WOULD_CHANGE)


def _issue(allergy: Allergy, taken: Medicine, names: tuple[str, str], reason: Reason, severity: str) -> Issue:
    against, name = names
    title = f"{name} in spite of {_kind(allergy).lower()} to {spelt(against)}"
    key = f"allergy-{slug(against)}-{slug(name)}"
    return Issue(
        key, title, severity, (reason,), tuple(sorted({allergy.evidence, taken.evidence})), medicines=(name,)
    )


@cache
def _crossing() -> dict[str, tuple[Rule, str, str]]:
    """By class: the rule, how grave it is, and why. The rows stand from the nearest class to the widest."""
    return {
        row["class"]: (
            Rule(
                f"allergy-cross-{slug(row['class'])}",
                row["version"],
                f"Allergies within the class {spelt(row['class'])}",
                Source(
                    "Allergies that reach beyond one medicine",
                    "Careloom",
                    row["version"],
                    row["date"],
                    "",
                    row["source"],
                    confirmed=row["confirmed"] == "yes",
                ),
            ),
            row["severity"],
            row["consequence"],
        )
        for row in rows(TABLE)
    }


def _missing(case: Case, current: tuple[Medicine, ...], active: list[Allergy]) -> tuple[str, ...]:
    """What could hide a danger: an allergy that nobody can read, or a medicine that may be anything."""
    gap = unresolved(case, current)
    unread = unread_allergies(case)
    told = [_UNREAD] if unread and (current or gap) else []
    return (*told, *([GAP] if gap and (active or unread) else []))
