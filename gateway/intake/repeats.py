"""The same request again: the stored answer, byte for byte.

An answer that concerned somebody who was erased since cannot be opened any more, and says so."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress

from gateway.auth.actor import Actor
from gateway.custody.errors import KeyGone
from gateway.custody.identity import idempotency
from gateway.custody.identity.vault import Vault
from gateway.custody.ids import StoredId, Tenant
from gateway.identities import Identities
from gateway.intake.versions import Outcome
from gateway.refusal import Kind, refused
from gateway.stored import Answer, Repeat, Resource
from mappers.r4 import references


def earlier(vault: Vault, actor: Actor, repeat: Repeat) -> Answer | None:
    """What was answered to this key before. Raises ``Refused`` when it came with another body."""
    try:
        with vault.database.read() as conn:
            found = idempotency.lookup(conn, vault, actor.client_id, repeat.key)
    except KeyGone:
        text = "The answer to this Idempotency-Key was erased with a patient whom it concerned."
        raise refused(Kind.GONE, "deleted", text) from None
    if found is None:
        return None
    if found.body_digest != repeat.body_digest:
        text = "This Idempotency-Key was used with another body; take a new one."
        raise refused(Kind.UNPROCESSABLE, "duplicate", text)
    return Answer(found.status, found.answer)


def record(
    actor: Actor, repeat: Repeat, answer: Answer, now: int, concerned: Sequence[StoredId]
) -> idempotency.Record:
    """The row that remembers an answer."""
    return idempotency.Record(
        actor.client_id, repeat.key, repeat.body_digest, answer.status, answer.body, now, concerned
    )


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
    return [body] if outcome.interaction == "read" and body else []


def remember(vault: Vault, found: idempotency.Record) -> None:
    """Keep an answer to a request whose parts committed one by one, unless it concerns who was erased."""
    with suppress(KeyGone), vault.database.write() as conn:
        idempotency.store(conn, vault, found)
