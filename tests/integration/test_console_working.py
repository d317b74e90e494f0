"""Pages on which work is done: break-glass accesses are reviewed, failed jobs tried again, keys looked at."""

from __future__ import annotations

import os
from datetime import UTC
from typing import Any

import pytest
from sqlalchemy import select

from gateway.console.people import Role
from gateway.custody import audit, deciding, jobs
from gateway.custody.audit import Event
from gateway.custody.console_tables import glass_review
from gateway.custody.deciding import Decision
from gateway.custody.ids import StoredId, Tenant
from gateway.custody.jobs import State
from gateway.custody.tables import audit_event, job
from gateway.watching.look import Watcher
from tests import seeds
from tests.visitors import House, Visitor, console

__all__ = ["console"]

ST_ANNA = Tenant(1)
PATIENT = StoredId(b"p" * 16)
DAY = 86_400_000_000
NOTE = "The patient was alone & unconscious <b>in the yard</b>."


def told(house: House, *events: Event, log: Tenant = ST_ANNA) -> None:
    with house.vault.database.write() as conn:
        audit.append(conn, log, events)


def breaks(house: House, user: str = "ehr|dr-7", ago: int = 0) -> None:
    """Somebody breaks the glass and reads a record."""
    at = house.clock() - ago
    who: dict[str, Any] = {"client_id": "c-1", "organization": ST_ANNA, "user": user, "purpose": "BTG"}
    told(
        house,
        Event(at, "token:issue", "E", "0", 200, **who, detail="unconscious"),
        Event(at + 5_000_000, "rest:read", "R", "0", 200, **who, type="Patient", id=PATIENT, patient=PATIENT),
        Event(at + 6_000_000, "rest:read", "R", "0", 200, "c-1", ST_ANNA, "ehr|dr-8", "TREAT", "Patient"),
    )


def the_access(visitor: Visitor) -> str:
    """The path of the newest access."""
    page = visitor.reads("/console/glass")
    return "/console/glass/" + page.partition('href="/console/glass/')[2].partition('"')[0]


def kinds(house: House) -> list[tuple[str, str | None]]:
    c = audit_event.c
    with house.vault.database.read() as conn:
        return [tuple(row) for row in conn.execute(select(c.kind, c.detail).order_by(c.seq))]


# --- break-glass -----------------------------------------------------------------------------------------


def test_a_broken_glass_is_reviewed_to_its_end(console: House):
    visitor = console.visitor()
    assert "Nobody has broken the glass" in visitor.reads("/console/glass")
    breaks(console)
    assert "nobody has reviewed" in visitor.reads("/console")
    path = the_access(visitor)
    page = visitor.reads(path)
    assert "Unconscious" in page
    assert page.count("Read a Patient") == 1, "what was done under it, and nothing else"
    answer = visitor.sends(path, {"decision": "justified", "note": NOTE})
    assert (answer.status_code, answer.location) == (303, f"{path}?said=reviewed")
    page = visitor.reads(path)
    assert "&lt;b&gt;in the yard&lt;/b&gt;" in page
    assert "<b>in the yard" not in page
    assert "Every access is reviewed" in visitor.reads("/console/glass")
    assert ("console:review", f"event {path.rpartition('/')[2]}: justified") in kinds(console)


def test_the_note_is_sealed_and_stands_in_no_event(console: House):
    visitor = console.visitor()
    breaks(console)
    path = the_access(visitor)
    visitor.reads(path)
    visitor.sends(path, {"decision": "not-justified", "note": NOTE})
    with console.vault.database.read() as conn:
        (row,) = conn.execute(select(glass_review)).all()
    assert b"unconscious" not in row.sealed
    assert not any("yard" in (detail or "") for _, detail in kinds(console))


def test_a_review_that_is_late_is_said_everywhere(console: House):
    breaks(console, ago=8 * DAY)
    visitor = console.visitor()
    assert "Overdue: 1" in visitor.reads("/console")
    assert "overdue" in visitor.reads("/console/glass")


