"""The filters of a token's scopes, held against rows that come without a search: reads, histories, a patient.

What does not pass is answered as if it had never been there. Where a filter stands, so is what can no longer
be opened: nobody can tell any more whether it passed. A deletion has nothing that a filter could be tried on;
it is told in a history where the version before it passed, and is no more than a 404 where it is read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.auth.scopes import Scopes
from gateway.custody import records
from gateway.custody.identity.vault import Vault
from gateway.custody.records import StoredVersion
from gateway.release import opened
from gateway.release.bounds import Bounds, Seen


@dataclass(frozen=True, slots=True)
class Sieve:
    """The filters of some scopes for one right, over a view that gives bodies as ``seen``."""

    vault: Vault
    scopes: Scopes
    letter: str
    seen: Seen

    def stands_before(self, type_: str) -> bool:
        """Whether a type is open in part only."""
        return bool(self.scopes.filters(type_, self.letter))

    def passing(self, rows: Sequence[StoredVersion]) -> list[StoredVersion]:
        """Those rows that may be shown."""
        filtered = [row for row in rows if self.stands_before(row.type)]
        if not filtered:
            return list(rows)
        kept = self._kept(filtered)
        return [row for row in rows if row.write_no in kept or not self.stands_before(row.type)]

    def told(self, rows: Sequence[StoredVersion]) -> list[StoredVersion]:
        """Those rows that a history tells: what passes, and the deletion of what passed until then."""
        ended = [row for row in rows if row.deleted and self.stands_before(row.type)]
        kept = {row.write_no for row in self.passing(rows)}
        kept |= {row.write_no for row in ended if self._kept(self._before(row))}
        return [row for row in rows if row.write_no in kept]

    def _kept(self, rows: Sequence[StoredVersion]) -> set[int]:
        living = [row for row in rows if not row.deleted]
        known = [
            row
            for tenant in sorted({row.tenant for row in living})
            for row in opened.readable(self.vault, tenant, [row for row in living if row.tenant == tenant])
        ]
        return {row.write_no for row in Bounds(self.scopes).within(known, self.letter, self.seen)}

    def _before(self, row: StoredVersion) -> list[StoredVersion]:
        with self.vault.database.read() as conn:
            found = records.load(conn, row.tenant, row.type, row.id, row.version - 1)
        return [] if found is None else [found]
