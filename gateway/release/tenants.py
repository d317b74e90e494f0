"""What an EHR sees: all that its own tenant holds, whole, under its own ids. Of other tenants, nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gateway.custody import records
from gateway.custody.audit import Event
from gateway.custody.identity.vault import Vault
from gateway.custody.ids import StoredId, Tenant, WriteNo, pseudonym
from gateway.custody.records import StoredVersion
from gateway.identities import resolve
from gateway.release import opened
from gateway.release.asking import Parameters
from gateway.release.faces import dress, tenant_view
from gateway.release.finding import Finder, Found, Scope
from gateway.stored import Position, Resource


@dataclass(frozen=True, slots=True)
class TenantView:
    """The store as one tenant sees it."""

    vault: Vault
    tenant: Tenant

    def locate(self, type_: str, id_: str, version: int | None) -> StoredVersion | None:
        stored = resolve(self.vault, self.tenant, type_, id_)
        with self.vault.database.read() as conn:
            return records.load(conn, self.tenant, type_, stored, version)

    def versions(self, type_: str, id_: str) -> list[StoredVersion]:
        stored = resolve(self.vault, self.tenant, type_, id_)
        with self.vault.database.read() as conn:
            return records.history(conn, self.tenant, type_, stored)

    def current(self, refs: Sequence[tuple[str, StoredId]]) -> list[StoredVersion]:
        with self.vault.database.read() as conn:
            rows = records.load_all(conn, self.tenant, refs)
        return [row for row in rows.values() if not row.deleted]

    def present(self, rows: Sequence[StoredVersion]) -> list[Resource]:
        """Bodies as the tenant knows them: what it sent, merged; what was derived, in its own ids."""
        derived = [row for row in rows if row.origin != opened.EHR]
        bodies = dict(self._wholes(rows))
        bodies |= {row.write_no: body for row, body in zip(derived, self._dressed(derived), strict=True)}
        return [bodies[row.write_no] for row in rows]

    def search(self, type_: str, parameters: Parameters, position: Position | None, count: int) -> Found:
        finder = Finder(self.vault, type_, parameters, self._wholes)
        return finder.page([Scope(self.tenant, self._name)], position, count)

    def decisions(self, _now: int) -> Mapping[Tenant, Sequence[Event]]:
        """None: Consents do not keep its own data from the source."""
        return {}

    def _whole(self, rows: Sequence[StoredVersion]) -> list[Resource]:
        return opened.originals(self.vault, self.tenant, rows) if rows else []

    def _wholes(self, rows: Sequence[StoredVersion]) -> Mapping[WriteNo, Resource]:
        """What identifying parameters are checked against; nothing of the kind is ever derived."""
        sent = [row for row in rows if row.origin == opened.EHR]
        return {row.write_no: body for row, body in zip(sent, self._whole(sent), strict=True)}

    def _dressed(self, rows: Sequence[StoredVersion]) -> list[Resource]:
        if not rows:
            return []
        halves = [half for half in opened.clinical_halves(self.vault, self.tenant, rows) if half is not None]
        show = tenant_view(self.vault, self.tenant, halves)
        return [dress(half, show) for half in halves]

    def _name(self, type_: str, text: str) -> str | None:
        return pseudonym(resolve(self.vault, self.tenant, type_, text))
