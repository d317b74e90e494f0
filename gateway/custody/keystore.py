"""The wrapped data keys as they lie in their own store: found, added, rewrapped, destroyed.

One table per side. Nothing here knows a key in the clear. Deleting rows is what erases somebody, so the
write-ahead log of an embedded store is emptied right after: a deleted key must not wait in it for the next
checkpoint.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass
from functools import lru_cache

from sqlalchemy import Row, Table, and_, bindparam, delete, func, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite

from gateway.custody.database import Database
from gateway.custody.ids import StoredId, Tenant
from gateway.custody.prepared import Prepared, listed, one_of
from gateway.custody.roots import Wrapped

_NAME = ("tenant", "subject", "purpose", "generation")


@dataclass(frozen=True, slots=True)
class KeyName:
    """Which data key: also what its wrapping is bound to, so that a moved row does not unwrap."""

    tenant: Tenant
    subject: StoredId
    purpose: str
    generation: int

    def context(self) -> bytes:
        """These four as bytes that can be read in one way only."""
        numbers = self.tenant.to_bytes(8, "big") + self.generation.to_bytes(4, "big")
        return b"careloom/1/key" + numbers + self.subject + self.purpose.encode()


class KeyStore:
    """One side's table of wrapped keys."""

    def __init__(self, database: Database, table: Table) -> None:
        self._database, self._table = database, table

    def find(
        self, tenant: Tenant, subjects: Iterable[StoredId], purpose: str
    ) -> dict[StoredId, dict[int, Wrapped]]:
        """The wrapped keys of these subjects by generation; who has none is absent."""
        found: dict[StoredId, dict[int, Wrapped]] = {}
        with self._database.glance() as at:
            for count, values in listed("subject", list(subjects)):
                rows = _wrapped(self._table, count).rows(at, tenant=tenant, purpose=purpose, **values)
                for subject, generation, version, blob in rows:
                    found.setdefault(subject, {})[generation] = Wrapped(version, blob)
        return found

    def add(self, wrapped: Mapping[KeyName, Wrapped], now: int) -> None:
        """Keep these keys, committed on return; where one of that name exists already, that one stays."""
        rows = [
            {
                "tenant": name.tenant,
                "subject": name.subject,
                "purpose": name.purpose,
                "generation": name.generation,
                "root_version": key.version,
                "wrapped": key.blob,
                "created": now,
            }
            for name, key in wrapped.items()
        ]
        with self._database.write() as conn:
            dialect = postgresql if conn.dialect.name == "postgresql" else sqlite
            conn.execute(dialect.insert(self._table).on_conflict_do_nothing(), rows)

    def under_other_roots(
        self, current: int, limit: int, after: KeyName | None = None
    ) -> list[tuple[KeyName, Wrapped]]:
        """Some keys that hang on another version of the root than the current one, in the order of names."""
        name = [self._table.c[column] for column in _NAME]
        query = select(self._table).where(self._table.c.root_version != current).order_by(*name).limit(limit)
        if after is not None:
            # So that no batch looks again at what the batches before have done.
            query = query.where(tuple_(*name) > tuple_(*astuple(after)))
        with self._database.read() as conn:
            return [(_name(row), Wrapped(row.root_version, row.wrapped)) for row in conn.execute(query)]

    def rewrap(self, renewed: Sequence[tuple[KeyName, Wrapped, Wrapped]]) -> None:
        """Put each new wrapping in place of the old one, unless the row has changed or gone meanwhile."""
        if not renewed:
            return
        keys = self._table.c
        this = and_(*(keys[column] == bindparam(f"the_{column}") for column in _NAME))
        swap = update(self._table).where(this, keys.wrapped == bindparam("old"))
        rows = [
            {
                "the_tenant": name.tenant,
                "the_subject": name.subject,
                "the_purpose": name.purpose,
                "the_generation": name.generation,
                "old": old.blob,
                "root_version": new.version,
                "wrapped": new.blob,
            }
            for name, old, new in renewed
        ]
        with self._database.write() as conn:
            conn.execute(swap, rows)

    def destroy(self, tenant: Tenant, subject: StoredId) -> int:
        """Delete all keys of a subject, beyond recovery from this store; says how many there were."""
        keys = self._table.c
        with self._database.write() as conn:
            gone = conn.execute(delete(self._table).where(keys.tenant == tenant, keys.subject == subject))
        self._database.empty_log()
        return gone.rowcount

    def destroy_all(self, tenant: Tenant) -> int:
        """Delete all keys of a tenant, beyond recovery from this store; says how many there were."""
        with self._database.write() as conn:
            gone = conn.execute(delete(self._table).where(self._table.c.tenant == tenant))
        if gone.rowcount:
            self._database.empty_log()
        return gone.rowcount

    def by_root(self) -> dict[int, int]:
        """How many data keys hang on each version of the root."""
        version = self._table.c.root_version
        with self._database.read() as conn:
            return {row[0]: row[1] for row in conn.execute(select(version, func.count()).group_by(version))}


@lru_cache(maxsize=32)
def _wrapped(table: Table, count: int) -> Prepared:
    keys = table.c
    mine = and_(keys.tenant == bindparam("tenant"), keys.purpose == bindparam("purpose"))
    wanted = select(keys.subject, keys.generation, keys.root_version, keys.wrapped)
    return Prepared(wanted.where(mine, one_of(keys.subject, "subject", count)))


def _name(row: Row[tuple[object, ...]]) -> KeyName:
    return KeyName(row.tenant, row.subject, row.purpose, row.generation)
