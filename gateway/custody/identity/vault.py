"""The gateway's whole custody: both rings, both sides of the database, and the ids of every reader.

Only the gateway's own processes can open one, for only they are given the identity key file. Workers have
``opening.Clinic`` in its place, and may not import this package at all.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from gateway.custody.appender import Appender
from gateway.custody.database import Database, Side
from gateway.custody.founding import check_whole
from gateway.custody.identity.outside import OutsideIds
from gateway.custody.identity.stored_ids import link_key, stored_id
from gateway.custody.ids import StoredId, Tenant
from gateway.custody.keyring import ClinicalKey, IdentityKey, KeyRing, clinical_ring, identity_ring
from gateway.custody.opening import derived_id
from gateway.custody.providers import clinical_roots, identity_roots
from gateway.custody.settings import Storage


@dataclass(frozen=True, slots=True, repr=False)
class TenantKeys:
    """What a tenant's search rows are made with."""

    clinical_index: bytes
    identity_index: bytes


@dataclass(frozen=True, slots=True)
class Vault:
    """Everything that the trusted side holds."""

    database: Database
    keys: Database
    appender: Appender
    clinical: KeyRing[ClinicalKey]
    identity: KeyRing[IdentityKey]
    _links: dict[Tenant, bytes] = field(default_factory=dict, repr=False)
    _outside: dict[Tenant, OutsideIds] = field(default_factory=dict, repr=False)

    def of(self, tenant: Tenant) -> TenantKeys:
        """The tenant's index keys, made at its first use."""
        return TenantKeys(self.clinical.index_key(tenant), self.identity.index_key(tenant))

    def stored_id(self, tenant: Tenant, type_: str, text: str) -> StoredId:
        """The stored id of what this tenant's EHR calls by this text."""
        key = self._links.get(tenant)
        if key is None:
            # Two threads may both come here: they find the same key in the store.
            key = self._links[tenant] = link_key(self.identity.index_key(tenant))
        return stored_id(key, type_, text)

    def derived_id(self, tenant: Tenant, patient: StoredId, kind: str, key: str) -> StoredId:
        """The stored id of what a worker derives."""
        return derived_id(self.clinical.index_key(tenant), patient, kind, key)

    def outside(self, organization: Tenant) -> OutsideIds:
        """The ids that this organization is shown."""
        ids = self._outside.get(organization)
        if ids is None:
            ids = self._outside[organization] = OutsideIds(self.identity.index_key(organization))
        return ids

    def close(self) -> None:
        """Give all connections back."""
        self.database.close()
        self.keys.close()


def open_vault(storage: Storage) -> Vault:
    """The vault of an installation that was founded; says what is wrong with one that was not."""
    check_whole(storage)
    keys = Database.open(storage.keys_url, Side.TRUSTED)
    database = Database.open(storage.database_url, Side.TRUSTED)
    return Vault(
        database=database,
        keys=keys,
        appender=Appender(database),
        clinical=clinical_ring(keys, clinical_roots(storage, keys)),
        identity=identity_ring(keys, identity_roots(storage, keys)),
    )
