"""The rules that count for one hospital now: the workers' own, read again when anything was decided of them.

What ships, the hospital's own ConceptMaps, packs that were added, each hospital's switches, every recall.
"""

from __future__ import annotations

import threading
from pathlib import Path

from sqlalchemy import Connection

from gateway.custody import rulebook
from gateway.custody.database import Database
from gateway.custody.ids import Tenant
from gateway.rulebook import shelf
from gateway.rulebook.shelf import Shelf
from workers.engine import own_maps
from workers.engine.definitions import Knowledge


class Rulebook:
    """Knowledge by hospital. The first to ask waits until it is loaded."""

    def __init__(self, database: Database, maps: Path) -> None:
        self._database, self._maps = database, maps
        self._lock = threading.Lock()
        self._number = -1
        self._shelf: Shelf | None = None
        self._hospitals: dict[Tenant, Knowledge] = {}

    def of(self, tenant: Tenant) -> Knowledge:
        """What counts for this hospital. Raises ``KnowledgeRefused``."""
        with self._lock, self._database.read() as conn:
            known = self._read(conn)
            if tenant not in self._hospitals:
                whole = shelf.for_hospital(conn, known, tenant)
                self._hospitals[tenant] = own_maps.joined(whole, own_maps.maps(self._maps))
            return self._hospitals[tenant]

    def _read(self, conn: Connection) -> Shelf:
        number = rulebook.number(conn)
        if self._shelf is None or number != self._number:
            self._shelf, self._number, self._hospitals = shelf.opened(conn), number, {}
        return self._shelf
