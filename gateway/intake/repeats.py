"""The same request again: the stored answer, byte for byte."""

from __future__ import annotations

from gateway.auth.actor import Actor
from gateway.custody.identity import idempotency
from gateway.custody.identity.vault import Vault
from gateway.refusal import Kind, refused
from gateway.stored import Answer, Repeat


def earlier(vault: Vault, actor: Actor, repeat: Repeat) -> Answer | None:
    """What was answered to this key before. Raises ``Refused`` when it came with another body."""
    with vault.database.read() as conn:
        found = idempotency.lookup(conn, vault, actor.client_id, repeat.key)
    if found is None:
        return None
    if found.body_digest != repeat.body_digest:
        text = "This Idempotency-Key was used with another body; take a new one."
        raise refused(Kind.UNPROCESSABLE, "duplicate", text)
    return Answer(found.status, found.answer)


def record(actor: Actor, repeat: Repeat, answer: Answer, now: int) -> idempotency.Record:
    """The row that remembers an answer."""
    return idempotency.Record(
        actor.client_id, repeat.key, repeat.body_digest, answer.status, answer.body, now
    )


def remember(vault: Vault, found: idempotency.Record) -> None:
    """Keep an answer to a request whose parts committed one by one."""
    with vault.database.write() as conn:
        idempotency.store(conn, vault, found)
