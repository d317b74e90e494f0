"""What counts as knowledge when a job begins: what this worker was started with, the packs that were added
since, what was recalled, and what the patient's hospital switched or posted.

One number in the database says whether any of it changed; only then the rest is read again. So a recall holds
from the next job of every worker on, wherever it runs, and costs a job that follows no recall one row.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from weakref import WeakKeyDictionary

from sqlalchemy import Connection

from gateway.custody import rulebook
from gateway.custody.database import Database, Side
from gateway.custody.ids import Tenant
from gateway.custody.jobs import Claim
from gateway.custody.settings import Storage
from workers import posted
from workers.engine import knowledge as loader
from workers.engine import own_maps, packing
from workers.engine.definitions import Knowledge, State
from workers.engine.shadow import Shadowed
from workers.engine.switching import Switch, in_force
from workers.station import PACKS, Station


@dataclass(frozen=True, slots=True)
class InForce:
    """The rules for one hospital, and everything that was ever recalled."""

    knowledge: Knowledge
    recalls: Sequence[rulebook.Recall] = ()


@dataclass(slots=True)
class _Held:
    """What was read last, under which number."""

    number: int
    whole: Knowledge
    packs: Sequence[rulebook.Pack]
    recalls: Sequence[rulebook.Recall] = ()
    hospitals: dict[Tenant, InForce] = field(default_factory=dict)


_held: WeakKeyDictionary[Database, _Held] = WeakKeyDictionary()


def check(storage: Storage, started: Knowledge) -> None:
    """Refuse to start beside packs that this release finds faults in; raises ``KnowledgeRefused``."""
    own = storage.worker_database_url
    database = Database.open(own or storage.database_url, Side.WORKER, own_login=own is not None)
    try:
        with database.read() as conn:
            packs = rulebook.packs(conn)
    finally:
        database.close()
    _with_packs(started, packs)


def whole(at: Station) -> Knowledge:
    """All that counts as knowledge here, before anybody switched anything."""
    with at.clinic.database.read() as conn:
        return _read(conn, at).whole


def in_force_for(at: Station, tenant: Tenant) -> InForce:
    """What counts for a patient of this hospital now."""
    with at.clinic.database.read() as conn:
        held = _read(conn, at)
        if tenant not in held.hospitals:
            found = _hospital(conn, held, tenant)
            own = posted.with_posted(at.clinic, conn, tenant, found.knowledge)
            held.hospitals[tenant] = replace(found, knowledge=own)
        return held.hospitals[tenant]


def shaded(at: Station, claim: Claim, found: Iterable[Shadowed]) -> tuple[rulebook.Shaded, ...]:
    """Answers in shadow as they are kept."""
    secret = at.clinic.clinical.index_key(claim.tenant)
    return tuple(
        rulebook.Shaded(one.rule, one.version, rulebook.token(secret, one.rule, one.truth.value))
        for one in found
    )


def _read(conn: Connection, at: Station) -> _Held:
    database, number = at.clinic.database, rulebook.number(conn)
    held = _held.get(database)
    if held is None or held.number != number:
        packs = rulebook.packs(conn)
        same = held is not None and held.packs == packs
        known = held.whole if held is not None and same else _with_packs(at.knowledge, packs)
        held = _held[database] = _Held(number, known, packs, rulebook.recalls(conn))
    return held


def _with_packs(started: Knowledge, packs: Sequence[rulebook.Pack]) -> Knowledge:
    """The knowledge with the packs that were added; raises ``KnowledgeRefused``, and nothing is worked on."""
    if not packs:
        return started
    with TemporaryDirectory(prefix="careloom-knowledge-") as name:
        folder = Path(name)
        for one in packs:
            packing.lay_out(packing.unpacked(one.files), one.id, folder)
        return own_maps.joined(loader.load(PACKS, folder), started.maps)


def _hospital(conn: Connection, held: _Held, tenant: Tenant) -> InForce:
    switches = {one.rule: _switch(one) for one in rulebook.switches(conn, tenant)}
    recalled = frozenset((one.rule, one.version) for one in held.recalls)
    if not switches and not recalled:
        return InForce(held.whole)
    return InForce(in_force(held.whole, switches, recalled), held.recalls)


def _switch(stored: rulebook.Switch) -> Switch:
    state = State(stored.state) if stored.state else None
    return Switch(state, {name: Decimal(value) for name, value in stored.thresholds.items()})
