"""Use case: who is let in and by whom. Each change and its audit event are one transaction.

The events stand in the log of the organization concerned, and in the system log where there is none.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass

import msgspec
from sqlalchemy import Connection

from gateway.auth import registry
from gateway.auth.actor import Role
from gateway.auth.registry import Client, Draft, Grant, Terms
from gateway.custody import audit, sandboxes
from gateway.custody.database import Database
from gateway.custody.ids import SYSTEM, Tenant
from gateway.custody.operator import COMMAND_LINE, By
from gateway.custody.sandboxes import Side
from gateway.stored import Clock, Entropy
from gateway.trace import SUCCESS
from mappers.consent import Default

_ID_BYTES = 15


@dataclass(frozen=True, slots=True)
class Registration:
    """What an administrator does; ``by`` names the tool in the trail."""

    database: Database
    clock: Clock
    entropy: Entropy
    by: By = COMMAND_LINE

    def add_client(self, draft: Draft, organization: str) -> Client:
        """Register a client; an organization that does not exist yet is made."""
        return self._added(draft, lambda conn, now: registry.of_side(conn, organization, now, Side.REAL))

    def add_to_sandbox(self, draft: Draft, organization: str) -> Client:
        """Register a client that knows the sandbox alone. A partner has an organization of its own there, and
        the sandbox's grant; everybody else belongs to the sandbox."""
        if draft.role is not Role.PARTNER:
            return self._added(draft, lambda conn, now: registry.sandbox(conn))
        made = self._added(draft, lambda conn, now: registry.of_side(conn, organization, now, Side.TRYING))
        self.add_grant(made.client_id, sandboxes.NAME)
        return made

    def _added(self, draft: Draft, owner_of: Callable[[Connection, int], Tenant]) -> Client:
        client_id, now = self._new_id(), self.clock()
        with self.database.write() as conn:
            owner = owner_of(conn, now)
            registry.add_client(conn, client_id, owner, draft, now)
            log = SYSTEM if draft.role is Role.PARTNER else owner
            audit.append(conn, log, [self._event("client:add", "C", client_id, owner, now)])
            found = registry.find_client(conn, client_id)
        assert found is not None
        return found

    def revoke_client(self, client_id: str) -> Client:
        """End a client and its tokens at once. Ending it twice changes nothing."""
        now = self.clock()
        with self.database.write() as conn:
            found = registry.revoke_client(conn, client_id, now)
            owner = found.organization
            for log in _logs(found, registry.granted(conn, client_id)):
                audit.append(conn, log, [self._event("client:revoke", "D", client_id, owner, now)])
        return found

    def add_grant(
        self,
        client_id: str,
        organization: str,
        profile: str | None = None,
        consent: Default = Default.OPT_OUT,
    ) -> Tenant:
        """Let a partner read an organization's pseudonymous plans; without a profile, the installation's."""
        now, terms = self.clock(), Terms(profile, consent)
        with self.database.write() as conn:
            tenant = registry.add_grant(conn, client_id, organization, now, terms)
            event = self._event("grant:add", "C", client_id, tenant, now)
            told = msgspec.structs.replace(event, detail=f"{self.by}; consent={consent.value}")
            audit.append(conn, tenant, [told])
        return tenant

    def revoke_grant(self, client_id: str, organization: str) -> Tenant:
        """End a grant."""
        now = self.clock()
        with self.database.write() as conn:
            tenant = registry.revoke_grant(conn, client_id, organization, now)
            audit.append(conn, tenant, [self._event("grant:revoke", "D", client_id, tenant, now)])
        return tenant

    def clients(self) -> tuple[list[Client], dict[Tenant, str]]:
        """All clients, and the names of their organizations."""
        with self.database.read() as conn:
            return registry.clients(conn), registry.organization_names(conn)

    def grants(self) -> list[Grant]:
        with self.database.read() as conn:
            return registry.grants(conn)

    def _new_id(self) -> str:
        return base64.b32encode(self.entropy(_ID_BYTES)).decode().lower()

    def _event(self, kind: str, action: str, client_id: str, organization: Tenant, now: int) -> audit.Event:
        return audit.Event(
            time=now,
            kind=kind,
            action=action,
            outcome=SUCCESS,
            status=200,
            client_id=client_id,
            organization=organization,
            user=self.by.user,
            detail=str(self.by),
        )


def _logs(client: Client, granted: tuple[Tenant, ...]) -> tuple[Tenant, ...]:
    if client.role is Role.PARTNER:
        return granted or (SYSTEM,)
    return (client.organization,)
