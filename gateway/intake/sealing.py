"""From a valid resource to the rows that hold it: split, two sealed halves, blind search rows.

Everything that costs time happens here, before the transaction begins.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from gateway.custody import cipher, index
from gateway.custody.identity import halves
from gateway.custody.identity.links import Link, seal_link
from gateway.custody.ids import TENANT_COMPARTMENT, StoredId, Tenant
from gateway.custody.keyring import ClinicalKey, IdentityKey
from gateway.custody.records import CLINICAL_COLUMN, Write
from gateway.custody.sharing import sealing_key, subjects
from gateway.identities import Identities
from gateway.intake.hidden import hidden_rows
from gateway.privacy.policy import Policy
from gateway.privacy.split import split
from gateway.stored import Entropy, Resource
from mappers import lossless
from mappers.plan_identity import PLAN_TOKEN, bears_plan
from mappers.r4 import search


class Sealed(msgspec.Struct, frozen=True):
    """One version ready to be written: the shared row, and what only the gateway may read."""

    write: Write
    withheld: bytes | None
    link: Link | None
    names: tuple[bytes, ...]
    left: StoredId | None = None
    """The compartment of the version before: its patient's plan may rest on what is there no more."""
    spans: tuple[tuple[bytes, int, int], ...] = ()
    """Dates and numbers that the split withheld, as ranges."""


class Target(msgspec.Struct, frozen=True):
    """Which version of which resource is about to be made."""

    type: str
    text_id: str
    id: StoredId
    version: int
    linked: StoredId | None = None
    """The compartment under whose key the way back to the EHR's id lies already, if it does."""


def home(patients: tuple[StoredId, ...]) -> StoredId:
    """The compartment of a resource: its one patient's, or the tenant's."""
    return patients[0] if len(patients) == 1 else TENANT_COMPARTMENT


class Whose(msgspec.Struct, frozen=True):
    """The compartment that a resource lies in, and the patients whom it names beside."""

    compartment: StoredId
    named: tuple[StoredId, ...] = ()

    @classmethod
    def of(cls, patients: tuple[StoredId, ...], named: tuple[StoredId, ...]) -> Whose:
        """Of a resource about ``patients`` that names ``named`` anywhere."""
        compartment = home(patients)
        if not named or named == (compartment,):
            # Of one patient and nobody else: nearly all there is.
            return cls(compartment, patients if len(patients) > 1 else ())
        return cls(compartment, tuple(sorted({*patients, *named} - {compartment})))

    @property
    def subjects(self) -> set[StoredId]:
        """Whose keys it takes to seal it."""
        return subjects(self.compartment, self.named)


@dataclass(frozen=True, slots=True)
class Keys:
    """The data keys of every compartment in the request, and the tenant's two index keys."""

    clinical: Mapping[StoredId, ClinicalKey]
    identity: Mapping[StoredId, IdentityKey]
    clinical_index: bytes
    identity_index: bytes


@dataclass(frozen=True, slots=True)
class Sealer:
    """Seals the resources of one request of one tenant."""

    tenant: Tenant
    policy: Policy
    identities: Identities
    keys: Keys
    entropy: Entropy

    def seal(self, target: Target, resource: Resource, whose: Whose) -> Sealed:
        """Split one resource and seal both halves for the given version."""
        parts = split(resource, self.policy, self.identities.pseudonym)
        clinical = self._clinical(target, whose, parts.clinical)
        withheld = self._withheld(target, whose, parts.withheld)
        rows = search.Rows([], []) if parts.clinical is None else search.clinical_rows(parts.clinical)
        write = Write(
            type=target.type,
            id=target.id,
            version=target.version,
            compartment=whose.compartment,
            origin="ehr",
            deleted=False,
            clinical=clinical,
            digest=hashlib.sha256((clinical or b"") + withheld).digest(),
            tokens=self._tokens(self.keys.clinical_index, target.type, rows, _plan_token(resource)),
            ranges=_ranges(self.keys.clinical_index, target.type, rows),
            patients=whose.named,
        )
        key, hidden = self.keys.identity_index, hidden_rows(resource, parts, rows, self.identities)
        names = self._tokens(key, target.type, search.identity_rows(resource), hidden.tokens)
        spans = _ranges(key, target.type, hidden)
        return Sealed(write, withheld, self._link(target, whose.compartment), names, target.linked, spans)

    def erase(self, target: Target, compartment_: StoredId) -> Sealed:
        """The version that says that a resource was deleted: it has no content."""
        write = Write(
            type=target.type,
            id=target.id,
            version=target.version,
            compartment=compartment_,
            origin="ehr",
            deleted=True,
            clinical=None,
            digest=hashlib.sha256(b"").digest(),
            tokens=(),
            ranges=(),
            patients=(),
        )
        return Sealed(write, None, None, ())

    def _clinical(self, target: Target, whose: Whose, half: Resource | None) -> bytes | None:
        if half is None:
            return None
        place = self._place(target, whose.compartment, CLINICAL_COLUMN)
        key = sealing_key(self.keys.clinical, whose.compartment, whose.named)
        return cipher.seal(key, place, lossless.dumps(half), self._salt())

    def _withheld(self, target: Target, whose: Whose, half: Resource) -> bytes:
        place = self._place(target, whose.compartment, halves.COLUMN)
        key = sealing_key(self.keys.identity, whose.compartment, whose.named)
        return halves.seal_withheld(key, place, lossless.dumps(half), self._salt())

    def _link(self, target: Target, patient: StoredId) -> Link | None:
        """Made with the first version, and again when the resource moves to another patient's keys."""
        if target.linked == patient:
            return None
        where = (self.tenant, patient, (target.type, target.id))
        return seal_link(self.keys.identity[patient], where, target.text_id, self._salt())

    def _place(self, target: Target, patient: StoredId, column: str) -> cipher.Place:
        return cipher.Place(self.tenant, patient, target.type, target.id, target.version, column)

    def _salt(self) -> bytes:
        return self.entropy(cipher.SALT_BYTES)

    def _tokens(
        self, key: bytes, type_: str, rows: search.Rows, more: Sequence[tuple[str, str]] = ()
    ) -> tuple[bytes, ...]:
        return tuple({index.token_key(key, type_, param, value) for param, value in (*rows.tokens, *more)})


def _ranges(key: bytes, type_: str, rows: search.Rows) -> tuple[tuple[bytes, int, int], ...]:
    if not rows.ranges:
        return ()
    return tuple({(index.range_key(key, type_, p), low, high) for p, low, high in rows.ranges})


def _plan_token(resource: Resource) -> tuple[tuple[str, str], ...]:
    """A plan that a clinician changed is still found as Careloom's."""
    return (PLAN_TOKEN,) if bears_plan(resource) else ()
