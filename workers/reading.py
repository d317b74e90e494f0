"""What is known of one patient, opened: the clinical halves of the compartment and what they point at.

Of a patient for whom several records stand (docs/merges.md), the compartments of all of them. Nothing else is
read, and what is derived is kept apart from what was sent: a conclusion is not evidence.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from sqlalchemy import Connection

from gateway.custody import cipher, merges, records
from gateway.custody.errors import KeyGone
from gateway.custody.ids import TENANT_COMPARTMENT, StoredId, Tenant, WriteNo, parse_pseudonym, pseudonym
from gateway.custody.jobs import Claim
from gateway.custody.keyring import ClinicalKey
from gateway.custody.merges import Union
from gateway.custody.opening import Clinic
from gateway.custody.records import CLINICAL_COLUMN, Ref, StoredVersion
from gateway.custody.sharing import opening_key, subjects
from mappers import lossless
from mappers.fhir_to_facts import Opened
from mappers.r4 import references
from mappers.recommendations_to_careplan import is_withdrawn
from workers import consenting
from workers.consenting import Said, reference

_SHARED_EVIDENCE = "Medication/"
"""The one type outside a patient's compartment that says something about the patient: which drug it is."""

DECIDABLE = frozenset({"CarePlan", "Goal"})
"""What a clinician accepts, changes or declines."""

# How each type says that it no longer holds, from its own required value set.
ENDED = {
    "CarePlan": ("status", "revoked"),
    "CommunicationRequest": ("status", "revoked"),
    "DetectedIssue": ("status", "cancelled"),
    "Flag": ("status", "inactive"),
    "Goal": ("lifecycleStatus", "cancelled"),
    "MedicationRequest": ("status", "cancelled"),
    "Observation": ("status", "entered-in-error"),
    "RiskAssessment": ("status", "cancelled"),
    "ServiceRequest": ("status", "revoked"),
    "Task": ("status", "cancelled"),
}


@dataclass(frozen=True, slots=True)
class Derived:
    """A derived resource as it stands: its head, the newest version that a worker wrote, and theirs since."""

    head: int
    last: int
    body: Mapping[str, Any]
    theirs: Mapping[str, Any] | None = None
    """A clinician's version that is newer than ``body``."""
    decided: bool = False
    """Whether a clinician ever wrote a version of it."""
    ended: Mapping[str, Any] | None = None
    """Our newest version where it only ended what stood: the rest is as of before, to be taken up again."""

    @property
    def written(self) -> Mapping[str, Any]:
        """The newest version by a worker."""
        return self.body if self.ended is None else self.ended


@dataclass(frozen=True, slots=True)
class _Trace:
    """The versions behind a ``Derived``, still sealed."""

    head: int
    last: StoredVersion
    theirs: StoredVersion | None = None
    decided: bool = False
    before: _Trace | None = None
    """The same without ``last``, where that is the head."""


@dataclass(frozen=True, slots=True)
class Known:
    """One patient's data at one moment, and the key to write more of them."""

    key: ClinicalKey
    sent: tuple[Opened, ...]
    derived: Mapping[Ref, Derived]
    said: Said
    union: Union
    beside: Mapping[Ref, Derived]
    """What was derived for the records that this one stands for."""

    @property
    def has_patient(self) -> bool:
        return any(opened.body.get("resourceType") == "Patient" for opened in self.sent)


def read(clinic: Clinic, claim: Claim, now: int) -> Known:
    """Everything about a patient that may be used now; raises ``KeyGone`` when the patient was erased.

    Of whoever declines to have a plan, nothing is opened but the Consents and what was derived.
    """
    tenant, patient = claim.tenant, claim.patient
    with clinic.database.read() as conn:
        union = merges.union(conn, tenant, patient)
    keys = clinic.clinical.fetch(tenant, (patient, *union.others, TENANT_COMPARTMENT))
    if patient not in keys:
        raise KeyGone
    with clinic.database.read() as conn:
        mine = records.compartment(conn, tenant, patient)
        # Whose key is gone was erased, and leaves the union with the next write.
        others = [one for one in union.others if one in keys]
        heard = consenting.hear(conn, tenant, (patient, *others), partial(_half, keys), now)
        said = consenting.of_plan(heard, f"CarePlan/{pseudonym(_plan_id(clinic, claim))}")
        if said.declined:
            return Known(keys[patient], (), _derived(keys, _last_written(conn, mine)), said, union, {})
        theirs = [stored for one in others for stored in records.compartment(conn, tenant, one)]
        bodies = [_open(keys, stored) for stored in (*mine, *theirs)]
        shared = _shared(conn, tenant, bodies) if TENANT_COMPARTMENT in keys else []
        written, beside = _last_written(conn, mine), _last_written(conn, theirs)
        named = records.named(conn, [stored.write_no for stored in shared])
    sent = [_opened(s, b) for s, b in zip((*mine, *theirs), bodies, strict=True) if s.origin == "ehr"]
    sent += _open_shared(clinic, keys, shared, named)
    said, used = consenting.sifted(said, sent)
    return Known(keys[patient], used, _derived(keys, written), said, union, _derived(keys, beside))


def _plan_id(clinic: Clinic, claim: Claim) -> StoredId:
    return clinic.derived_id(claim.tenant, claim.patient, "CarePlan", "plan")


def _half(keys: Mapping[StoredId, ClinicalKey], stored: StoredVersion) -> dict[str, Any] | None:
    """What a Consent leans on, where it can be opened; else it is not known."""
    if stored.clinical is None or stored.compartment not in keys:
        return None
    return _open(keys, stored)


