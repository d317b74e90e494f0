"""The rules that count for one hospital now: the workers' own, read again when anything was decided of them.

What ships, the hospital's own ConceptMaps, packs that were added, each hospital's switches, every recall.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from decimal import Decimal
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import Connection

from gateway.custody import rulebook
from gateway.custody.database import Database
from gateway.custody.ids import Tenant
from workers.engine import knowledge as loader
from workers.engine import own_maps, packing
from workers.engine.definitions import Knowledge, State
from workers.engine.switching import Switch, in_force


class Rulebook:
    """Knowledge by hospital. The first to ask waits until it is loaded."""

    def __init__(self, database: Database, maps: Path) -> None:
        self._database, self._maps = database, maps
        self._lock = threading.Lock()
        self._number: int | None = None
        self._packs: Sequence[rulebook.Pack] = ()
        self._whole: Knowledge | None = None
        self._hospitals: dict[Tenant, Knowledge] = {}

    def of(self, tenant: Tenant) -> Knowledge:
        """What counts for this hospital. Raises ``KnowledgeRefused``."""
        with self._lock, self._database.read() as conn:
            whole = self._read(conn)
            if tenant not in self._hospitals:
                self._hospitals[tenant] = _hospital(conn, whole, tenant)
            return self._hospitals[tenant]

    def _read(self, conn: Connection) -> Knowledge:
        number = rulebook.number(conn)
        if self._whole is None or number != self._number:
            packs = rulebook.packs(conn)
            if self._whole is None or packs != self._packs:
                self._whole = _loaded(packs, self._maps)
            self._number, self._packs, self._hospitals = number, packs, {}
        return self._whole


@cache
def _shipped() -> Knowledge:
    return loader.load()


def _loaded(packs: Sequence[rulebook.Pack], maps: Path) -> Knowledge:
    if not packs:
        return own_maps.joined(_shipped(), own_maps.maps(maps))
    with TemporaryDirectory(prefix="careloom-knowledge-") as name:
        folder = Path(name)
        for one in packs:
            packing.lay_out(packing.unpacked(one.files), one.id, folder)
        return own_maps.joined(loader.load(added=folder), own_maps.maps(maps))


def _hospital(conn: Connection, whole: Knowledge, tenant: Tenant) -> Knowledge:
    switches = {one.rule: _switch(one) for one in rulebook.switches(conn, tenant)}
    recalled = frozenset((one.rule, one.version) for one in rulebook.recalls(conn))
    return in_force(whole, switches, recalled) if switches or recalled else whole


def _switch(stored: rulebook.Switch) -> Switch:
    state = State(stored.state) if stored.state else None
    return Switch(state, {name: Decimal(value) for name, value in stored.thresholds.items()})
