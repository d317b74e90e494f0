"""From sealed rows to resources. A key that is gone, or a cell that does not open, ends the request.

Two openings, never mixed: the clinical half alone, for whoever may not know who it is about; and the whole,
for the tenant that sent it. Where a cell does not open, each row is tried alone: the trail names it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from gateway.custody import records
from gateway.custody.cipher import Place, unseal
from gateway.custody.errors import KeyGone, Tampered, Unopened
from gateway.custody.identity import halves
from gateway.custody.identity.vault import Vault
from gateway.custody.ids import TENANT_COMPARTMENT, StoredId, Tenant, WriteNo
from gateway.custody.keyring import ClinicalKey, DataKey, IdentityKey, KeyRing
from gateway.custody.records import CLINICAL_COLUMN, StoredVersion
from gateway.custody.sharing import opening_key, sealing_key, subjects
from gateway.privacy.merge import merge
from gateway.stored import Resource
from mappers import lossless

EHR = "ehr"
K = TypeVar("K", bound=DataKey)
T = TypeVar("T")
Rows = Sequence[StoredVersion]


def clinical_halves(vault: Vault, tenant: Tenant, rows: Sequence[StoredVersion]) -> list[Resource | None]:
    """The clinical half of each row; None where the policy let nothing through."""
    return _naming(rows, lambda some: _clinicals(vault, tenant, some))


def readable(vault: Vault, tenant: Tenant, rows: Sequence[StoredVersion]) -> list[StoredVersion]:
    """Those rows whose keys exist: who was erased is not found, and keeps nobody else from being found."""
    keys = _naming(rows, lambda some: _Keys.of(vault, vault.clinical, tenant, some))
    return [row for row in rows if keys.known(row)]


def originals(vault: Vault, tenant: Tenant, rows: Sequence[StoredVersion]) -> list[Resource]:
    """What the tenant sent, to the byte of every value. Only for rows whose origin is the EHR."""
    return _naming(rows, lambda some: _wholes(vault, tenant, some))


def _naming(rows: Rows, opening: Callable[[Rows], T]) -> T:
    """What the opening gives; its ``Tampered`` names the rows of which a cell does not open."""
    try:
        return opening(rows)
    except Tampered as error:
        shut = dict.fromkeys(_named(row) for row in rows if _does_not_open(row, opening))
        error.rows = tuple(shut)
        raise


def _does_not_open(row: StoredVersion, opening: Callable[[Rows], object]) -> bool:
    try:
        opening([row])
    except Tampered:
        return True
    except KeyGone:
        return False
    return False


def _named(row: StoredVersion) -> Unopened:
    return Unopened(row.tenant, row.compartment, row.type, row.id, row.version)


def _clinicals(vault: Vault, tenant: Tenant, rows: Rows) -> list[Resource | None]:
    keys = _Keys.of(vault, vault.clinical, tenant, rows)
    return [_clinical(row, keys) for row in rows]


def _wholes(vault: Vault, tenant: Tenant, rows: Rows) -> list[Resource]:
    keys = _Keys.of(vault, vault.identity, tenant, rows)
    with vault.database.glance() as at:
        sealed = halves.get(at, [row.write_no for row in rows])
    _check_there(vault, [row.write_no for row in rows if row.write_no not in sealed])
    return [
        merge(half, _withheld(row, sealed[row.write_no], keys))
        for row, half in zip(rows, _clinicals(vault, tenant, rows), strict=True)
    ]


def _check_there(vault: Vault, without: Sequence[WriteNo]) -> None:
    """A half that is gone while its version is there was taken out; whatever of ours deletes takes both."""
    if not without:
        return
    with vault.database.read() as conn:
        there = records.by_number(conn, without)
    raise Tampered if there else KeyGone


@dataclass(frozen=True, slots=True)
class _Keys(Generic[K]):
    """The data keys of some rows, and the patients whose keys those of the tenant's compartment take."""

    by_subject: Mapping[StoredId, K]
    named: Mapping[WriteNo, tuple[StoredId, ...]]

    @classmethod
    def of(cls, vault: Vault, ring: KeyRing[K], tenant: Tenant, rows: Sequence[StoredVersion]) -> _Keys[K]:
        shared = [row.write_no for row in rows if row.compartment == TENANT_COMPARTMENT]
        named: Mapping[WriteNo, tuple[StoredId, ...]] = {}
        if shared:
            with vault.database.glance() as at:
                named = records.named(at, shared)
        wanted = {s for row in rows for s in subjects(row.compartment, named.get(row.write_no, ()))}
        return cls(ring.fetch(tenant, wanted), named)

    def known(self, row: StoredVersion) -> bool:
        """Whether the row's key can be made at all."""
        try:
            self.key(row, row.clinical)
        except KeyGone:
            return False
        return True

    def key(self, row: StoredVersion, sealed: bytes | None) -> K:
        """The key of a cell of this row; raises ``KeyGone``."""
        named = self.named.get(row.write_no, ())
        if sealed is None:
            return sealing_key(self.by_subject, row.compartment, named)
        return opening_key(self.by_subject, row.compartment, named, sealed)


def _clinical(row: StoredVersion, keys: _Keys[ClinicalKey]) -> Resource | None:
    if row.clinical is None:
        return None
    where = Place(row.tenant, row.compartment, row.type, row.id, row.version, CLINICAL_COLUMN)
    body: Resource = lossless.loads_own(unseal(keys.key(row, row.clinical), where, row.clinical))
    return body


def _withheld(row: StoredVersion, sealed: bytes, keys: _Keys[IdentityKey]) -> Resource:
    body: Resource = lossless.loads_own(halves.open_withheld(keys.key(row, sealed), row, sealed))
    return body
