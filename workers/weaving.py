"""What is to stand of one patient's plan: the answer, limited to what can be asked at once, around decisions.

1. The plan is woven from the whole answer, to see which acts are still to be decided.
2. Where that is more than may be asked at once, the rest is held back and the plan is woven again.
3. A draft stands while its line does; one that a clinician touched is left alone, and has moved its line.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.custody.ids import pseudonym
from gateway.custody.jobs import Claim
from gateway.custody.opening import derived_id
from gateway.custody.records import Ref
from mappers import recommendations_to_careplan
from mappers.recommendations import Plan
from mappers.recommendations_to_careplan import ACT, SIGNABLE, act_of
from workers import decisions, outcome, reading, united
from workers.engine.limit import limited
from workers.moved import Closes, draft_of
from workers.outcome import Body
from workers.reading import Derived, Known
from workers.station import Station

_UNDECIDED = frozenset({"not-started", "unknown"})


@dataclass(frozen=True, slots=True)
class Woven:
    """What is to stand, what stands, and the answer as far as it is asked."""

    bodies: Sequence[Body]
    standing: Mapping[Ref, Derived]
    answer: Plan
    plan: Body
    """The plan as it stands then, whether a worker writes it or a clinician wrote it."""


def woven(at: Station, claim: Claim, known: Known, answer: Plan, closes: Closes) -> Woven:
    """Every resource that the answer implies, woven around what clinicians decided."""
    found = _woven(at, claim, known, answer, closes)  # 1
    if len(answer.activities) <= at.most:
        return found
    decided = {act for act, status in _lines(found.plan) if status not in _UNDECIDED}
    asked = limited(answer, at.most, decided)
    return found if asked is answer else _woven(at, claim, known, asked, closes)  # 2


def ident(at: Station, claim: Claim) -> Callable[[str, str], str]:
    """The ids of what is derived for a patient."""
    secret = at.clinic.clinical.index_key(claim.tenant)

    def made(kind: str, key: str) -> str:
        return pseudonym(derived_id(secret, claim.patient, kind, key))

    return made


def _woven(at: Station, claim: Claim, known: Known, answer: Plan, closes: Closes) -> Woven:
    implied = recommendations_to_careplan.resources(answer, pseudonym(claim.patient), ident(at, claim))
    removed = reading.removed(at.clinic, claim, known, map(outcome.ref, implied))
    standing = {**removed, **known.derived}
    careplan, *others = implied
    among = _among(at, claim, known, careplan, standing)
    plan = _plan(careplan, answer, among, closes)
    stands = decisions.as_it_stands(plan, among.get(outcome.ref(careplan)))
    kept = [one for one in others if one["resourceType"] not in SIGNABLE]
    rest = [_other(one, answer, standing) for one in kept]
    return Woven([plan, *_drafts(stands, others, standing), *rest], standing, answer, stands)


def _plan(implied: Body, answer: Plan, standing: Mapping[Ref, Derived], closes: Closes) -> Body:
    was = standing.get(outcome.ref(implied))
    return implied if was is None else decisions.woven(implied, answer, was, standing, closes)


def _other(implied: Body, answer: Plan, standing: Mapping[Ref, Derived]) -> Body:
    was = standing.get(outcome.ref(implied))
    return implied if was is None else decisions.woven(implied, answer, was, standing)


def _drafts(plan: Body, implied: Sequence[Body], standing: Mapping[Ref, Derived]) -> list[Body]:  # 3
    """The drafts of the lines that are still open: made anew while undecided, as they were once accepted."""
    fresh = {outcome.ref(one): one for one in implied if one["resourceType"] in SIGNABLE}
    found = []
    for line in plan.get("activity", ()):
        ref, status = draft_of(line), line.get("detail", {}).get("status")
        was = None if ref is None else standing.get(ref)
        if ref is None or status in recommendations_to_careplan.DECLINED | recommendations_to_careplan.DONE:
            continue
        if was is not None and (was.theirs is not None or status not in _UNDECIDED):
            found.append(was.written)
        elif ref in fresh:
            found.append(fresh[ref])
    return found


def _among(
    at: Station, claim: Claim, known: Known, body: Body, standing: Mapping[Ref, Derived]
) -> Mapping[Ref, Derived]:
    """What stands, with the plan as it stands among the records that are one person now."""
    was = standing.get(outcome.ref(body))
    foreign = reading.elsewhere(at.clinic, claim, known, united.references(was))
    found = united.standing(body, was, known, foreign)
    return standing if found is None else {**standing, outcome.ref(body): found}


def _lines(plan: Body) -> list[tuple[str, Any]]:
    lines = ((act_of(line), line["detail"].get("status")) for line in plan.get("activity", ()))
    return [(act.removeprefix(ACT), status) for act, status in lines if act is not None]
