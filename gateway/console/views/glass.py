"""Break-glass: accesses in an emergency, each to be reviewed by somebody else within a week."""

from __future__ import annotations

from gateway.console import broken_glass, traces, words
from gateway.console.asked import Answer, Denied, Desk, Moved, Shown, Visit, nothing_there
from gateway.console.broken_glass import Broken
from gateway.console.people import OFFICERS
from gateway.console.reading import Reading, row_of
from gateway.console.views.search import lines
from gateway.custody import audit
from gateway.custody.audit import Event

HERE = "/console/glass"
_SHOWN, _DEEDS = 100, 200
_SPARE_SECONDS = 60
"""A request that began before its token ended may be told after it."""


def show(desk: Desk, visit: Visit) -> Answer:
    """The newest emergencies, those first that nobody has reviewed."""
    organization = visit.person.organization
    reading = Reading(desk, organization)
    with desk.vault.database.read() as conn:
        found = broken_glass.latest(conn, desk, organization, _SHOWN)
        open_, late = broken_glass.waiting(conn, organization, visit.now)
    ordered = sorted(found, key=lambda one: one.review is not None)
    names = reading.names()
    values = {
        "rows": [(one, _who(one, names), one.late(visit.now)) for one in ordered],
        "open": open_,
        "late": late,
        "most": _SHOWN,
    }
    return Shown("glass.html", values)


def one(desk: Desk, visit: Visit) -> Answer:
    """One emergency: why, what was done, and the review."""
    return _shown(desk, visit, "", 200)


def decide(desk: Desk, visit: Visit) -> Answer:
    """Keep a review."""
    found = _found(desk, visit)
    decision, note = visit.form.get("decision", ""), visit.form.get("note", "").strip()
    fault = _fault(found, visit, decision, note)
    if fault:
        return _shown(desk, visit, fault, 422)
    person = visit.person
    with desk.vault.database.write() as conn:
        if not broken_glass.keep(conn, desk, found, person, (decision, note)):
            raise Denied(409, "Somebody else has reviewed this meanwhile. Open the page again.")
        told = traces.event(traces.REVIEW, person, visit.where, detail=f"event {found.id}: {decision}")
        audit.append(conn, person.organization, [told])
    return Moved(f"{HERE}/{found.id}", "reviewed")


def _fault(found: Broken, visit: Visit, decision: str, note: str) -> str:
    if found.review is not None:
        return "This access was reviewed already."
    if _is_self(found, visit):
        return "You broke the glass yourself: somebody else has to review it."
    if decision not in broken_glass.DECISIONS:
        return "Choose whether the access was justified."
    if not 1 <= len(note) <= broken_glass.LONGEST_NOTE:
        return f"Say what you found, in at most {broken_glass.LONGEST_NOTE} characters."
    return ""


def _is_self(found: Broken, visit: Visit) -> bool:
    user = words.user_name(_told(found)) or ""
    return user.casefold() == visit.person.login.casefold()


def _shown(desk: Desk, visit: Visit, fault: str, status: int) -> Shown:
    found = _found(desk, visit)
    reading = Reading(desk, visit.person.organization)
    with desk.vault.database.read() as conn:
        rows = broken_glass.done(conn, found, desk.settings.token_seconds + _SPARE_SECONDS, _DEEDS)
    events = tuple(row_of(row) for row in rows)
    patients = tuple(dict.fromkeys(e.event.patient for e in events if e.event.patient is not None))
    values = {
        "one": found,
        "who": _who(found, reading.names()),
        "late": found.late(visit.now),
        "lines": lines(events, reading),
        "patients": len(patients),
        "most": _DEEDS,
        "may_review": visit.person.role in OFFICERS and not _is_self(found, visit),
        "fault": fault,
        "decision": visit.form.get("decision", ""),
        "note": visit.form.get("note", ""),
        "longest": broken_glass.LONGEST_NOTE,
    }
    return Shown("glass_one.html", values, patients, status=status)


def _found(desk: Desk, visit: Visit) -> Broken:
    log, _, seq = visit.place["id"].partition("-")
    organization = visit.person.organization
    if log != str(organization) or not (seq.isascii() and seq.isdigit() and len(seq) < 13):
        raise nothing_there()
    with desk.vault.database.read() as conn:
        found = broken_glass.find(conn, desk, organization, int(seq))
    if found is None:
        raise nothing_there()
    return found


def _who(one: Broken, names: words.Names) -> str:
    return words.who(_told(one), names)


def _told(one: Broken) -> Event:
    return Event(one.time, "token:issue", "E", "0", 200, client_id=one.client, user=one.user)
