"""What has to be done by the clock on the trusted side: an ordered table of chores."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import delete

from gateway.custody import backlog, checkpoint, signing
from gateway.custody.identity import idempotency, search_lists
from gateway.custody.jobs import SECOND
from gateway.custody.tables import access_token, assertion_seen
from gateway.delivery import Office
from gateway.retention import Sweep

ANSWERS_KEPT = 24 * 3600 * SECOND
JOBS_KEPT = 30 * 24 * 3600 * SECOND


@dataclass(frozen=True, slots=True)
class Chore:
    """Something to be done again and again."""

    name: str
    every_seconds: float
    do: Callable[[Office], None]


def sign_the_trail(office: Office) -> None:
    """A signed tree head for each log that grew."""
    storage = office.storage
    folder = storage.data_dir / checkpoint.FOLDER
    signer = signing.load(storage.key_paths.audit)
    checkpoint.take(office.vault.database, folder, signer, office.clock())


def forget_what_expired(office: Office) -> None:
    """Tokens, assertions, stored answers and lists that nobody can use any more; jobs that are long done."""
    now = office.clock()
    with office.vault.database.write() as conn:
        # Tokens expire in microseconds and so do assertions: one clock for all.
        conn.execute(delete(access_token).where(access_token.c.expires < now))
        conn.execute(delete(assertion_seen).where(assertion_seen.c.expires < now))
        idempotency.forget(conn, now - ANSWERS_KEPT)
        search_lists.forget(conn, now)
        backlog.forget(conn, now - JOBS_KEPT)


def apply_retention(office: Office) -> None:
    """What no rule keeps any longer, and nothing holds."""
    Sweep(office.vault, office.clock, office.entropy).run()


def finish_erasures(office: Office) -> None:
    """What an erasure that was killed has left, and keys that came back with a restored key store."""
    office.erasure.finish()


CHORES = (
    Chore("sign the trail", 60.0, sign_the_trail),
    Chore("forget what expired", 600.0, forget_what_expired),
    Chore("finish erasures", 60.0, finish_erasures),
    Chore("apply retention", 3600.0, apply_retention),
)
