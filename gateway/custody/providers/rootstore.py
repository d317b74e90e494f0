"""Root keys as a key service sealed them, in the key store: every machine finds the newest version there."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Table, func, select
from sqlalchemy.dialects import postgresql, sqlite

from gateway.custody.database import Database


@dataclass(frozen=True, slots=True)
class SealedRoot:
    """One version: which key of the service sealed it (its own name for it), the bytes, when."""

    version: int
    sealed_by: str
    sealed: bytes
    created: int


class RootStore:
    """One side's table of sealed roots."""

    def __init__(self, database: Database, table: Table) -> None:
        self._database, self._table = database, table

    def newest(self) -> int | None:
        """The version that wraps; None where there is none yet."""
        with self._database.read() as conn:
            version: int | None = conn.scalar(select(func.max(self._table.c.version)))
        return version

    def find(self, version: int) -> SealedRoot | None:
        """This version, if it is there."""
        with self._database.read() as conn:
            row = conn.execute(select(self._table).where(self._table.c.version == version)).one_or_none()
        return None if row is None else SealedRoot(*row)

    def all(self) -> list[SealedRoot]:
        """Every version, oldest first."""
        with self._database.read() as conn:
            return [SealedRoot(*row) for row in conn.execute(select(self._table).order_by("version"))]

    def add(self, root: SealedRoot) -> bool:
        """Keep this version, unless another process was first; says whether it was kept."""
        values = dict(zip(self._table.columns.keys(), _row(root), strict=True))
        with self._database.write() as conn:
            dialect = postgresql if conn.dialect.name == "postgresql" else sqlite
            new = dialect.insert(self._table).values(values).on_conflict_do_nothing()
            return conn.scalar(new.returning(self._table.c.version)) is not None


def _row(root: SealedRoot) -> tuple[int, str, bytes, int]:
    return root.version, root.sealed_by, root.sealed, root.created
