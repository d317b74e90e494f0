"""A clock that was wrong, and somebody who says so: then verification tells it, and no longer fails for it.

An event cannot be written anew, so a clock that was put back once would be a fault for ever, and a fault that
is always there hides the next one. An officer looks at it and says why, once, by an event of the same log.
It stands in the tree as every other: it cannot be put in, taken out or moved unseen, and it counts for the
one event that it names, behind which it must stand. Nothing else can be acknowledged: what was altered stays
a fault. The reason is one of a list and a ticket has a narrow form, since both stay for ever.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from gateway.custody import audit
from gateway.custody.audit import COLUMNS, Event
from gateway.custody.ids import Tenant
from gateway.custody.operator import By

KIND = "audit:acknowledge"
REASONS: Mapping[str, str] = {
    "clock-set-back": "a clock that ran ahead was put right",
    "clock-ran-behind": "one machine's clock ran behind the others'",
    "machine-moved": "a machine was moved, restored or woken up with an old time",
    "accepted": "looked into and not explained: it is accepted",
}
TICKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/#-]{0,63}")
"""Where more is written about it, in a system that is no part of the trail."""

_SAID = re.compile(r": clock at ([0-9]{1,18}), ")
_KIND, _DETAIL = COLUMNS.index("kind"), COLUMNS.index("detail")


def clock_of(row: Sequence[Any]) -> int | None:
    """The event whose clock is acknowledged by this row of the trail; None where it is something else."""
    if row[_KIND] != KIND or not isinstance(row[_DETAIL], str):
        return None
    found = _SAID.search(row[_DETAIL])
    return None if found is None else int(found[1])


def acknowledge(
    conn: Connection, log: Tenant, clocks: Iterable[int], why: tuple[str, str | None], told: tuple[By, int]
) -> None:
    """Say of events of a log that a clock was wrong there. ``why``: a reason and a ticket; ``told``: by whom,
    and when in microseconds."""
    (reason, ticket), (by, now) = why, told
    if reason not in REASONS or (ticket is not None and not TICKET.fullmatch(ticket)):
        raise ValueError("no such reason or ticket")
    words = reason if ticket is None else f"{reason}, {ticket}"
    details = (f"{by}: clock at {clock}, {words}" for clock in clocks)
    audit.append(conn, log, [Event(now, KIND, "E", "0", 200, user=by.user, detail=one) for one in details])
