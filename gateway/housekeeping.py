"""What has to be done by the clock on the trusted side: an ordered table of chores."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import structlog
from sqlalchemy import delete

from gateway import sandbox
from gateway.custody import backlog, cds_cards, checkpoint, partitions, signing, watch_cases
from gateway.custody.identity import errand_cells, errands, idempotency, search_lists
from gateway.custody.jobs import SECOND
from gateway.custody.tables import access_token, assertion_seen
from gateway.delivery import Office
from gateway.retention import Sweep
from gateway.standing import standings
from gateway.watching.look import REMEMBERED, Watcher

ANSWERS_KEPT = 24 * 3600 * SECOND
JOBS_KEPT = 30 * 24 * 3600 * SECOND

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Chore:
    """Something to be done again and again."""

    name: str
    every_seconds: float
    do: Callable[[Office], None]


def sign_the_trail(office: Office) -> None:
    """A signed tree head for each log that grew, at the pace that the settings ask for."""
    storage = office.storage
    folder = storage.data_dir / checkpoint.FOLDER
    # The keys are read each time, for they may be rotated; what was signed is remembered.
    signer = replace(signing.load(storage.key_paths.audit), signed=office.signed)
    checkpoint.take(office.vault.database, folder, signer, office.clock(), office.copies.pace)


def watch_the_receivers(office: Office) -> None:
    """Say who has waited for too long for a part of the trail."""
    for one in standings(office.vault.database, office.copies, office.clock()):
        if one.late(office.copies.late_seconds):
            told = {"receiver": one.name, "events": one.events, "seconds": one.seconds}
            log.warning("a receiver of the trail is late", **told, reason=one.trouble or "none is known")


def watch_the_trail(office: Office) -> None:
    """Open cases for what somebody should look into."""
    Watcher(office.vault, office.clock, office.entropy, office.zone).look()


def prepare_the_trail(office: Office) -> None:
    """The tables of the trail's next months, on a server."""
    with office.vault.database.write() as conn:
        partitions.prepare(conn, office.clock())


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
        cds_cards.forget_before(conn, now - cds_cards.KEPT)
        watch_cases.forget_before(conn, now - REMEMBERED)


def shred_errands(office: Office) -> None:
    """The bodies of requests that are over, where nobody came to it; answers that were kept long enough."""
    database = office.vault.database
    with database.read() as conn:
        over = errands.spent(conn)
    for tenant, id_ in over:
        errand_cells.shred(office.vault, tenant, id_)
    with database.write() as conn:
        errands.forget(conn, office.clock() - office.later_seconds * SECOND)


def finish_sandboxes(office: Office) -> None:
    """What is left of sandboxes that were closed."""
    sandbox.finish(office.vault)


def apply_retention(office: Office) -> None:
    """What no rule keeps any longer, and nothing holds."""
    Sweep(office.vault, office.clock, office.entropy).run()


def finish_erasures(office: Office) -> None:
    """What an erasure that was killed has left, and keys that came back with a restored key store."""
    office.erasure.finish()


CHORES = (
    Chore("sign the trail", 2.0, sign_the_trail),
    Chore("watch the receivers", 60.0, watch_the_receivers),
    Chore("watch the trail", 20.0, watch_the_trail),
    Chore("prepare the trail", 3600.0, prepare_the_trail),
    Chore("forget what expired", 600.0, forget_what_expired),
    Chore("shred errands", 60.0, shred_errands),
    Chore("finish erasures", 60.0, finish_erasures),
    Chore("finish sandboxes", 60.0, finish_sandboxes),
    Chore("apply retention", 3600.0, apply_retention),
)
