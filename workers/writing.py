"""From derived FHIR to rows: sealed under the patient's key, found by blind tokens, committed with the job.

Versions, search rows, the end of this job, the jobs that follow from it, and the audit events are one
transaction (law 4); its fence lets no worker write whose lease went to another (law 6).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import partial
from hashlib import sha256

from msgspec import structs

from gateway.custody import audit, cipher, index, jobs, merges, records, rulebook
from gateway.custody.deciding import Decision
from gateway.custody.errors import Conflict
from gateway.custody.jobs import Claim, Order
from gateway.custody.keyring import ClinicalKey
from gateway.custody.merges import Union
from gateway.custody.records import CLINICAL_COLUMN, Write
from mappers import lossless
from mappers.plan_identity import PLAN_TOKEN, bears_plan
from mappers.r4 import search
from workers import consenting, tally, trail
from workers.consenting import Said
from workers.outcome import Change
from workers.station import Station

PLAN, PUSH = "plan", "push"


@dataclass(frozen=True, slots=True)
class Result:
    """What a job leads to: versions to write, what was read for them, and when to look again."""

    changes: Sequence[Change]
    read: Sequence[str]
    next_look: date | None
    union: Union | None = None
    """Whose data were read."""
    shaded: Sequence[rulebook.Shaded] = ()
    """What rules answer that are tried in shadow."""
    tally: Sequence[Decision] = ()
    """What became of what was proposed."""


def sealed(station: Station, claim: Claim, key: ClinicalKey, change: Change) -> Write:
    """One version, ready to be written."""
    place = cipher.Place(claim.tenant, claim.patient, change.type, change.id, change.version, CLINICAL_COLUMN)
    plain = lossless.dumps(dict(change.body))
    clinical = cipher.seal(key, place, plain, station.entropy(cipher.SALT_BYTES))
    secret = station.clinic.clinical.index_key(claim.tenant)
    rows = search.clinical_rows(dict(change.body))
    tokens = [*rows.tokens, *((PLAN_TOKEN,) if bears_plan(change.body) else ())]
    return Write(
        type=change.type,
        id=change.id,
        version=change.version,
        compartment=claim.patient,
        origin="derived",
        deleted=False,
        clinical=clinical,
        digest=sha256(clinical).digest(),
        tokens=tuple({index.token_key(secret, change.type, name, value) for name, value in tokens}),
        ranges=tuple({(index.range_key(secret, change.type, n), low, high) for n, low, high in rows.ranges}),
    )


def commit(
    station: Station, claim: Claim, writes: Sequence[Write], result: Result, said: Said | None = None
) -> None:
    """Write it all and finish the job. Raises ``Conflict`` or ``LostLease``: nothing is written then.

    ``said`` is None where nothing of the patient could be read any more.
    """
    now, tenant = station.clock(), claim.tenant
    with station.clinic.database.write() as conn:
        beside = () if result.union is None else result.union.others
        # Named, so that an erasure of one of them finds what rests on their data.
        records.record_writes(conn, tenant, [structs.replace(one, patients=beside) for one in writes], now)
        if said is not None:
            consenting.check(conn, tenant, said.heard)
        # Behind the counter, too: what stands on a union is not written once that has ended.
        if result.union is not None and merges.union(conn, tenant, claim.patient) != result.union:
            raise Conflict
        if result.shaded:
            rulebook.keep_shadow(conn, (tenant, claim.patient), result.shaded, now)
        tally.keep(conn, claim, result.tally, now, station.overridden)
        jobs.finish(conn, claim, now)
        ask = partial(jobs.enqueue, conn, patients=[claim.patient], draw=station.entropy)
        for moment in _looks(result, said):
            ask(Order(tenant, PLAN, "time", moment, now))
        if any(write.type == "CarePlan" for write in writes):
            ask(Order(tenant, PUSH, "new plan", now, now))
        events = trail.looked(claim, beside, result.read, now) if result.read else []
        events += trail.decided(claim, said, now) if said is not None else []
        audit.append(conn, tenant, [*events, *(trail.wrote(claim, write, now) for write in writes)])


def _looks(result: Result, said: Said | None) -> list[int]:
    """When time alone may change the result: an answer turns on a day, a Consent at a moment."""
    turns = None if said is None else said.heard.turns()
    look = None if result.next_look is None else _midnight(result.next_look)
    return [min(known)] if (known := [one for one in (turns, look) if one is not None]) else []


def _midnight(day: date) -> int:
    return int(datetime.combine(day, time(), UTC).timestamp()) * jobs.SECOND