def test_nobody_reviews_what_they_did_themselves_and_nobody_twice(console: House):
    breaks(console, user="ehr|officer")
    visitor = console.visitor()
    path = the_access(visitor)
    assert "Keep the review" not in visitor.reads(path)
    visitor.reads("/console/account")
    assert visitor.sends(path, {"decision": "justified", "note": "mine"}).status_code == 422
    other = console.visitor("Second Officer")
    other.reads(path)
    assert other.sends(path, {"decision": "justified", "note": "fine"}).status_code == 303
    other.reads("/console/account")
    assert other.sends(path, {"decision": "not-justified", "note": "no"}).status_code == 422


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"decision": "justified"},
        {"decision": "perhaps", "note": "n"},
        {"decision": "justified", "note": "n" * 2001},
    ],
    ids=["nothing", "no note", "no decision", "too long"],
)
def test_a_review_says_what_and_why(console: House, form: dict[str, str]):
    breaks(console)
    visitor = console.visitor()
    path = the_access(visitor)
    visitor.reads(path)
    assert visitor.sends(path, form).status_code == 422


def test_auditors_look_and_officers_of_elsewhere_do_not(console: House):
    breaks(console)
    auditor = console.visitor("Auditor", Role.AUDITOR)
    path = the_access(auditor)
    assert "Keep the review" not in auditor.reads(path)
    auditor.reads("/console/account")
    assert auditor.sends(path, {"decision": "justified", "note": "n"}).status_code == 403
    elsewhere = console.visitor("Elsewhere", organization="st-berta")
    assert elsewhere.gets(path).status_code == 404
    assert "Nobody has broken the glass" in elsewhere.reads("/console/glass")


@pytest.mark.parametrize("id_", ["1-999", "2-1", "x-1", "1-", "1-0x1", "1-99999999999999"])
def test_what_is_no_emergency_is_not_there(console: House, id_: str):
    breaks(console)
    assert console.visitor().gets(f"/console/glass/{id_}").status_code == 404


# --- jobs ------------------------------------------------------------------------------------------------


def fails(house: House, tenant: Tenant = ST_ANNA, error: str = "ValueError") -> bytes:
    """A job that failed for good."""
    now = house.clock()
    with house.vault.database.write() as conn:
        jobs.enqueue(conn, jobs.Order(tenant, "plan", "new data", now, now), [PATIENT])
        (id_,) = conn.scalars(select(job.c.id).where(job.c.tenant == tenant, job.c.state == "queued"))
        jobs.close(conn, id_, State.DEAD, now, error)
    return bytes(id_)


def state_of(house: House, id_: bytes) -> str:
    with house.vault.database.read() as conn:
        return str(conn.scalar(select(job.c.state).where(job.c.id == id_)))


@pytest.mark.parametrize("which", ["one", "all"])
def test_a_dead_job_is_shown_with_its_reason_and_tried_again(console: House, which: str):
    visitor, dead = console.visitor(), fails(console)
    assert "There are no such jobs" in visitor.reads("/console/jobs?state=running")
    page = visitor.reads("/console/jobs")
    assert "ValueError" in page
    assert "1 job has failed for good" in page
    answer = visitor.sends("/console/jobs/retry", {"job": dead.hex() if which == "one" else "all"})
    assert answer.location == "/console/jobs?said=retried"
    assert state_of(console, dead) == "queued"
    assert ("console:retry", "jobs: 1") in kinds(console)
    visitor.reads("/console/jobs")
    assert visitor.sends("/console/jobs/retry", {"job": "all"}).status_code == 404


def test_jobs_of_another_organization_are_neither_seen_nor_touched(console: House):
    visitor = console.visitor()
    console.staff.add("Elsewhere", "st-berta", Role.OFFICER)
    dead = fails(console, Tenant(2), "SecretError")
    assert "SecretError" not in visitor.reads("/console/jobs")
    assert visitor.sends("/console/jobs/retry", {"job": dead.hex()}).status_code == 404
    assert visitor.sends("/console/jobs/retry", {"job": "all"}).status_code == 404
    assert visitor.sends("/console/jobs/retry", {"job": "zz"}).status_code == 400
    assert state_of(console, dead) == "dead"


