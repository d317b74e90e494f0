"""The workers' custody: the clinical ring, and a database that shows them nothing of who anybody is.

A worker's process is given the clinical key file and no other; nothing here asks for the rest.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass

from gateway.custody.database import Database, Side
from gateway.custody.ids import STORED_ID_BYTES, StoredId, Tenant
from gateway.custody.keyring import ClinicalKey, KeyRing, clinical_ring, derive
from gateway.custody.providers import clinical_roots
from gateway.custody.settings import Storage


@dataclass(frozen=True, slots=True)
class Clinic:
    """Everything that the workers' side holds."""

    database: Database
    keys: Database
    clinical: KeyRing[ClinicalKey]

    def derived_id(self, tenant: Tenant, patient: StoredId, kind: str, key: str) -> StoredId:
        """The stored id of what is derived: the same again for the same patient, kind and key."""
        return derived_id(self.clinical.index_key(tenant), patient, kind, key)

    def close(self) -> None:
        """Give all connections back."""
        self.database.close()
        self.keys.close()


def derived_id(index_key: bytes, patient: StoredId, kind: str, name: str) -> StoredId:
    """The stored id of what is derived for a patient under this kind and name."""
    told = patient + f"\0{kind}\0{name}".encode()
    return StoredId(hmac.digest(derive(index_key, "derived-id"), told, "sha256")[:STORED_ID_BYTES])


def open_clinic(storage: Storage) -> Clinic:
    """The workers' side of an installation. Opened after a fork: connections do not survive one."""
    own = storage.worker_database_url
    keys = Database.open(storage.keys_url, Side.WORKER)
    return Clinic(
        database=Database.open(own or storage.database_url, Side.WORKER, own_login=own is not None),
        keys=keys,
        clinical=clinical_ring(keys, clinical_roots(storage, keys)),
    )
