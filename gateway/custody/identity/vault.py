"""The gateway's whole custody: both rings, both sides of the database, and the ids of every reader.

Only the gateway's own processes can open one, for only they are given the identity key file. Workers have
``opening.Clinic`` in its place, and may not import this package at all.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from gateway.custody.database import Database, Side
from gateway.custody.founding import check_whole
from gateway.custody.identity.outside import OutsideIds
from gateway.custody.identity.stored_ids import link_key, stored_id
from gateway.custody.ids import StoredId, Tenant
from gateway.custody.keyring import ClinicalKey, IdentityKey, KeyRing, clinical_ring, derive, identity_ring
from gateway.custody.opening import derive_key
from gateway.custody.opening import derived_id as derived
from gateway.custody.roots import KeyFile
from gateway.custody.settings import Storage


@dataclass(frozen=True, slots=True)
class TenantKeys:
    """What a tenant's (or partner organization's) ids and search rows are made with."""

    clinical_index: bytes
    identity_index: bytes
    link: bytes
    derive: bytes
    outside: OutsideIds


@dataclass(frozen=True, slots=True)
class Vault:
    """Everything that the trusted side holds."""

    database: Database
    keys: Database
    clinical: KeyRing[ClinicalKey]
    identity: KeyRing[IdentityKey]
    _tenants: dict[Tenant, TenantKeys] = field(default_factory=dict, repr=False)

    def of(self, tenant: Tenant) -> TenantKeys:
        """The index keys of an organization, made at its first use."""
        known = self._tenants.get(tenant)
        if known is None:
            # Two threads may both come here: they find the same keys in the store.
            known = self._tenants[tenant] = self._derive(tenant)
        return known

    def stored_id(self, tenant: Tenant, type_: str, text: str) -> StoredId:
        """The stored id of what this tenant's EHR calls by this text."""
        return stored_id(self.of(tenant).link, type_, text)

    def derived_id(self, tenant: Tenant, patient: StoredId, kind: str, key: str) -> StoredId:
        """The stored id of what a worker derives."""
        return derived(self.of(tenant).derive, patient, kind, key)

    def outside(self, organization: Tenant) -> OutsideIds:
        """The ids that this organization is shown."""
        return self.of(organization).outside

    def close(self) -> None:
        """Give all connections back."""
        self.database.close()
        self.keys.close()

    def _derive(self, tenant: Tenant) -> TenantKeys:
        clinical, identity = self.clinical.index_key(tenant), self.identity.index_key(tenant)
        return TenantKeys(
            clinical_index=derive(clinical, "search"),
            identity_index=derive(identity, "search"),
            link=link_key(identity),
            derive=derive_key(clinical),
            outside=OutsideIds(identity),
        )


def open_vault(storage: Storage) -> Vault:
    """The vault of an installation that was founded; says what is wrong with one that was not."""
    check_whole(storage)
    keys = Database.open(storage.keys_url, Side.TRUSTED)
    return Vault(
        database=Database.open(storage.database_url, Side.TRUSTED),
        keys=keys,
        clinical=clinical_ring(keys, KeyFile(storage.key_paths.clinical)),
        identity=identity_ring(keys, KeyFile(storage.key_paths.identity)),
    )
