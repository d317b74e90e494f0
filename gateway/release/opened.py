"""From sealed rows to resources. A key that is gone, or a cell that does not open, ends the request.

Two openings, never mixed: the clinical half alone, for whoever may not know who it is about; and the whole,
for the tenant that sent it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

from gateway.custody.cipher import Place, unseal
from gateway.custody.errors import KeyGone
from gateway.custody.identity import halves
from gateway.custody.identity.vault import Vault
from gateway.custody.ids import StoredId, Tenant
from gateway.custody.keyring import ClinicalKey, DataKey, IdentityKey
from gateway.custody.records import CLINICAL_COLUMN, StoredVersion
from gateway.privacy.merge import merge
from gateway.stored import Resource
from mappers import lossless

EHR = "ehr"
K = TypeVar("K", bound=DataKey)


def clinical_halves(vault: Vault, tenant: Tenant, rows: Sequence[StoredVersion]) -> list[Resource | None]:
    """The clinical half of each row; None where the policy let nothing through."""
    keys = vault.clinical.fetch(tenant, _subjects(rows))
    return [_clinical(row, keys) for row in rows]


def readable(vault: Vault, tenant: Tenant, rows: Sequence[StoredVersion]) -> list[StoredVersion]:
    """Those rows whose keys exist: who was erased is not found, and keeps nobody else from being found."""
    keys = vault.clinical.fetch(tenant, _subjects(rows)).keys()
    return [row for row in rows if row.compartment in keys]


def originals(vault: Vault, tenant: Tenant, rows: Sequence[StoredVersion]) -> list[Resource]:
    """What the tenant sent, to the byte of every value. Only for rows whose origin is the EHR."""
    keys = vault.identity.fetch(tenant, _subjects(rows))
    with vault.database.read() as conn:
        sealed = halves.get(conn, [row.write_no for row in rows])
    return [
        merge(half, _withheld(row, sealed[row.write_no], keys))
        for row, half in zip(rows, clinical_halves(vault, tenant, rows), strict=True)
    ]


def _subjects(rows: Iterable[StoredVersion]) -> set[StoredId]:
    return {row.compartment for row in rows}


def _clinical(row: StoredVersion, keys: Mapping[StoredId, ClinicalKey]) -> Resource | None:
    if row.clinical is None:
        return None
    where = Place(row.tenant, row.compartment, row.type, row.id, row.version, CLINICAL_COLUMN)
    body: Resource = lossless.loads(unseal(_key(row, keys), where, row.clinical))
    return body


def _withheld(row: StoredVersion, sealed: bytes, keys: Mapping[StoredId, IdentityKey]) -> Resource:
    body: Resource = lossless.loads(halves.open_withheld(_key(row, keys), row, sealed))
    return body


def _key(row: StoredVersion, keys: Mapping[StoredId, K]) -> K:
    key = keys.get(row.compartment)
    if key is None:
        raise KeyGone
    return key
