"""That the gateway began and ended, in the system log: a gap between the two is a crash that nobody hid.

A trail that cannot be written now is no reason not to serve: what is served leaves its own events, or is
refused. So a start is told when it can be, and an operator learns from the log when it cannot.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from sqlalchemy.exc import SQLAlchemyError

from gateway import trace
from gateway.custody import audit
from gateway.custody.database import Database
from gateway.custody.errors import CustodyError
from gateway.custody.ids import SYSTEM
from gateway.custody.logs import named
from gateway.stored import Clock

START, STOP, HANG = "start", "stop", "hang"


@contextmanager
def recorded(database: Database, clock: Clock, detail: str) -> Iterator[None]:
    """While the gateway serves; ``detail`` says which version of it. What ends it is told, and goes on."""
    _tell(database, trace.activity(START, clock(), detail))
    try:
        yield
    finally:
        _tell(database, trace.activity(STOP, clock(), detail))


def hung(database: Database, clock: Clock, detail: str) -> None:
    """A process before this one answered nothing and was ended; ``detail`` says which, and for how long."""
    _tell(database, trace.activity(HANG, clock(), detail, trace.SERIOUS))


def _tell(database: Database, event: audit.Event) -> None:
    try:
        with database.write() as conn:
            audit.append(conn, SYSTEM, [event])
    except (SQLAlchemyError, CustodyError) as error:
        structlog.get_logger().error("activity not recorded", kind=event.kind, reason=named(error))
