"""The same request again: the stored answer, byte for byte.

An answer that concerned somebody who was erased since cannot be opened any more, and says so."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gateway import trace
from gateway.auth.actor import Actor
from gateway.custody import audit
from gateway.custody.errors import KeyGone
from gateway.custody.identity import idempotency
from gateway.custody.identity.vault import Vault
from gateway.custody.ids import StoredId, Tenant
from gateway.identities import Identities
from gateway.intake.returning import Returning
from gateway.intake.versions import Outcome
from gateway.refusal import Issue, Kind, Refused, refused
from gateway.stored import Answer, Clock, Repeat, Resource
from mappers import lossless
from mappers.r4 import references

_END = b"\n"
"""Stands between headers and body; neither has a line break of its own."""
REPEATED = "repeated"
"""The detail of the event of an answer that is given again."""


def again(vault: Vault, actor: Actor, repeat: Repeat, clock: Clock) -> Answer | None:
    """What was answered before, given out once more: an event for each patient whom it concerns, at least
    one. Raises ``Refused`` as ``earlier`` does."""
    found = _found(vault, actor, repeat)
    if found is None:
        return None
    now = clock()
    deeds = [
        trace.Deed(repeat.interaction, repeat.type, patient=patient, status=found.status, detail=REPEATED)
        for patient in found.patients or (None,)
    ]
    with vault.database.write() as conn:
        audit.append(conn, actor.organization, [trace.event(actor, deed, now) for deed in deeds])
    return _answer(found)


def earlier(vault: Vault, actor: Actor, repeat: Repeat) -> Answer | None:
    """What was answered to this key before. Raises ``Refused`` when it came with another body."""
    found = _found(vault, actor, repeat)
    return None if found is None else _answer(found)


def _found(vault: Vault, actor: Actor, repeat: Repeat) -> idempotency.Record | None:
    try:
        with vault.database.read() as conn:
            found = idempotency.lookup(conn, vault, actor.client_id, repeat.key)
    except KeyGone:
        raise erased() from None
    if found is not None and found.body_digest != repeat.body_digest:
        text = "This Idempotency-Key was used with another request (address, body or rights); take a new one."
        raise refused(Kind.UNPROCESSABLE, "duplicate", text)
    return None if found is None or found.status == idempotency.BEGUN else found


def record(
    actor: Actor, repeat: Repeat, answer: Answer, now: int, concerned: Sequence[StoredId]
) -> idempotency.Record:
    """The row that remembers an answer."""
    headers = lossless.dumps(dict(answer.headers)) + _END if answer.headers else b""
    packed = headers + answer.body
    return idempotency.Record(
        actor.client_id, repeat.key, repeat.body_digest, answer.status, packed, now, concerned
    )


def erased() -> Refused:
    """What is said of an answer that concerned a patient who was erased."""
    text = "The answer to this Idempotency-Key was erased with a patient whom it concerned."
    return refused(Kind.GONE, "deleted", text)


def busy() -> Refused:
    """What is said to the second of two who send the same at the same time."""
    issue = Issue("duplicate", "The same request is being processed; ask again for its answer.")
    return Refused(Kind.CONFLICT, [issue], retry_after=1)


def _answer(found: idempotency.Record) -> Answer:
    head, end, body = found.answer.partition(_END)
    return Answer(found.status, body, lossless.loads(head)) if end else Answer(found.status, head)


def concerned(vault: Vault, tenant: Tenant, outcomes: Iterable[Outcome]) -> tuple[StoredId, ...]:
    """The patients of what was written, and whoever is named in what was read, in a stable order."""
    identities = Identities(vault, tenant)
    found: set[StoredId] = set()
    for outcome in outcomes:
        found |= {outcome.patient} if outcome.patient is not None else set()
        found |= set(outcome.sealed.write.patients) if outcome.sealed is not None else set()
        for body in _shown(outcome):
            found |= set(identities.named(body, references.pointers(body)))
    return tuple(sorted(found))


def _shown(outcome: Outcome) -> list[Resource]:
    """The resources that an answer shows of an entry."""
    body = outcome.stored.body or {}
    if outcome.interaction == "search":
        return [one["resource"] for one in body.get("entry", ())]
    shown = outcome.interaction == "read" or outcome.told is Returning.REPRESENTATION
    return [body] if shown and body else []
