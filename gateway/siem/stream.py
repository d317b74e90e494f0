"""Hands the trail on to a SIEM: every event of each log at least once, in the log's order.

1. Look whether there is more than the receiver has; mostly there is not, and that costs a reading.
2. Take the receiver, unless another process holds it, and connect.
3. Send what there is, a few hundred events of each log in turn, and what comes meanwhile.
4. When nothing comes any more, or after twenty seconds, close in order: the receiver's answer says that it
   has read everything (``gateway.syslog.line`` says why).
5. Only then move the cursors. Whatever ends differently is sent again from where they stand.

What is sent twice is what was sent over a connection that broke: twenty seconds at most, or ``SESSION``
events. What a receiver loses after it has read it is lost; its own queue is its own affair. Memory holds one
batch of each log.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from threading import Event
from typing import Any

import structlog
from sqlalchemy import Row, select

from gateway.auth.called import Called, nameless
from gateway.copies import SIEM
from gateway.custody import receivers
from gateway.custody.database import Database
from gateway.custody.errors import CustodyError, LostLease
from gateway.custody.ids import Tenant
from gateway.custody.jobs import SECOND
from gateway.custody.logs import named
from gateway.custody.receivers import Cursor, Hold, Logs
from gateway.custody.tables import audit_event
from gateway.siem.events import ShowIn, message
from gateway.stored import Clock
from gateway.syslog.line import Away, Line, Target
from gateway.syslog.message import Message, framed

LEASE = 60 * SECOND
"""Longer than a session takes; the fence stands between those that take longer and the cursors."""

BATCH = 500
SESSION = 20_000
"""Events that are sent over one connection, about: then their receiver is asked whether it has them."""

LOOK_SECONDS = 1.0
OTHERS_SECONDS = 10.0
_PAUSES = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0)

log = structlog.get_logger()

Cursors = dict[Tenant, Cursor]


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a connection may be: ``quiet`` seconds without an event, ``whole`` in all."""

    quiet: float = 5.0
    whole: float = 20.0


@dataclass(frozen=True, slots=True)
class View:
    """How an event is shown: under which ids, from which address, what its log is called in the world and its
    clients by people."""

    show: ShowIn
    base: str
    host: str
    origin: Callable[[Tenant], str]
    called: Called = nameless

    def frames(self, rows: Sequence[Row[Any]]) -> bytes:
        """The messages of these rows as they stand in the stream."""
        told = (self._message(row) for row in rows)
        return b"".join(framed(one.encoded(self.host)) for one in told)

    def _message(self, row: Row[Any]) -> Message:
        return message(row, self.origin(Tenant(row.log)), self.show, self.base, self.called)


@dataclass(slots=True)
class Stream:
    """What hands on. ``steady``: seconds that never go back; ``holder``: the name of this process."""

    database: Database
    view: View
    target: Target
    logs: Logs | None
    clock: Clock
    steady: Callable[[], float]
    holder: str
    patience: Patience = field(default_factory=Patience)
    _failed: int = 0

    def run(self, over: Event) -> None:
        """Hand on until it is over."""
        context = self.target.context()
        pause = 0.0
        while not over.wait(pause):
            try:
                pause = self.turn(context, over)
            except CustodyError as error:
                log.warning("the trail cannot be handed on", reason=named(error))
                pause = OTHERS_SECONDS
        with suppress(CustodyError), self.database.write() as conn:
            held = receivers.hold(conn, SIEM, self.holder, self.clock(), 0)
            if held is not None:
                receivers.release(conn, held)

    def turn(self, context: ssl.SSLContext, over: Event) -> float:
        """Hand on what there is; the seconds until it is worth looking again."""
        if not self._behind():  # 1
            return LOOK_SECONDS
        with self.database.write() as conn:  # 2
            held = receivers.hold(conn, SIEM, self.holder, self.clock(), LEASE)
            cursors = receivers.cursors(conn, SIEM)
        if held is None:
            return OTHERS_SECONDS
        try:
            sent = self._session(context, cursors, over)
            self._took(held, cursors, sent)
        except Away as error:
            return self._waits(held, str(error))
        except LostLease:
            return OTHERS_SECONDS
        return 0.0

    def _session(self, context: ssl.SSLContext, cursors: Cursors, over: Event) -> Cursors:
        """Steps 3 and 4: where each log stands when the receiver has read everything; raises ``Away``."""
        line = Line(self.target, context)
        try:
            began = heard = self.steady()
            count, at = 0, dict(cursors)
            while count < SESSION and self.steady() - began < self.patience.whole and not over.is_set():
                batches = self._batches(at)
                for rows in batches:
                    line.send(self.view.frames(rows))
                    at[Tenant(rows[-1].log)] = _after(rows)
                count += sum(map(len, batches))
                if batches:
                    heard = self.steady()
                elif self.steady() - heard >= self.patience.quiet:
                    break
                else:
                    over.wait(min(LOOK_SECONDS, self.patience.quiet))
            line.end()
            return at
        finally:
            line.drop()

    def _batches(self, at: Cursors) -> list[Sequence[Row[Any]]]:
        """The next events of each log that has some."""
        with self.database.read() as conn:
            grown = receivers.sizes(conn, self.logs)
            asked = [
                select(audit_event)
                .where(audit_event.c.log == number, audit_event.c.seq >= taken)
                .order_by(audit_event.c.seq)
                .limit(BATCH)
                for number, size in grown.items()
                if (taken := at[number].taken if number in at else 0) < size
            ]
            return [rows for query in asked if (rows := conn.execute(query).all())]

    def _behind(self) -> bool:
        with self.database.read() as conn:
            at = receivers.cursors(conn, SIEM)
            grown = receivers.sizes(conn, self.logs)
        return any(size > (at[number].taken if number in at else 0) for number, size in grown.items())

    def _took(self, held: Hold, before: Cursors, after: Cursors) -> None:
        moved = [cursor for number, cursor in after.items() if before.get(number) != cursor]
        with self.database.write() as conn:  # 5
            receivers.took(conn, held, moved, self.clock())
        if self._failed:
            log.info("the SIEM takes events again", attempts=self._failed)
        self._failed = 0

    def _waits(self, held: Hold, trouble: str) -> float:
        if not self._failed:
            log.warning("the SIEM takes no events; they wait", reason=trouble)
        self._failed += 1
        with suppress(LostLease), self.database.write() as conn:
            receivers.waits(conn, held, trouble)
        return _PAUSES[min(self._failed, len(_PAUSES)) - 1]


def _after(rows: Sequence[Row[Any]]) -> Cursor:
    return replace(Cursor(Tenant(rows[-1].log)), taken=rows[-1].seq + 1, time=rows[-1].time)
