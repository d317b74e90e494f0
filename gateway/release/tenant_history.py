"""What an EHR's history tells: every version of its own tenant, whole; deletions and erasures as ends."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from gateway.custody.ids import Tenant
from gateway.custody.records import StoredVersion
from gateway.release import opened
from gateway.release.faces import Show, own_view
from gateway.release.marks import Entry, Mark, Window, erasures, ordered, rows_of, versions
from gateway.release.sieve import Sieve
from gateway.release.tenants import TenantView
from gateway.stored import Resource, Stored
from gateway.trace import patient_of


@dataclass(frozen=True, slots=True)
class TenantHistory:
    """The history of one tenant as its EHR sees it."""

    view: TenantView
    window: Window
    sieve: Sieve

    def sources(self, types: Sequence[tuple[Tenant, str]]) -> list[Iterator[Mark]]:
        """Where the marks of these types come from."""
        database = self.view.vault.database
        found = [versions(database, *one, self.window) for one in types]
        if self.window.current is None:
            whole = [one for one in types if not self.sieve.stands_before(one[1])]
            found += [ordered(erasures(database, *one, self.window)) for one in whole]
        return found

    def told(self, marks: Sequence[Mark]) -> list[Entry]:
        """What these marks mean; a version of somebody erased, or that no filter passes, means nothing."""
        found = rows_of(self.view.vault.database, marks).values()
        rows = {int(row.write_no): row for row in self.sieve.told(list(found))}
        bodies = self._bodies(row for row in rows.values() if not row.deleted)
        gone = {(row.type, row.id) for row in rows.values() if row.deleted}
        gone |= {(mark.type, mark.id) for mark in marks if mark.id is not None}
        show = own_view(self.view.vault, self.view.tenant, gone)
        told = (_entry(mark, rows.get(mark.number), bodies, show) for mark in marks)
        return [entry for entry in told if entry is not None]

    def _bodies(self, rows: Iterable[StoredVersion]) -> Mapping[int, Resource]:
        readable = opened.readable(self.view.vault, self.view.tenant, list(rows))
        return {row.write_no: body for row, body in zip(readable, self.view.present(readable), strict=True)}


def _entry(mark: Mark, row: StoredVersion | None, bodies: Mapping[int, Resource], show: Show) -> Entry | None:
    if mark.id is not None:
        return Entry(mark, Stored(mark.type, show(mark.type, mark.id), 0, mark.time, None), mark.patient)
    if row is None:
        return None
    body = bodies.get(row.write_no)
    if body is None and not row.deleted:
        return None
    id_ = show(row.type, row.id) if body is None else str(body["id"])
    return Entry(mark, Stored(row.type, id_, row.version, row.written, body), patient_of(row))
