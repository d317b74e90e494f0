"""One patient: who touched what, in words, day by day, and who did most of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gateway.console import filters, words
from gateway.console.asked import Answer, Desk, Moved, Shown, Visit, nothing_there
from gateway.console.reading import Found, Reading, Wanted
from gateway.console.rendering import local
from gateway.custody.ids import StoredId
from gateway.fhir.audit_event import Row, ident

HERE = "/console/patients"
ON_A_PAGE, LOOKED_AT = 60, 2_000
_MOST_PEOPLE = 12


@dataclass(frozen=True, slots=True)
class Somebody:
    """Who touched the record, how often, how often in vain, and when last."""

    who: str
    count: int
    refused: int
    last: int


def find(desk: Desk, visit: Visit) -> Answer:
    """From an id as the hospital writes it to the patient's page, whose address names nobody."""
    asked = filters.from_form(visit.form, Reading(desk, visit.person.organization))
    patient = asked.get("patient")
    return Moved(f"{HERE}/{patient}") if patient else Moved("/console")


def show(desk: Desk, visit: Visit) -> Answer:
    """The timeline of a patient."""
    reading = Reading(desk, visit.person.organization)
    patient = patient_of(reading, visit)
    ceiling, after = visit.now, filters.place_of(visit.argument("after"), reading.logs)
    asked = [("patient", visit.place["id"])]
    found = reading.search(Wanted(asked, ceiling, after, ON_A_PAGE))
    values = {
        "id": visit.place["id"],
        "days": _days(found, reading, desk),
        "total": found.total,
        "people": _people(desk, visit, reading) if after is None else [],
        "looked_at": LOOKED_AT,
        "notes": found.notes,
        "first": after is None,
        "following": f"{HERE}/{visit.place['id']}?after={filters.text_of(found.more)}" if found.more else "",
    }
    return Shown("patient.html", values, [patient], found.detail)


def patient_of(reading: Reading, visit: Visit) -> StoredId:
    """The patient of the address. Raises ``Denied`` where these people were shown no such id."""
    patient = reading.patient(visit.place["id"])
    if patient is None:
        raise nothing_there("No patient was shown to you under this id.")
    return patient


def _days(found: Found, reading: Reading, desk: Desk) -> list[tuple[str, list[dict[str, Any]]]]:
    """Events by the day on which they were here."""
    names, zone = reading.names(), desk.settings.sign_in.zone
    days: dict[str, list[dict[str, Any]]] = {}
    for row in found.rows:
        day = local(row.event.time, zone)
        days.setdefault(f"{day:%A}, {day.day} {day:%B %Y}", []).append(_line(row, names))
    return list(days.items())


def _line(row: Row, names: words.Names) -> dict[str, Any]:
    event = row.event
    ground = words.purpose(event)
    why = f", for {ground}" if ground else ""
    text = f"{words.who(event, names)} {words.deed(event)}{why}{words.ending(event)}."
    return {"time": event.time, "id": ident(row), "text": text, "good": event.outcome == "0"}


def _people(desk: Desk, visit: Visit, reading: Reading) -> Sequence[Somebody]:
    """Who is behind the newest events, the most frequent first."""
    names = reading.names()
    wanted = Wanted([("patient", visit.place["id"])], visit.now)
    count: Counter[str] = Counter()
    refused: Counter[str] = Counter()
    last: dict[str, int] = {}
    for row in reading.every(wanted, LOOKED_AT):
        who = words.who(row.event, names)
        count[who] += 1
        refused[who] += row.event.outcome != "0"
        last.setdefault(who, row.event.time)
    return [Somebody(who, n, refused[who], last[who]) for who, n in count.most_common(_MOST_PEOPLE)]
