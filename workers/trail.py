"""What a worker did to whose data, as audit events: one for reading a patient, one for each version."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import sha256

from msgspec import structs

from gateway.custody.audit import Event
from gateway.custody.ids import StoredId, Tenant, parse_pseudonym
from gateway.custody.jobs import Claim
from gateway.custody.records import Write
from mappers.consent import Decision, asking
from mappers.r4 import references
from workers.consenting import Said

CLIENT = "careloom-worker"
_SUCCESS, _REFUSED = "0", "4"


def looked(claim: Claim, beside: Sequence[StoredId], references: Sequence[str], now: int) -> list[Event]:
    """The patient's data were read, and those of the records that this one stands for: one event each. The
    digest is over all versions, so it can be shown which they were."""
    event = _looked(claim, references, now)
    return [event, *(structs.replace(event, id=one, patient=one) for one in beside)]


def _looked(claim: Claim, references: Sequence[str], now: int) -> Event:
    return Event(
        time=now,
        kind="worker:read",
        action="R",
        outcome=_SUCCESS,
        status=200,
        client_id=CLIENT,
        organization=claim.tenant,
        type="Patient",
        id=claim.patient,
        patient=claim.patient,
        digest=versions_digest(references),
        request_id=claim.id.hex(),
        detail=f"versions={len(references)}",
    )


def versions_digest(references: Iterable[str]) -> bytes:
    """SHA-256 over the references that were read, sorted, each ended by a newline."""
    return sha256("".join(f"{text}\n" for text in sorted(references)).encode()).digest()


def decided(claim: Claim, said: Said, now: int) -> list[Event]:
    """What the patient's Consents say to the engine: of the plan, then of what is kept back from it."""
    return [_decision(claim, decision, count, now) for decision, count in said.taken]


def _decision(claim: Claim, decision: Decision, count: int, now: int) -> Event:
    consent = references.parse(decision.rested_on[0]) if decision.rested_on else None
    named = consent if isinstance(consent, references.Literal) else None
    more = f"; so do {len(decision.rested_on) - 1} more" if len(decision.rested_on) > 1 else ""
    return Event(
        time=now,
        kind=f"consent:{decision.effect.value}",
        action="E",
        outcome=_SUCCESS if decision.permits else _REFUSED,
        status=200 if decision.permits else 403,
        client_id=CLIENT,
        organization=claim.tenant,
        type="Consent",
        id=parse_pseudonym(named.id) if named else None,
        version=int(named.version) if named and named.version else None,
        patient=claim.patient,
        request_id=claim.id.hex(),
        detail=f"resources={count}; default={asking.SILENCE.value}; {decision.why}{more}",
    )


def wrote(claim: Claim, write: Write, now: int) -> Event:
    """A derived version was written."""
    first = write.version == 1
    return Event(
        time=now,
        kind="worker:create" if first else "worker:update",
        action="C" if first else "U",
        outcome=_SUCCESS,
        status=201 if first else 200,
        client_id=CLIENT,
        organization=Tenant(claim.tenant),
        type=write.type,
        id=StoredId(write.id),
        version=write.version,
        patient=claim.patient,
        digest=write.digest,
        request_id=claim.id.hex(),
    )
