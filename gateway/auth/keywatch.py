"""A client that publishes its keys may change them without asking; that it did stands in the trail.

Who can put a key where a client's keys are fetched from can come in as that client. So each time its keys are
fetched they are compared with those that were seen last, and what differs is an event in the client's logs,
with the thumbprint of each key (RFC 7638) and of nothing else of the document. It is written before the keys
prove anything. What was seen last is a row, so that it outlasts a restart and of several gateways one tells.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select, update

from gateway.auth.authentication import write_event
from gateway.auth.jwks import Key
from gateway.auth.registry import Client
from gateway.custody import audit
from gateway.custody.database import Database
from gateway.custody.tables import client as clients
from gateway.stored import Clock
from gateway.trace import GATEWAY, SUCCESS

KIND = "client:keys"
_SHOWN = 8


@dataclass(frozen=True, slots=True)
class KeyWatch:
    """Compares what a client publishes with what it published before."""

    database: Database
    clock: Clock

    def __call__(self, client: Client, keys: Sequence[Key]) -> None:
        """The keys of a client as they were fetched now."""
        c, now = clients.c, " ".join(sorted(key.thumbprint() for key in keys))
        with self.database.read() as conn:
            before = conn.scalar(select(c.keys_seen).where(c.client_id == client.client_id))
        if before == now:
            return
        known = c.keys_seen.is_(None) if before is None else c.keys_seen == before
        with self.database.write() as conn:
            mine = update(clients).where(c.client_id == client.client_id, known).values(keys_seen=now)
            if conn.execute(mine).rowcount:
                write_event(conn, client, self._event(client, before, now))

    def _event(self, client: Client, before: str | None, now: str) -> audit.Event:
        what = "published keys first seen" if before is None else "published keys changed"
        prints = now.split(" ")
        more = f" and {len(prints) - _SHOWN} more" if len(prints) > _SHOWN else ""
        return audit.Event(
            time=self.clock(),
            kind=KIND,
            action="C" if before is None else "U",
            outcome=SUCCESS,
            status=200,
            client_id=client.client_id,
            organization=client.organization,
            detail=f"{GATEWAY}; {what}: {' '.join(prints[:_SHOWN])}{more}",
        )
