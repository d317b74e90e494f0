"""Condition: which problem, and whether it is active, decided once for everybody.

Active: clinical status active, recurrence or relapse (or none given), and not abated by today. A lasting
problem (a heart attack, a transplant) stays active whatever its clinical status says. What is refuted or
entered in error is no evidence; what is not confirmed is shown, and asserts nothing.
"""

from __future__ import annotations

from datetime import date

from mappers import codes, problems
from mappers.facts import Finding, Problem
from mappers.fhir_to_facts.dates import Moment, begun, first_day, over
from mappers.fhir_to_facts.gathered import Gathered
from mappers.fhir_to_facts.opened import Opened
from mappers.lossless import Json

NO_EVIDENCE = {"entered-in-error": "was entered in error", "refuted": "was refuted"}
NOT_CONFIRMED = frozenset({"unconfirmed", "provisional", "differential"})
QUESTIONS = {"pregnancy": "pregnancy_status", "lactation": "lactation_status"}
OVER = frozenset({"inactive", "remission", "resolved"})


def read(opened: Opened, found: Gathered) -> None:
    body = opened.body
    verification = codes.status(body.get("verificationStatus"))
    if verification in NO_EVIDENCE:
        found.set_aside(opened, NO_EVIDENCE[verification])
        return
    coded = tuple(codes.codes(body.get("code")))
    onset = begun(body, "onset") or first_day(body.get("recordedDate"))
    if not coded:
        found.cannot_read(opened, "A problem", "is known only as text")
        return
    if problems.systems().isdisjoint(system for system, _ in coded):
        found.cannot_read(opened, "A problem", "has codes of no system that is read here")
        return
    matches = problems.all_matches(coded)
    if found.in_future(opened, _named(matches), onset):
        return
    if verification in NOT_CONFIRMED:
        _doubt(opened, found, matches, onset or found.as_of)
    found.problems.extend(_problems(opened, found, matches or (None,), onset))


def _doubt(opened: Opened, found: Gathered, matches: tuple[problems.Match, ...], when: date) -> None:
    """What is not confirmed asserts nothing, but a pregnancy that may be is no reason to rule one out."""
    found.cannot_read(opened, _named(matches), "is not confirmed")
    for match in matches:
        if match.key in QUESTIONS:
            finding = Finding(QUESTIONS[match.key], "unknown", when, opened.evidence)
            found.findings.append((Moment(when), finding))


def _named(matches: tuple[problems.Match, ...]) -> str:
    return problems.names()[matches[0].key].name if matches else "A problem"


def _problems(
    opened: Opened, found: Gathered, matches: tuple[problems.Match | None, ...], onset: date | None
) -> list[Problem]:
    body = opened.body
    ended = over(body, "abatement")
    active = _active(body, found, ended)
    doubtful = codes.status(body.get("verificationStatus")) in NOT_CONFIRMED
    return [
        _problem(opened, match, not doubtful and (active or _lasting(match)), (onset, ended))
        for match in matches
    ]


def _active(body: dict[str, Json], found: Gathered, ended: date | None) -> bool:
    abated = found.is_over(ended) or _abated_some_time(body)
    return not abated and codes.status(body.get("clinicalStatus")) not in OVER


def _abated_some_time(body: dict[str, Json]) -> bool:
    """Abated, but without a date: an age, a range or a text."""
    dated = {"abatementDateTime", "abatementPeriod"}
    return any(name.lstrip("_").startswith("abatement") and name not in dated for name in body)


def _lasting(match: problems.Match | None) -> bool:
    return match is not None and problems.names()[match.key].lasting


def _problem(
    opened: Opened,
    match: problems.Match | None,
    active: bool,
    span: tuple[date | None, date | None],
) -> Problem:
    code = match.code if match else next(codes.codes(opened.body.get("code")))
    return Problem(
        key=match.key if match else None,
        system=code.system,
        code=code.code,
        active=active,
        onset=span[0],
        evidence=opened.evidence,
        classes=problems.names()[match.key].classes if match else (),
        stage=match.stage if match else None,
        ended=span[1],
        icd10=_icd10(opened.body),
    )


def _icd10(body: dict[str, Json]) -> tuple[str, ...]:
    coded = codes.codes(body.get("code"))
    return tuple(sorted({one.code for one in coded if one.system in {codes.ICD_10_CM, codes.ICD_10}}))
