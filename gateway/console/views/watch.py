"""Watch: cases that rules opened, taken, looked into and closed; and patients whose every access is one."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from gateway.console import people, traces, words
from gateway.console.asked import Answer, Denied, Desk, Moved, Shown, Visit, nothing_there
from gateway.console.people import OFFICERS
from gateway.console.reading import Reading
from gateway.console.rendering import local
from gateway.custody import audit, watch_cases
from gateway.custody.audit import Event
from gateway.custody.ids import StoredId
from gateway.custody.watch_cases import FINDINGS, Case
from gateway.watching.rules import DAY, RULES

HERE = "/console/watch"
_SHOWN = 100
LONGEST_NOTE, LONGEST_ID = 2_000, 64


def show(desk: Desk, visit: Visit) -> Answer:
    """Open cases, what is watched for, and marked patients."""
    organization, reading = visit.person.organization, Reading(desk, visit.person.organization)
    closed = visit.argument("closed") == "yes"
    with desk.vault.database.read() as conn:
        found = watch_cases.cases(conn, organization, closed, _SHOWN)
        counts = watch_cases.counts(conn, organization)
        marked = watch_cases.marks(conn, organization)
        staff = {one.id: one.name for one in people.of(conn, organization)}
    names = reading.names()
    values = {
        "cases": [_told(one, names, staff) for one in found],
        "closed": closed,
        "open": sum(counts.values()),
        "rules": [(rule, counts.get(rule.key, 0)) for rule in RULES.values()],
        "marked": [(reading.show("Patient", one), staff.get(who, ""), since) for one, who, since in marked],
        "may_work": visit.person.role in OFFICERS,
        "most": _SHOWN,
        "longest": LONGEST_ID,
    }
    return Shown("watch.html", values, tuple(one for one, _, _ in marked))


def one(desk: Desk, visit: Visit) -> Answer:
    """One case, and the way to its events."""
    return _shown(desk, visit, "", 200)


def take(desk: Desk, visit: Visit) -> Answer:
    """Make a case one's own."""
    found, person = _found(desk, visit), visit.person
    with desk.vault.database.write() as conn:
        if not watch_cases.assign(conn, found, person.id):
            raise Denied(409, "This case is closed.")
        audit.append(conn, person.organization, [_event(visit, f"case {found.id.hex()} taken")])
    return Moved(f"{HERE}/{found.id.hex()}", "taken")


def close(desk: Desk, visit: Visit) -> Answer:
    """Close a case with what was found."""
    found, person = _found(desk, visit), visit.person
    finding, note = visit.form.get("finding", ""), visit.form.get("note", "").strip()
    if finding not in FINDINGS or not 1 <= len(note) <= LONGEST_NOTE:
        fault = f"Choose what you found, and say how you know, in at most {LONGEST_NOTE} characters."
        return _shown(desk, visit, fault, 422)
    values = {
        "person": person.id,
        "closed": visit.now,
        "finding": finding,
        "sealed": desk.sealing.seal(_purpose(found), note.encode()),
    }
    with desk.vault.database.write() as conn:
        if not watch_cases.close(conn, found, values):
            raise Denied(409, "Somebody else has closed this case meanwhile.")
        audit.append(conn, person.organization, [_event(visit, f"case {found.id.hex()} closed: {finding}")])
    return Moved(f"{HERE}/{found.id.hex()}", "closed")


def mark(desk: Desk, visit: Visit) -> Answer:
    """Have every access to a patient looked at, or no longer."""
    person, text = visit.person, visit.form.get("patient", "").strip()
    if not 1 <= len(text) <= LONGEST_ID:
        raise Denied(400, "Give the id by which your hospital knows the patient.")
    patient = Reading(desk, person.organization).resolve("Patient", text)
    wanted = visit.form.get("end") != "yes"
    with desk.vault.database.write() as conn:
        if wanted:
            watch_cases.mark(conn, person.organization, patient, (person.id, visit.now))
        else:
            watch_cases.unmark(conn, person.organization, patient)
        told = _event(visit, "patient marked" if wanted else "patient no longer marked")
        audit.append(conn, person.organization, traces.about(told, [StoredId(patient)]))
    return Moved(HERE, "marked" if wanted else "unmarked")


def _shown(desk: Desk, visit: Visit, fault: str, status: int) -> Shown:
    found, reading = _found(desk, visit), Reading(desk, visit.person.organization)
    with desk.vault.database.read() as conn:
        staff = {one.id: one.name for one in people.of(conn, visit.person.organization)}
    note = None if found.sealed is None else desk.sealing.open(_purpose(found), found.sealed)
    values = {
        "one": _told(found, reading.names(), staff),
        "note": None if note is None else note.decode(),
        "events": _events(desk, found),
        "may_work": visit.person.role in OFFICERS and found.closed is None,
        "mine": found.person == visit.person.id,
        "fault": fault,
        "finding": visit.form.get("finding", ""),
        "typed": visit.form.get("note", ""),
        "longest": LONGEST_NOTE,
    }
    return Shown("watch_one.html", values, status=status)


def _told(one: Case, names: words.Names, staff: dict[str, str]) -> dict[str, Any]:
    rule = RULES.get(one.rule)
    return {
        "id": one.id.hex(),
        "title": rule.title if rule else one.rule,
        "why": rule.why if rule else "",
        "daily": rule is not None and rule.period >= DAY,
        "subject": _subject(one, names),
        "count": one.count,
        "usual": one.usual,
        "period": one.period,
        "opened": one.opened,
        "last": one.last,
        "person": staff.get(one.person or "", "somebody who is gone") if one.person else None,
        "closed": one.closed,
        "finding": one.finding,
    }


def _subject(one: Case, names: words.Names) -> str:
    """Whom a case is about: a user as the trail names users, else a client."""
    if "|" in one.subject:
        return words.user_name(Event(0, "", "", "", 0, user=one.subject)) or one.subject
    return words.client_name(Event(0, "", "", "", 0, client_id=one.subject), names) or one.subject


def _events(desk: Desk, one: Case) -> str:
    """Where the search shows the events of a case."""
    zone = desk.settings.sign_in.zone
    day = local(one.period, zone).date()
    who = "user" if "|" in one.subject else "client"
    asked = {who: one.subject, "since": day.isoformat(), "until": day.isoformat()}
    return f"/console/search?{urlencode(asked)}"


def _found(desk: Desk, visit: Visit) -> Case:
    try:
        id_ = bytes.fromhex(visit.place["id"])
    except ValueError:
        raise nothing_there() from None
    with desk.vault.database.read() as conn:
        found = watch_cases.find(conn, visit.person.organization, id_)
    if found is None:
        raise nothing_there()
    return found


def _event(visit: Visit, detail: str) -> Event:
    return traces.event(traces.CASE, visit.person, visit.where, detail=detail)


def _purpose(one: Case) -> str:
    return f"case {one.id.hex()}"