def test_an_auditor_tries_nothing_again(console: House):
    dead = fails(console)
    auditor = console.visitor("Auditor", Role.AUDITOR)
    assert "Try again" not in auditor.reads("/console/jobs")
    auditor.reads("/console/account")
    assert auditor.sends("/console/jobs/retry", {"job": dead.hex()}).status_code == 403
    assert state_of(console, dead) == "dead"


# --- keys and policy -------------------------------------------------------------------------------------


def test_keys_are_shown_with_their_age_and_policies_with_what_they_decide(console: House):
    page = console.visitor().reads("/console/keys")
    assert page.count("in use") == 2
    assert page.count("well-formed") == 2
    assert "clinical" in page
    assert "partner-limited" in page
    assert page.count("nothing is looser") == 2


def test_plans_are_counted_by_rule_and_the_often_declined_one_is_flagged_first(console: House):
    visitor = console.visitor()
    assert "No rule has proposed anything yet" in visitor.reads("/console/plans")
    declined = [Decision(bytes([n]), "noisy", "1.0", "declined", "not-now") for n in range(20)]
    accepted = [Decision(bytes([100 + n]), "quiet", "2.1", "accepted") for n in range(30)]
    with console.vault.database.write() as conn:
        deciding.count(conn, ST_ANNA, [*declined, *accepted], console.clock())
        deciding.count(conn, Tenant(2), [Decision(b"x", "theirs", "1", "declined")], console.clock())
    page = visitor.reads("/console/plans")
    assert page.index("noisy") < page.index("quiet")
    assert "1 rule is declined in more than" in page
    assert "100 %" in page
    assert "Not now (20)" in page
    assert "theirs" not in page


def test_law_4_each_of_these_pages_is_a_look_in_the_trail(console: House):
    visitor = console.visitor()
    for page in ("glass", "jobs", "plans", "keys"):
        visitor.reads(f"/console/{page}")
        assert ("console:read", f"page: {page}") in kinds(console)


# --- connections -----------------------------------------------------------------------------------------


def test_clients_are_shown_with_when_they_were_last_here_and_an_administrator_ends_one(console: House):
    administrator = console.visitor("Ada", Role.ADMINISTRATOR)
    ehr, partner = seeds.clients(console, console.clock() - 400 * DAY)
    assert administrator.reads("/console/connections").count("never") == 2
    at = console.clock() - DAY
    told(
        console,
        Event(at, "rest:read", "R", "4", 403, client_id=ehr, organization=ST_ANNA),
        Event(at + 1, "rest:read", "R", "0", 200, client_id=ehr, organization=ST_ANNA),
    )
    Watcher(console.vault, console.clock, os.urandom, UTC).look()
    page = administrator.reads("/console/connections")
    assert page.count("never") == 1
    assert "403</a>, " in page
    assert "400 days ago" in page
    assert administrator.sends("/console/connections/revoke", {"client": ehr}).status_code == 303
    administrator.reads("/console/connections")
    assert administrator.sends("/console/connections/revoke", {"client": partner}).status_code == 303
    page = administrator.reads("/console/connections")
    assert page.count('<span class="badge">ended</span>') == 2
    assert administrator.sends("/console/connections/revoke", {"client": ehr}).status_code == 404
    with console.vault.database.read() as conn:
        c = audit_event.c
        rows = conn.execute(select(c.kind, c.user).where(c.kind.in_(["client:revoke", "grant:revoke"])))
        assert sorted(map(tuple, rows)) == [("client:revoke", "console|ada"), ("grant:revoke", "console|ada")]


def test_only_administrators_end_connections_and_of_their_own_organization(console: House):
    officer = console.visitor()
    ehr, _ = seeds.clients(console, console.clock())
    assert "Revoke" not in officer.reads("/console/connections")
    officer.reads("/console/account")
    assert officer.sends("/console/connections/revoke", {"client": ehr}).status_code == 403
    elsewhere = console.visitor("Elsewhere", Role.ADMINISTRATOR, "st-berta")
    assert ehr not in elsewhere.reads("/console/connections")
    elsewhere.reads("/console/account")
    assert elsewhere.sends("/console/connections/revoke", {"client": ehr}).status_code == 404
