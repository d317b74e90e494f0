"""Procedure: a deed, and for some codes a problem too (a transplant makes somebody a transplant patient)."""

from __future__ import annotations

from datetime import timedelta

from mappers import codes, problems
from mappers.facts import Deed, Problem
from mappers.fhir_to_facts.dates import Moment, happened
from mappers.fhir_to_facts.gathered import Gathered
from mappers.fhir_to_facts.opened import Opened

DONE = frozenset({"completed", "in-progress", "unknown"})


def read(opened: Opened, found: Gathered) -> None:
    body = opened.body
    if body.get("status") not in DONE:
        found.set_aside(opened, "has a status that makes it no evidence")
        return
    coded = tuple(codes.codes(body.get("code")))
    when = happened(body, "performed")
    if not coded:
        found.cannot_read(opened, "A procedure", "is known only as text")
        return
    if found.in_future(opened, "A procedure", when.day if when else None):
        return
    day = when.day if when else None
    found.deeds.append(Deed("procedure", coded[0].system, coded[0].code, day, opened.evidence))
    for match in problems.all_matches(coded):
        found.problems.append(_problem(opened, found, match, when))


def _problem(opened: Opened, found: Gathered, match: problems.Match, when: Moment | None) -> Problem:
    """The problem that a procedure proves: for good, or for as many days as the table says."""
    last = when.day + timedelta(days=match.days) if when and match.days else None
    return Problem(
        key=match.key,
        system=match.code.system,
        code=match.code.code,
        active=not found.is_over(last) and (when is not None or match.days is None),
        onset=when.day if when else None,
        evidence=opened.evidence,
        classes=problems.names()[match.key].classes,
        stage=match.stage,
        ended=last,
    )
