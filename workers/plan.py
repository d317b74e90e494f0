"""The task ``careloom.plan``: one patient's data in, the one plan that they imply out.

1. Claim the job; who comes second goes home.
2. Open what is known of the patient.
3. Map it to facts, apply the knowledge, map the answer to FHIR.
4. Find what has to change, seal it, and commit it with the end of the job.
5. When somebody else wrote meanwhile, start again from what stands now.

The plan of a record that went into another ends, and its job becomes one for that other (docs/merges.md).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

import structlog
from celery.exceptions import SoftTimeLimitExceeded

from gateway.custody import jobs
from gateway.custody.errors import Conflict, CustodyError, Erased, KeyGone, LostLease
from gateway.custody.ids import pseudonym
from gateway.custody.jobs import SECOND, Claim
from mappers import fhir_to_facts, recommendations_to_careplan
from mappers.consent import Decision
from mappers.facts import Evidence
from mappers.recommendations import Plan, nothing
from mappers.recommendations_to_careplan import act_of
from workers import (
    adopting,
    decisions,
    outcome,
    posted,
    reading,
    recalls,
    shelf,
    station,
    tally,
    united,
    weaving,
    writing,
)
from workers.app import app
from workers.engine import apply, shadow
from workers.engine.done import Done
from workers.lease import LEASE, Lease
from workers.moved import moved, nothing_closes
from workers.outcome import Body, Change
from workers.reading import Known
from workers.station import Station
from workers.writing import Result

TRIES = 5

log = structlog.get_logger()


def run(job_id: str) -> None:
    """Do the job of this id, unless it is done or another worker has it."""
    at = station.here()
    adopting.adopt_once(at)
    do(at, bytes.fromhex(job_id))


plan = app.task(name="careloom.plan")(run)


def do(at: Station, job_id: bytes) -> None:
    """Claim a job and see it through: done, or to be tried again, or dead and visible."""
    database = at.clinic.database
    with database.write() as conn:  # 1
        claim = jobs.claim(conn, job_id, at.clock(), LEASE)
    if claim is None:
        return
    try:
        with Lease(database, claim, at.clock):
            _see_through(at, claim)
    except LostLease:
        log.info("lease lost", job=job_id.hex())
    except (Exception, SoftTimeLimitExceeded) as error:
        _failed(at, claim, error)


def _failed(at: Station, claim: Claim, error: BaseException) -> None:
    log.error("job failed", job=claim.id.hex(), attempt=claim.attempts, exc_info=error)
    try:
        with at.clinic.database.write() as conn:
            jobs.fail(conn, claim, at.clock(), type(error).__name__)
    except CustodyError as worse:
        # The lease runs out and the relay sends the job again.
        log.warning("failure not recorded", job=claim.id.hex(), error=type(worse).__name__)


def _see_through(at: Station, claim: Claim) -> None:
    for _ in range(TRIES):
        try:
            known = reading.read(at.clinic, claim, at.clock())  # 2
            _pass_on(at, claim, known)
            result = replace(derive(at, claim, known), union=known.union)  # 3
            writes = [writing.sealed(at, claim, known.key, change) for change in result.changes]  # 4
            writing.commit(at, claim, writes, result, known.said)
            return
        except Conflict:  # 5
            continue
        except (KeyGone, Erased):
            writing.commit(at, claim, [], Result([], [], None))
            return
    raise Conflict


def _pass_on(at: Station, claim: Claim, known: Known) -> None:
    """What came for a record that went into another concerns the plan of that one."""
    survivor, now = known.union.survivor, at.clock()
    if survivor != claim.patient:
        # On its own and first: who is killed in between does it twice, and nobody holds two patients' jobs.
        with at.clinic.database.write() as conn:
            order = jobs.Order(claim.tenant, writing.PLAN, "merged data", now, now)
            jobs.enqueue(conn, order, [survivor], at.entropy)


def derive(at: Station, claim: Claim, known: Known) -> Result:
    """What the data imply, as the versions that have to be written."""
    if known.said.declined:
        return _withdrawn(at, claim, known, known.said.declined)
    read = sorted(opened.reference for opened in known.sent)
    if known.union.survivor != claim.patient:
        return Result(outcome.changes(united.withdrawn(known), known.derived), read, None)
    if not known.has_patient:
        return Result(outcome.changes([], known.derived), read, None)
    subject = f"Patient/{pseudonym(claim.patient)}"
    facts = fhir_to_facts.facts(known.sent, _today(at), subject, at.knowledge.maps)
    rules = shelf.in_force_for(at, claim.tenant)
    standing = _standing(known) if rules.recalls else None
    answer = recalls.told(apply.plan(facts, rules.knowledge), standing, rules.recalls)
    if facts.person.deceased:
        return _documented(at, claim, answer, outcome.changes(_completed(known), known.derived), read)
    woven = weaving.woven(at, claim, known, answer, Done(facts, rules.knowledge).evidence)
    shaded = shelf.shaded(at, claim, shadow.answers(facts, rules.knowledge))
    result = _documented(at, claim, woven.answer, outcome.changes(woven.bodies, woven.standing), read)
    return replace(result, shaded=shaded, tally=tally.tallied(at, claim, woven))


def _standing(known: Known) -> Body | None:
    """The plan as it stands, with what clinicians made of it, on its lines or by signing a draft."""
    plans = (decisions.base_of(was) for (kind, _), was in known.derived.items() if kind == "CarePlan")
    base = next(plans, None)
    if base is None:
        return None
    status, lines = str(base.get("status")), base.get("activity", ())
    signed = [moved(one, known.derived, status, nothing_closes) if act_of(one) else one for one in lines]
    return {**base, "activity": signed}


def _completed(known: Known) -> list[dict[str, Any]]:
    plans = [dict(decisions.base_of(was)) for (kind, _), was in known.derived.items() if kind == "CarePlan"]
    return [recommendations_to_careplan.completed(found) for found in plans]


def _withdrawn(at: Station, claim: Claim, known: Known, why: Decision) -> Result:
    """No plan: the one that there is loses what it proposes, and what was computed for it ends."""
    plans = [dict(decisions.base_of(was)) for (kind, _), was in known.derived.items() if kind == "CarePlan"]
    changed = outcome.changes(map(recommendations_to_careplan.withdrawn, plans), known.derived)
    read = sorted(known.said.heard.references)
    if changed:
        changed += _provenance(at, claim, nothing(_today(at)), changed, why.rested_on)
    return Result(changed, read, None)


def _documented(
    at: Station, claim: Claim, answer: Plan, changed: list[Change], read: Sequence[str]
) -> Result:
    """With the Provenance of what is about to be written: which versions, from which versions."""
    if not changed:
        return Result(changed, read, answer.next_look)
    written = _provenance(at, claim, answer, changed, _used(answer, read))
    return Result([*changed, *written], read, answer.next_look)


def _provenance(
    at: Station, claim: Claim, answer: Plan, changed: Sequence[Change], used: Sequence[str]
) -> list[Change]:
    targets = [f"{c.type}/{pseudonym(c.id)}/_history/{c.version}" for c in changed]
    recorded = datetime.fromtimestamp(at.clock() / SECOND, UTC).isoformat(timespec="milliseconds")
    body = recommendations_to_careplan.provenance(targets, used, answer, recorded, weaving.ident(at, claim))
    return outcome.changes([body], {})


def _used(answer: Plan, read: Sequence[str]) -> list[str]:
    """The versions that the answer stands on; of a plan that stands on none, the patient."""
    named = {evidence.reference for evidence in _evidence(answer)}
    used = named & set(read) | {text for text in named if text.startswith(posted.TYPES)}
    return sorted(used | {text for text in read if text.startswith("Patient/")})


def _evidence(value: Any) -> Iterator[Evidence]:
    if isinstance(value, Evidence):
        yield value
    elif isinstance(value, tuple):
        for part in value:
            yield from _evidence(part)
    elif is_dataclass(value):
        for field in fields(value):
            yield from _evidence(getattr(value, field.name))


def _today(at: Station) -> date:
    return datetime.fromtimestamp(at.clock() / SECOND, UTC).date()
