"""Jobs: what waits, what runs, and what failed for good, which an officer can have tried again."""

from __future__ import annotations

from gateway.console import traces
from gateway.console.asked import Answer, Denied, Desk, Moved, Shown, Visit
from gateway.console.people import OFFICERS
from gateway.custody import audit, backlog
from gateway.custody.jobs import State

HERE = "/console/jobs"
_SHOWN = 100
_STATES = (State.DEAD, State.RUNNING, State.QUEUED, State.DONE)


def show(desk: Desk, visit: Visit) -> Answer:
    """Counts by state, and the newest jobs of one state."""
    tenant = visit.person.organization
    with desk.vault.database.read() as conn:
        counts = backlog.counts(conn, tenant)
        state = _state(visit.argument("state")) or (State.DEAD if counts[State.DEAD] else None)
        found = backlog.listing(conn, state, _SHOWN, tenant)
    values = {
        "counts": [(one.value, counts[one]) for one in _STATES],
        "dead": counts[State.DEAD],
        "state": state.value if state else "",
        "jobs": [(one, one.id.hex()) for one in found],
        "most": _SHOWN,
        "may_retry": visit.person.role in OFFICERS,
    }
    return Shown("jobs.html", values)


def retry(desk: Desk, visit: Visit) -> Answer:
    """Give one dead job its attempts back, or all of the organization's."""
    tenant, wanted = visit.person.organization, visit.form.get("job", "")
    with desk.vault.database.write() as conn:
        revived = backlog.retry(conn, visit.now, _id(wanted), tenant)
        if not revived:
            raise Denied(404, "There is no such failed job any more.")
        told = traces.event(traces.RETRY, visit.person, visit.where, detail=f"jobs: {revived}")
        audit.append(conn, tenant, [told])
    return Moved(HERE, "retried")


def _state(text: str) -> State | None:
    return State(text) if text in {one.value for one in State} else None


def _id(text: str) -> bytes | None:
    """The id in a form; None for ``all``."""
    if text == "all":
        return None
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise Denied(400, "A job's id is 32 hexadecimal digits.") from None
