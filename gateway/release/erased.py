"""Who asks for what was erased: told so, and told nothing else."""

from __future__ import annotations

from gateway.auth.actor import Actor, Role
from gateway.custody import records
from gateway.custody.identity.vault import Vault
from gateway.custody.ids import StoredId, Tenant
from gateway.identities import resolve


def found(vault: Vault, actor: Actor, type_: str, id_: str) -> tuple[Tenant, StoredId] | None:
    """The tenant and the stored id of a tombstone under an id as this actor writes it; None without one.

    A partner is told of ids that it was shown itself, by a tenant whose grant still stands.
    """
    tenants = (actor.organization,) if actor.role is Role.EHR else actor.grants
    stored = _stored(vault, actor, type_, id_)
    if stored is None:
        return None
    with vault.database.glance() as at:
        for tenant in tenants:
            if records.erased(at, tenant, [(type_, stored)]):
                return tenant, stored
    return None


def _stored(vault: Vault, actor: Actor, type_: str, id_: str) -> StoredId | None:
    if actor.role is Role.EHR:
        return resolve(vault, actor.organization, type_, id_)
    return vault.outside(actor.organization).read(type_, id_)
