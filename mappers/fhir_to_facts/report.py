"""DiagnosticReport: which results belong together, and what was concluded, where a code says so.

The results are facts of their own. A report in words alone is set aside: what it holds stands elsewhere,
or is withheld.
"""

from __future__ import annotations

from mappers import codes
from mappers.context import Report
from mappers.fhir_to_facts.dates import happened, moment
from mappers.fhir_to_facts.gathered import Gathered
from mappers.fhir_to_facts.opened import Opened
from mappers.fhir_to_facts.tokens import tokens

EVIDENCE = frozenset({"final", "amended", "corrected", "appended", "preliminary", "partial"})


def read(opened: Opened, found: Gathered) -> None:
    body = opened.body
    if body.get("status") not in EVIDENCE:
        found.set_aside(opened, "has a status that makes it no evidence")
        return
    coded = next(codes.codes(body.get("code")), None)
    when = happened(body, "effective") or moment(body.get("issued"))
    day = when.day if when else None
    if coded is None:
        found.set_aside(opened, "is told in words alone")
    elif not found.in_future(opened, "A report", day):
        named = (one.get("reference", "").partition("/_history/")[0] for one in body.get("result", ()))
        found.reports.append(
            Report(
                system=coded.system,
                code=coded.code,
                when=day,
                results=tuple(sorted({one for one in named if one in found.opened})),
                conclusions=tokens(*body.get("conclusionCode", ())),
                evidence=opened.evidence,
            )
        )
