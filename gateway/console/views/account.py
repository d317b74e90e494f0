"""Somebody's own account: where they are logged in, and their password."""

from __future__ import annotations

from gateway.console import entering, passwords, people, sessions, traces
from gateway.console.asked import Answer, Denied, Desk, Moved, Shown, Visit
from gateway.console.sealing import from_text, to_text
from gateway.custody import audit

HERE = "/console/account"


def show(desk: Desk, visit: Visit) -> Answer:
    """The account, and every session of it."""
    return _shown(desk, visit, "", 200)


def end(desk: Desk, visit: Visit) -> Answer:
    """End one session, or all others."""
    which = visit.form.get("session", "")
    with desk.vault.database.write() as conn:
        if which == "others":
            sessions.end_all(conn, visit.person.id, but=visit.session)
        elif not sessions.end(conn, from_text(which) or b"", visit.person.id):
            raise Denied(404, "This session has ended already.")
        made = traces.event(traces.ACCOUNT, visit.person, visit.where, detail="sessions ended")
        audit.append(conn, visit.person.organization, [made])
    return Moved(HERE, "ended")


def change(desk: Desk, visit: Visit) -> Answer:
    """A new password, for who knows the old one."""
    new, person = visit.form.get("new", ""), visit.person
    with desk.vault.database.read() as conn:
        secrets = people.secrets_of(conn, person.id)
    if secrets is None:
        raise Denied(403, "Your password is kept by the identity provider.")
    fault = passwords.faults(new, person.login)
    if fault is None and new != visit.form.get("again", ""):
        fault = "The two new passwords are not the same."
    if fault is None:
        fault = entering.wrong_password(desk, visit.where, person, visit.form.get("old", ""))
    if fault is not None:
        return _shown(desk, visit, fault, 422)
    kept = passwords.hashed(new)
    with desk.vault.database.write() as conn:
        people.change(conn, person.id, password=kept)
        sessions.end_all(conn, person.id, but=visit.session)
        made = traces.event(traces.ACCOUNT, person, visit.where, detail="password changed")
        audit.append(conn, person.organization, [made])
    return Moved(HERE, "password")


def _shown(desk: Desk, visit: Visit, fault: str, status: int) -> Shown:
    idle = entering.limits_of(desk).idle
    with desk.vault.database.read() as conn:
        found = sessions.of(conn, visit.person.id, visit.now, idle)
        local = people.secrets_of(conn, visit.person.id) is not None
    rows = [(one, to_text(one.digest), one.digest == visit.session) for one in found]
    values = {"sessions": rows, "local": local, "fault": fault, "idle_minutes": idle // 60_000_000}
    return Shown("account.html", values, status=status)
