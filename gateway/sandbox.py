"""Use case: the sandbox, a tenant of its own to try things in without touching anybody (docs/sandbox.md).

Open it, and patients who never lived are taken in as an EHR would send them. Close it, and its clients end,
its keys are destroyed and its rows deleted; the trail stays. What a close that was killed has left, or a
request that was on its way, ``finish`` removes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from gateway.auth.actor import CEILING, Actor, Role
from gateway.custody import audit, purging, sandboxes
from gateway.custody.errors import CustodyError
from gateway.custody.identity.vault import Vault
from gateway.custody.ids import SYSTEM, Tenant
from gateway.custody.operator import COMMAND_LINE, By
from gateway.custody.tables import organization
from gateway.intake import Intake
from gateway.stored import Clock, Entropy, Resource
from gateway.trace import SUCCESS
from mappers import lossless

BY = "careloom-sandbox"
TEST_DATA = {
    "system": "http://terminology.hl7.org/CodeSystem/v3-ActReason",
    "code": "HTEST",
    "display": "test health data",
}
"""What the sandbox's own patients bear in ``meta.security``, in the bundle in which they come."""
BATCH = 200
_ID_BYTES = 8


class SandboxRefused(CustodyError):  # noqa: N818 - it reads as what happened
    """The sandbox is not as it would have to be; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Closed:
    """What went: counts and nothing else."""

    clients: int
    keys: int
    resources: int
    versions: int


@dataclass(frozen=True, slots=True)
class Sandbox:
    """Opens and closes the sandbox; ``by`` names the tool in the trail."""

    vault: Vault
    intake: Intake
    clock: Clock
    entropy: Entropy
    by: By = COMMAND_LINE

    def open(self) -> Tenant:
        """Make the sandbox. Raises ``SandboxRefused`` where one is open."""
        now = self.clock()
        with self.vault.database.write() as conn:
            if sandboxes.found(conn) is not None:
                raise SandboxRefused("A sandbox is open already; `careloom sandbox close` removes it.")
            number = Tenant((conn.execute(select(func.max(organization.c.number))).scalar() or 0) + 1)
            sandboxes.make(conn, number, now)
            self._tell(conn, number, "sandbox:open", "C", now)
        return number

    def admit(self, tenant: Tenant, bundles: Iterable[Resource]) -> int:
        """Take in transactions as its EHR would send them, each marked as test data; how many."""
        return sum(self._admitted(tenant, bundle) for bundle in bundles)

    def close(self) -> Closed:
        """Remove the sandbox. Raises ``SandboxRefused`` where none is open."""
        now = self.clock()
        with self.vault.database.write() as conn:
            tenant = sandboxes.found(conn)
            if tenant is None:
                raise SandboxRefused("No sandbox is open; `careloom sandbox open` makes one.")
            purging.hold_writers(conn, tenant)
            ended = sandboxes.close(conn, tenant, now)
            self._tell(conn, tenant, "sandbox:close", "D", now)
        return remove(self.vault, tenant, len(ended))

    def _admitted(self, tenant: Tenant, bundle: Resource) -> bool:
        # As it would come over the wire: numbers as they were written.
        sent = lossless.loads(lossless.dumps(marked(bundle)))
        assert isinstance(sent, dict)
        self.intake.transaction(self._ehr(tenant), sent)
        return True

    def _ehr(self, tenant: Tenant) -> Actor:
        request_id = self.entropy(_ID_BYTES).hex()
        return Actor(BY, Role.EHR, tenant, CEILING[Role.EHR], "", request_id)

    def _tell(self, conn: Connection, tenant: Tenant, kind: str, action: str, now: int) -> None:
        event = audit.Event(
            time=now,
            kind=kind,
            action=action,
            outcome=SUCCESS,
            status=200,
            organization=tenant,
            user=self.by.user,
            detail=str(self.by),
        )
        for log in (SYSTEM, tenant):
            audit.append(conn, log, [event])


def finish(vault: Vault) -> int:
    """Remove what is left of sandboxes that were closed; how many keys and versions that was."""
    with vault.database.read() as conn:
        tenants = sandboxes.closed(conn)
    left = [remove(vault, tenant) for tenant in tenants]
    return sum(one.keys + one.versions for one in left)


def remove(vault: Vault, tenant: Tenant, clients: int = 0) -> Closed:
    """What a closed sandbox holds. Keys first: what is left anywhere, in backups too, opens no more."""
    keys = vault.identity.destroy_all(tenant) + vault.clinical.destroy_all(tenant)
    resources = versions = 0
    while True:
        with vault.database.write() as conn:
            purging.hold_writers(conn, tenant)
            gone = sandboxes.purge(conn, tenant, BATCH)
        if not gone.resources and not gone.versions:
            break
        resources, versions = resources + gone.resources, versions + gone.versions
    if versions:
        vault.database.empty_log()
    return Closed(clients, keys, resources, versions)


def marked(bundle: Resource) -> Resource:
    """The bundle, each of its resources labelled as test data."""
    return {**bundle, "entry": [_labelled(entry) for entry in bundle["entry"]]}


def _labelled(entry: Resource) -> Resource:
    resource = entry["resource"]
    meta = resource.get("meta", {})
    security = [*meta.get("security", ()), TEST_DATA]
    return {**entry, "resource": {**resource, "meta": {**meta, "security": security}}}
