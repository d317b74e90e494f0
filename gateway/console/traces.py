"""The console's events: who (from the session), what (the page), and how it ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from gateway.console.people import CLIENT, Person
from gateway.custody.audit import Event
from gateway.custody.ids import SYSTEM, StoredId, Tenant
from gateway.trace import MINOR, SUCCESS

LOGIN, LOGOUT, ACCOUNT, PERSON = "console:login", "console:logout", "console:account", "console:person"
REVIEW, RETRY, CASE = "console:review", "console:retry", "console:case"
REFUSED = 400
_ACTIONS = {"console:read": "R", "console:export": "R", "console:account": "U", "console:person": "U"}
_QUERIES = ("console:search", "console:export")


@dataclass(frozen=True, slots=True)
class Where:
    """Where a request came from, the id by which its trace is found, and when it came, in microseconds.

    ``browser``: what the browser says that it is.
    """

    address: str
    request_id: str
    now: int
    browser: str = ""


def event(
    kind: str, person: Person | None, where: Where, status: int = 200, detail: str | None = None
) -> Event:
    """What somebody, or nobody who is known, did at the console."""
    return Event(
        time=where.now,
        kind=kind,
        action=_ACTIONS.get(kind, "E"),
        outcome=MINOR if status >= REFUSED else SUCCESS,
        status=status,
        client_id=CLIENT,
        organization=person.organization if person else None,
        user=person.user if person else None,
        type="AuditEvent" if kind in _QUERIES else None,
        address=where.address,
        request_id=where.request_id,
        detail=detail,
    )


def about(made: Event, patients: Sequence[StoredId]) -> list[Event]:
    """One event for each patient, at least one."""
    return [replace(made, patient=one) for one in patients] or [made]


def log_of(person: Person | None) -> Tenant:
    """In which log it stands."""
    return SYSTEM if person is None else person.organization
