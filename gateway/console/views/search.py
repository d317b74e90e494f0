"""Search: whatever the trail has, by everything that it is found by; kept, and saved as a sheet."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gateway.auth.registry import clients
from gateway.console import filters, saved, sheets, traces, words
from gateway.console.asked import Answer, Denied, Desk, Moved, Sent, Shown, Visit
from gateway.console.filters import Filters
from gateway.console.people import CLIENT
from gateway.console.reading import Reading, Wanted
from gateway.console.rendering import plain_moment
from gateway.custody import audit
from gateway.fhir.audit_event import Row, ident

HERE = "/console/search"
ON_A_PAGE, IN_A_SHEET = 50, 10_000
COLUMNS = (
    "time",
    "event",
    "kind",
    "in words",
    "user",
    "client_id",
    "client",
    "organization",
    "patient",
    "type",
    "outcome",
    "status",
    "purpose",
    "address",
    "request_id",
)
_OURS = ("careloom-worker", "careloom-gateway", "careloom-courier", CLIENT, "command line")


def show(desk: Desk, visit: Visit) -> Answer:
    """The form, what was asked, and a page of what was found."""
    reading, asked = Reading(desk, visit.person.organization), filters.from_pairs(visit.arguments)
    ceiling = _number(visit.argument("upto")) or visit.now
    after = filters.place_of(visit.argument("after"), reading.logs)
    parameters = asked.parameters(desk.settings.sign_in.zone)
    found = reading.search(Wanted(parameters, ceiling, after, ON_A_PAGE))
    following = ""
    if found.more is not None:
        following = f"{HERE}?{_and(asked)}upto={ceiling}&after={filters.text_of(found.more)}"
    with desk.vault.database.read() as conn:
        kept = saved.of(conn, desk, visit.person)
    values = {
        "asked": asked,
        "lines": lines(found.rows, reading),
        "total": found.total,
        "notes": found.notes,
        "following": following,
        "first": after is None,
        "saved": kept,
        "choices": _choices(desk),
        "most": IN_A_SHEET,
    }
    return Shown("search.html", values, found.patients, found.detail)


def ask(_desk: Desk, visit: Visit) -> Answer:
    """What was typed into the form, as an address that names nobody."""
    asked = filters.from_form(visit.form, Reading(_desk, visit.person.organization))
    return Moved(f"{HERE}?{asked.query}" if asked.given else HERE)


def save(desk: Desk, visit: Visit) -> Answer:
    """Keep a search under a name."""
    name = " ".join(visit.form.get("name", "").split())
    asked = filters.from_form(visit.form, Reading(desk, visit.person.organization))
    if not name or not name.isprintable():
        raise Denied(422, "Give the search a name, so that you know it again.")
    with desk.vault.database.write() as conn:
        if not saved.keep(conn, desk, visit.person, name, asked):
            raise Denied(422, f"You keep {saved.MOST} searches already; drop one first.")
        made = traces.event(traces.ACCOUNT, visit.person, visit.where, detail="search kept")
        audit.append(conn, visit.person.organization, [made])
    return Moved(f"{HERE}?{asked.query}", "kept")


def drop(desk: Desk, visit: Visit) -> Answer:
    """Keep a search no longer."""
    with desk.vault.database.write() as conn:
        saved.drop(conn, visit.person, visit.form.get("search", ""))
        made = traces.event(traces.ACCOUNT, visit.person, visit.where, detail="search dropped")
        audit.append(conn, visit.person.organization, [made])
    return Moved(HERE, "dropped")


def sheet(desk: Desk, visit: Visit) -> Answer:
    """Just what is seen, as CSV: the newest events of the search, up to a limit that the page tells."""
    reading, asked = Reading(desk, visit.person.organization), filters.from_pairs(visit.arguments)
    wanted = Wanted(
        asked.parameters(desk.settings.sign_in.zone), _number(visit.argument("upto")) or visit.now
    )
    first = reading.search(Wanted(wanted.parameters, wanted.ceiling, None, 1))
    rows = _cells(reading.every(wanted, IN_A_SHEET), desk, reading)
    body = b"".join(sheets.sheet(COLUMNS, rows))
    return Sent(body, "careloom-events.csv", "text/csv; charset=utf-8", first.patients, first.detail)


def lines(rows: tuple[Row, ...], reading: Reading) -> list[dict[str, Any]]:
    """Events as a table shows them."""
    names = reading.names()
    return [
        {
            "time": row.event.time,
            "id": ident(row),
            "who": words.who(row.event, names),
            "deed": words.deed(row.event),
            "outcome": words.OUTCOMES.get(row.event.outcome, row.event.outcome),
            "status": row.event.status,
            "good": row.event.outcome == "0",
            "worst": row.event.outcome == "12",
            "purpose": words.purpose(row.event),
            "patient": None if row.event.patient is None else reading.show("Patient", row.event.patient),
        }
        for row in rows
    ]


def _cells(rows: Iterator[Row], desk: Desk, reading: Reading) -> Iterator[tuple[object, ...]]:
    names, zone = reading.names(), desk.settings.sign_in.zone
    for row in rows:
        event = row.event
        yield (
            plain_moment(event.time, zone),
            ident(row),
            event.kind,
            words.sentence(event, names),
            words.user_name(event),
            event.client_id,
            words.client_name(event, names),
            None if event.organization is None else names.organizations.get(event.organization),
            None if event.patient is None else reading.show("Patient", event.patient),
            event.type,
            words.OUTCOMES.get(event.outcome, event.outcome),
            event.status,
            words.purpose(event),
            event.address,
            event.request_id,
        )


def _choices(desk: Desk) -> dict[str, list[tuple[str, str]]]:
    """What the fields of the form offer."""
    with desk.vault.database.read() as conn:
        known = [(one.client_id, one.name) for one in clients(conn)]
    ours = [(id_, words.capital(words.PARTS[id_])) for id_ in _OURS]
    return {
        "client": ours + known,
        "group": [(name, name) for name in filters.GROUPS],
        "action": list(filters.ACTIONS.items()),
        "outcome": list(filters.OUTCOMES.items()),
        "purpose": [(code, words.capital(said)) for code, said in words.PURPOSES.items()],
    }


def _and(asked: Filters) -> str:
    return f"{asked.query}&" if asked.given else ""


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 18 else None
