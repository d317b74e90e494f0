"""What an EHR sees: all that its own tenant holds, whole, under its own ids. Of other tenants, nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from gateway.custody import records
from gateway.custody.audit import Event
from gateway.custody.identity.vault import Vault
from gateway.custody.ids import StoredId, Tenant, WriteNo, pseudonym
from gateway.custody.records import StoredVersion
from gateway.identities import Names, resolve
from gateway.release import opened
from gateway.release.faces import dress, tenant_view
from gateway.release.finding import Reader, Scope
from gateway.stored import Resource


@dataclass(frozen=True, slots=True)
class TenantView:
    """The store as one tenant sees it."""

    vault: Vault
    tenant: Tenant
    _opened: dict[WriteNo, Resource] = field(default_factory=dict, repr=False)
    """What was opened to decide a search is not opened again to be shown."""
    _names: dict[tuple[str, str], str] = field(default_factory=dict, repr=False)

    def locate(self, type_: str, id_: str, version: int | None) -> StoredVersion | None:
        stored = resolve(self.vault, self.tenant, type_, id_)
        with self.vault.database.glance() as at:
            return records.load(at, self.tenant, type_, stored, version)

    def versions(self, type_: str, id_: str) -> list[StoredVersion]:
        stored = resolve(self.vault, self.tenant, type_, id_)
        with self.vault.database.read() as conn:
            return records.history(conn, self.tenant, type_, stored)

    def current(self, refs: Sequence[tuple[str, StoredId]]) -> list[StoredVersion]:
        with self.vault.database.glance() as at:
            rows = records.load_all(at, self.tenant, refs)
        return [row for row in rows.values() if not row.deleted]

    def present(self, rows: Sequence[StoredVersion]) -> list[Resource]:
        """Bodies as the tenant knows them: what it sent, merged; what was derived, in its own ids."""
        derived = [row for row in rows if row.origin != opened.EHR]
        bodies = dict(self._wholes(rows))
        bodies |= {row.write_no: body for row, body in zip(derived, self._dressed(derived), strict=True)}
        return [bodies[row.write_no] for row in rows]

    def reader(self, allows: Callable[[str, str], bool]) -> Reader:
        """Who searches here: the source, which may ask for all that it sent."""
        scope = Scope(self.tenant, self._name, self.seen)
        return Reader((scope,), True, allows, self.present)

    def timed(self, rows: Sequence[StoredVersion]) -> list[StoredVersion]:
        """The rows as they are: nobody hides from the source when it wrote."""
        return list(rows)

    def decisions(self, _now: int) -> Mapping[Tenant, Sequence[Event]]:
        """None: Consents do not keep its own data from the source."""
        return {}

    def seen(self, rows: Sequence[StoredVersion]) -> Mapping[WriteNo, Resource]:
        """What questions are decided on: the resource as it was sent, or as it was derived, in pseudonyms."""
        derived = [row for row in rows if row.origin != opened.EHR]
        halves = opened.clinical_halves(self.vault, self.tenant, derived) if derived else []
        names = Names(self._name)
        sent = {number: names.in_pseudonyms(body) for number, body in self._wholes(rows).items()}
        return sent | {row.write_no: half or {} for row, half in zip(derived, halves, strict=True)}

    def _wholes(self, rows: Sequence[StoredVersion]) -> Mapping[WriteNo, Resource]:
        """The resources as they were sent; what was derived is not among them."""
        sent = [row for row in rows if row.origin == opened.EHR]
        new = [row for row in sent if row.write_no not in self._opened]
        bodies = opened.originals(self.vault, self.tenant, new) if new else []
        self._opened.update({row.write_no: body for row, body in zip(new, bodies, strict=True)})
        return {row.write_no: self._opened[row.write_no] for row in sent}

    def _dressed(self, rows: Sequence[StoredVersion]) -> list[Resource]:
        if not rows:
            return []
        halves = [half for half in opened.clinical_halves(self.vault, self.tenant, rows) if half is not None]
        show = tenant_view(self.vault, self.tenant, halves)
        return [dress(half, show) for half in halves]

    def _name(self, type_: str, text: str) -> str:
        known = self._names.get((type_, text))
        if known is None:
            known = self._names[type_, text] = pseudonym(resolve(self.vault, self.tenant, type_, text))
        return known
