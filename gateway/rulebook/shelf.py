"""All knowledge of this installation: what ships, and in its place or beside it the packs that were added."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import Connection

from gateway.custody import rulebook
from gateway.custody.ids import Tenant
from workers.engine import cases, packing
from workers.engine.definitions import Knowledge, State
from workers.engine.knowledge import SHIPPED, load
from workers.engine.switching import Switch, in_force


@dataclass(frozen=True, slots=True)
class Shelf:
    """The knowledge as published, and the packs that were added to it."""

    knowledge: Knowledge
    added: Mapping[str, rulebook.Pack]


def opened(conn: Connection | None) -> Shelf:
    """What there is; without a database what ships."""
    added = {} if conn is None else {one.id: one for one in rulebook.packs(conn)}
    return Shelf(with_packs(added.values()), added)


def with_packs(packs: Iterable[rulebook.Pack]) -> Knowledge:
    """The shipped knowledge with these packs; raises ``KnowledgeRefused``."""
    packs = tuple(packs)
    return _loaded(packs) if packs else _shipped()


@cache
def _shipped() -> Knowledge:
    return load(SHIPPED)


def _loaded(packs: Iterable[rulebook.Pack]) -> Knowledge:
    with TemporaryDirectory(prefix="careloom-knowledge-") as name:
        folder = Path(name)
        for one in packs:
            packing.lay_out(packing.unpacked(one.files), one.id, folder)
        return load(SHIPPED, folder)


def failures(knowledge: Knowledge, packs: Iterable[rulebook.Pack]) -> tuple[str, ...]:
    """What rules answer otherwise than their cases say, with these packs in their places."""
    with TemporaryDirectory(prefix="careloom-knowledge-") as name:
        folder = Path(name)
        for one in packs:
            packing.lay_out(packing.unpacked(one.files), one.id, folder)
        return cases.failures(knowledge, SHIPPED, folder)


def for_hospital(conn: Connection, shelf: Shelf, tenant: Tenant | None) -> Knowledge:
    """What counts for a hospital, or without one what counts for all: recalls and no switches."""
    recalled = frozenset((one.rule, one.version) for one in rulebook.recalls(conn))
    switches = [] if tenant is None else rulebook.switches(conn, tenant)
    return in_force(shelf.knowledge, {one.rule: as_switch(one) for one in switches}, recalled)


def as_switch(stored: rulebook.Switch) -> Switch:
    """A stored decision as the engine takes it."""
    state = State(stored.state) if stored.state else None
    return Switch(state, {name: Decimal(value) for name, value in stored.thresholds.items()})
