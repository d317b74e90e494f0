"""Users by the id alone: the trail keeps each behind the organization that its client named for it.

Who asks what ``npi-13`` saw means that user of whichever organization. The users of a log are few beside its
events, so they are read one by one through the index on users.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy import Connection, bindparam, select

from gateway.custody.ids import Tenant
from gateway.custody.tables import audit_event
from gateway.fhir.asked import Parameters

AGENT, BAR = "agent", "|"
_c = audit_event.c
_NEXT = (
    select(_c.user)
    .where(_c.log == bindparam("log"), _c.user.is_not(None), _c.user > bindparam("after"))
    .order_by(_c.user)
    .limit(1)
)


def with_organizations(conn: Connection, logs: Sequence[Tenant], parameters: Parameters) -> Parameters:
    """The same question; each user that it names by the id alone is named with every organization too."""
    if all(name != AGENT for name, _ in parameters):
        return parameters
    users = [user for log in logs for user in _users(conn, log)]
    return [(name, _widened(value, users) if name == AGENT else value) for name, value in parameters]


def _widened(value: str, users: Sequence[str]) -> str:
    asked = value.split(",")
    meant = [user for one in asked if one and BAR not in one for user in users if user.endswith(BAR + one)]
    return ",".join([*asked, *meant])


def _users(conn: Connection, log: Tenant) -> Iterator[str]:
    after = ""
    while (user := conn.scalar(_NEXT, {"log": log, "after": after})) is not None:
        yield user
        after = user