def removed(clinic: Clinic, claim: Claim, known: Known, refs: Iterable[Ref]) -> dict[Ref, Derived]:
    """Which of these a worker wrote and an EHR deleted: they no longer stand, and are not new either."""
    missing = [ref for ref in refs if ref not in known.derived]
    keys = {claim.patient: known.key}
    with clinic.database.read() as conn:
        found = records.load_all(conn, claim.tenant, missing)
        last = [trace for stored in found.values() for trace in _written_before(conn, stored)]
    return _derived(keys, last)


def elsewhere(clinic: Clinic, claim: Claim, known: Known, texts: Iterable[str]) -> set[str]:
    """Which of these references (``Type/pseudonym``) lead to data of somebody else, or erased ones."""
    here = {claim.patient, *known.union.others, TENANT_COMPARTMENT}
    refs = {}
    for text in set(texts) - {opened.local for opened in known.sent}:
        kind, _, ident = text.partition("/")
        if (stored := parse_pseudonym(ident)) is not None:
            refs[kind, stored] = text
    if not refs:
        return set()
    with clinic.database.read() as conn:
        heads = records.heads(conn, claim.tenant, refs)
        gone = records.erased(conn, claim.tenant, refs)
    return {refs[ref] for ref in refs if ref in gone or (ref in heads and heads[ref].compartment not in here)}


def _opened(stored: StoredVersion, body: dict[str, Any]) -> Opened:
    return Opened(reference(stored), body)


def _open(keys: Mapping[StoredId, ClinicalKey], stored: StoredVersion) -> dict[str, Any]:
    home = stored.compartment
    place = cipher.Place(stored.tenant, home, stored.type, stored.id, stored.version, CLINICAL_COLUMN)
    body: dict[str, Any] = lossless.loads_own(cipher.unseal(keys[home], place, stored.clinical or b""))
    return body


def _open_shared(
    clinic: Clinic,
    keys: Mapping[StoredId, ClinicalKey],
    shared: Sequence[StoredVersion],
    named: Mapping[WriteNo, tuple[StoredId, ...]],
) -> list[Opened]:
    """What lies in the tenant's compartment; one that names somebody takes their key, too, if it is there."""
    others = {patient for patients in named.values() for patient in patients}
    if others:
        keys = {**keys, **clinic.clinical.fetch(shared[0].tenant, others)}
    found = []
    for stored in shared:
        patients = named.get(stored.write_no, ())
        if subjects(stored.compartment, patients) <= keys.keys():
            key = opening_key(keys, stored.compartment, patients, stored.clinical or b"")
            found.append(_opened(stored, _open({stored.compartment: key}, stored)))
    return found


def _derived(keys: Mapping[StoredId, ClinicalKey], traces: Iterable[_Trace]) -> dict[Ref, Derived]:
    return {(trace.last.type, trace.last.id): _standing(keys, trace) for trace in traces}


def _standing(keys: Mapping[StoredId, ClinicalKey], trace: _Trace) -> Derived:
    body = _open(keys, trace.last)
    # What was withdrawn for want of consent is not taken up as it was.
    if trace.before is not None and _says_ended(trace.last.type, body) and not is_withdrawn(body):
        was = _standing(keys, trace.before)
        if not _says_ended(trace.last.type, was.theirs or was.body):
            return replace(was, head=trace.head, ended=body)
    theirs = _open(keys, trace.theirs) if trace.theirs and trace.theirs.clinical is not None else None
    return Derived(trace.head, trace.last.version, body, theirs, trace.decided)


def _says_ended(type_: str, body: Mapping[str, Any]) -> bool:
    element, status = ENDED[type_]
    return bool(body.get(element) == status)


def _last_written(conn: Connection, mine: Sequence[StoredVersion]) -> list[_Trace]:
    """For each resource that a worker ever wrote: the head's version, and the newest one by a worker."""
    found: list[_Trace] = []
    for stored in mine:
        # A clinician may have changed what we derived: now, when the head is theirs, or before our newest.
        if stored.version > 1 and (stored.origin == "ehr" or stored.type in DECIDABLE):
            found += _written_before(conn, stored)
        elif stored.origin == "derived":
            found.append(_Trace(stored.version, stored))
    return found


def _written_before(conn: Connection, stored: StoredVersion) -> list[_Trace]:
    first = records.load(conn, stored.tenant, stored.type, stored.id, 1)
    if first is None or first.origin != "derived":
        return []
    versions = records.history(conn, stored.tenant, stored.type, stored.id)
    trace = _trace(versions)
    if stored.type in DECIDABLE and len(versions) > 1 and trace.last is versions[0]:
        return [replace(trace, before=_trace(versions[1:]))]
    return [trace]


def _trace(versions: Sequence[StoredVersion]) -> _Trace:
    last = next(v for v in versions if v.origin == "derived")
    theirs = [v for v in versions if v.origin == "ehr"]
    newer = next((v for v in theirs if v.version > last.version), None)
    return _Trace(versions[0].version, last, newer, bool(theirs))


def _shared(conn: Connection, tenant: Tenant, bodies: Iterable[dict[str, Any]]) -> list[StoredVersion]:
    texts = {
        text for body in bodies for text in references.references(body) if text.startswith(_SHARED_EVIDENCE)
    }
    ids = [parse_pseudonym(text.removeprefix(_SHARED_EVIDENCE).partition("/")[0]) for text in texts]
    found = records.load_all(conn, tenant, [("Medication", i) for i in ids if i is not None])
    living = [s for s in found.values() if s.clinical is not None and s.compartment == TENANT_COMPARTMENT]
    return sorted(living, key=lambda stored: stored.write_no)
