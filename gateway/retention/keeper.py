"""Who says what is kept: rules and holds, each change one transaction with its event."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.custody import audit, holds, keeping
from gateway.custody.identity.vault import Vault
from gateway.custody.ids import StoredId, Tenant
from gateway.custody.keeping import Rule
from gateway.custody.operator import COMMAND_LINE, By
from gateway.identities import resolve
from gateway.retention.events import Told, changed
from gateway.stored import Clock


@dataclass(frozen=True, slots=True)
class Keeper:
    """Sets and removes rules, places and ends holds; ``by`` names the tool in the trail."""

    vault: Vault
    clock: Clock
    by: By = COMMAND_LINE

    def keep(self, tenant: Tenant, rule: Rule) -> None:
        """Keep a type so long from now on."""
        now = self.clock()
        with self.vault.database.write() as conn:
            keeping.put(conn, tenant, rule, now)
            audit.append(conn, tenant, [changed(tenant, Told("set", "U", str(rule)), self.by, now)])

    def remove(self, tenant: Tenant, type_: str) -> bool:
        """Keep a type for ever again; False when it had no rule."""
        now = self.clock()
        with self.vault.database.write() as conn:
            removed = keeping.remove(conn, tenant, type_)
            if removed:
                audit.append(conn, tenant, [changed(tenant, Told("remove", "D", type_), self.by, now)])
        return removed

    def hold(self, tenant: Tenant, patient: str | None, reason: str) -> int:
        """Keep a patient (by the hospital's id) or everybody; answers how many resources are there."""
        now, whom = self.clock(), self._whom(tenant, patient)
        with self.vault.database.write() as conn:
            if holds.place(conn, tenant, whom, reason, now):
                audit.append(conn, tenant, [changed(tenant, Told("hold", "C", reason, whom), self.by, now)])
            return holds.covered(conn, tenant, whom)

    def release(self, tenant: Tenant, patient: str | None, reason: str) -> bool:
        """End a hold; False when none of this reason stands."""
        now, whom = self.clock(), self._whom(tenant, patient)
        with self.vault.database.write() as conn:
            ended = holds.release(conn, tenant, whom, reason, now)
            if ended:
                audit.append(
                    conn, tenant, [changed(tenant, Told("release", "D", reason, whom), self.by, now)]
                )
        return ended

    def _whom(self, tenant: Tenant, patient: str | None) -> StoredId:
        return holds.WHOLE_TENANT if patient is None else resolve(self.vault, tenant, "Patient", patient)
