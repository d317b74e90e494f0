"""What is out of the ordinary becomes one case, once, and is worked to its end at the console."""

from __future__ import annotations

import os
from datetime import UTC
from typing import Any

import pytest
from sqlalchemy import func, select

from gateway.console.people import Role
from gateway.custody import audit, erasing, watch_cases
from gateway.custody.audit import Event
from gateway.custody.ids import StoredId, Tenant
from gateway.custody.tables import audit_event
from gateway.custody.watch_tables import watch_case, watch_contact, watch_count, watch_cursor
from gateway.watching.look import Watcher
from tests import seeds
from tests.visitors import House, Visitor, console, console_here

__all__ = ["console", "console_here"]

HOUR, DAY = 3_600_000_000, 86_400_000_000
PATIENT = StoredId(b"p" * 16)
NOTE = "Her shift was changed & nobody <i>said</i> so."


class Ward:
    """A hospital whose trail is watched."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.officer = house.visitor()
        self.tenant = seeds.tenant(house)
        self.watcher = Watcher(house.vault, house.clock, os.urandom, UTC)
        self.watcher.look()

    def happens(self, count: int, kind: str = "rest:read", ago: int = 0, **more: Any) -> None:
        told = {"action": "R", "outcome": "0", "status": 200, "client_id": "c-1", "patient": PATIENT}
        at = self.house.clock() - ago
        events = [Event(time=at + n, kind=kind, **(told | more)) for n in range(count)]
        with self.house.vault.database.write() as conn:
            audit.append(conn, self.tenant, events)

    def cases(self) -> dict[str, tuple[str, int]]:
        self.watcher.look()
        with self.house.vault.database.read() as conn:
            found = watch_cases.cases(conn, self.tenant, False, 100)
        return {one.rule: (one.subject, one.count) for one in found}


@pytest.fixture
def ward(console: House) -> Ward:
    return Ward(console)


def test_the_day_as_usual_is_no_case(ward: Ward):
    ward.happens(19, "rest:search", outcome="4", status=403)
    ward.happens(100, user="ehr|dr-1")
    assert ward.cases() == {}


def test_a_spike_is_a_case_and_what_is_many_times_usual_only(ward: Ward):
    for back in (5, 4, 3, 2):
        ward.happens(450, ago=back * HOUR)
    assert ward.cases() == {}
    ward.happens(600)
    assert ward.cases() == {}, "more than the least, and not five times what is usual"
    ward.happens(1_700)
    assert ward.cases() == {"volume": ("c-1", 2_300)}
    ward.happens(10)
    assert ward.cases() == {"volume": ("c-1", 2_310)}, "the same case, brought up to date"


@pytest.mark.parametrize(
    ("rule", "count", "events"),
    [
        ("refusals", 20, {"outcome": "4", "status": 403}),
        ("identified", 40, {"kind": "console:search", "user": "console|officer"}),
    ],
)
def test_each_rule_opens_at_its_number_and_not_before(
    ward: Ward, rule: str, count: int, events: dict[str, Any]
):
    ward.happens(count - 1, **events)
    assert ward.cases() == {}
    ward.happens(1, **events)
    assert list(ward.cases()) == [rule]


def test_night_is_when_people_here_sleep(ward: Ward):
    ward.happens(30, user="ehr|dr-1")
    assert ward.cases() == {}
    ward.happens(30, user="ehr|dr-2", ago=7 * HOUR)
    assert ward.cases() == {"off-hours": ("ehr|dr-2", 30)}


def test_many_first_contacts_are_a_case_and_second_ones_not(ward: Ward):
    def meet(first: int, count: int) -> None:
        for n in range(first, first + count):
            ward.happens(1, patient=StoredId(n.to_bytes(16, "big")))

    meet(0, 49)
    meet(0, 49)
    assert ward.cases() == {}
    meet(49, 1)
    assert ward.cases() == {"first-contact": ("c-1", 50)}


def test_a_revoked_client_that_calls_on_is_a_case(ward: Ward):
    ehr, _partner = seeds.clients(ward.house, ward.house.clock())
    ward.happens(1, "token:refuse", client_id=ehr, outcome="4", status=401, patient=None)
    assert ward.cases() == {}
    from gateway.auth.registration import Registration

    Registration(ward.house.vault.database, ward.house.clock, os.urandom).revoke_client(ehr)
    ward.happens(1, "token:refuse", client_id=ehr, outcome="4", status=401, patient=None)
    assert ward.cases() == {"revoked": (ehr, 1)}


def test_an_event_counts_once_whoever_is_killed(ward: Ward, monkeypatch: pytest.MonkeyPatch):
    ward.happens(20, outcome="4", status=403)

    def dies(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(watch_cases, "move", dies)
        with pytest.raises(KeyboardInterrupt):
            ward.watcher.look()
    assert ward.cases() == {"refusals": ("c-1", 20)}
    assert ward.watcher.look() == 0


def test_the_first_look_goes_back_a_day_and_no_further(console_here: House):
    ward = Ward(console_here)
    with ward.house.vault.database.write() as conn:
        conn.execute(watch_cursor.delete())
    ward.happens(20, outcome="4", status=403, ago=2 * DAY)
    ward.happens(20, outcome="4", status=403, ago=HOUR)
    assert ward.cases() == {"refusals": ("c-1", 20)}


# --- at the console --------------------------------------------------------------------------------------


def the_case(visitor: Visitor) -> str:
    page = visitor.reads("/console/watch")
    found = [part.partition('"')[0] for part in page.split('href="/console/watch/')[1:]]
    return f"/console/watch/{found[0]}"


def kinds(house: House, kind: str) -> list[str]:
    c = audit_event.c
    with house.vault.database.read() as conn:
        return list(conn.scalars(select(c.detail).where(c.kind == kind).order_by(c.seq)))


def test_a_case_is_taken_looked_into_and_closed(ward: Ward):
    assert "Nothing waits for you" in ward.officer.reads("/console/watch")
    ward.happens(25, outcome="4", status=403, ago=1_000)
    ward.cases()
    assert "Open cases on the watch list: 1" in ward.officer.reads("/console")
    path = the_case(ward.officer)
    assert "A client was refused again and again" in ward.officer.reads(path)
    assert ward.officer.sends(f"{path}/take").location == f"{path}?said=taken"
    page = ward.officer.reads(path)
    assert "Take this case" not in page
    events = page.partition('href="/console/search?')[2].partition('"')[0].replace("&amp;", "&")
    assert "25 events" in ward.officer.reads(f"/console/search?{events}")
    ward.officer.reads(path)
    assert ward.officer.sends(f"{path}/close", {"finding": "harmless"}).status_code == 422
    ward.officer.reads(path)
    answer = ward.officer.sends(f"{path}/close", {"finding": "harmless", "note": NOTE})
    assert answer.location == f"{path}?said=closed"
    page = ward.officer.reads(path)
    assert "&lt;i&gt;said&lt;/i&gt;" in page
    assert "<i>said" not in page
    assert "refused again" in ward.officer.reads("/console/watch?closed=yes")
    id_ = path.rpartition("/")[2]
    assert kinds(ward.house, "console:case") == [f"case {id_} taken", f"case {id_} closed: harmless"]
    with ward.house.vault.database.read() as conn:
        (row,) = conn.execute(select(watch_case)).all()
    assert b"shift" not in row.sealed
    ward.happens(5, outcome="4", status=403)
    assert ward.cases() == {}, "what was closed stays closed for its period"


def test_a_marked_patient_is_watched_and_unmarked_again(ward: Ward):
    ward.officer.reads("/console/watch")
    assert ward.officer.sends("/console/watch/mark", {"patient": "mrn-1"}).location.endswith("said=marked")
    marked = seeds.patient(ward.house, "mrn-1")
    ward.happens(1, patient=marked, user="ehr|dr-1")
    ward.happens(1, patient=PATIENT, user="ehr|dr-1")
    assert ward.cases() == {"marked": ("ehr|dr-1", 1)}
    page = ward.officer.reads("/console/watch")
    assert "mrn-1" not in page
    ward.officer.sends("/console/watch/mark", {"patient": "mrn-1", "end": "yes"})
    ward.happens(1, patient=marked, user="ehr|dr-2")
    assert ward.cases() == {"marked": ("ehr|dr-1", 1)}
    assert kinds(ward.house, "console:case") == ["patient marked", "patient no longer marked"]


def test_auditors_read_and_others_see_nothing(ward: Ward):
    ward.happens(25, outcome="4", status=403)
    ward.cases()
    auditor = ward.house.visitor("Auditor", Role.AUDITOR)
    path = the_case(auditor)
    assert "Close the case" not in auditor.reads(path)
    auditor.reads("/console/account")
    for way, form in (("take", {}), ("close", {"finding": "harmless", "note": "n"})):
        assert auditor.sends(f"{path}/{way}", form).status_code == 403
    elsewhere = ward.house.visitor("Elsewhere", organization="st-berta")
    assert elsewhere.gets(path).status_code == 404
    assert "Nothing waits for you" in elsewhere.reads("/console/watch")
    elsewhere.reads("/console/account")
    assert elsewhere.sends(f"{path}/take").status_code == 404
    assert elsewhere.gets("/console/watch/zz").status_code == 404


def test_an_erased_patient_is_forgotten_by_the_watch(ward: Ward):
    ward.officer.reads("/console/watch")
    ward.officer.sends("/console/watch/mark", {"patient": "mrn-1"})
    marked = seeds.patient(ward.house, "mrn-1")
    ward.happens(1, patient=marked)
    ward.cases()
    with ward.house.vault.database.write() as conn:
        erasing.forget_jobs(conn, Tenant(ward.tenant), marked)
        assert watch_cases.marks(conn, ward.tenant) == []
        mine = select(func.count()).select_from(watch_contact).where(watch_contact.c.patient == marked)
        assert conn.scalar(mine) == 0
        assert conn.scalar(select(func.count()).select_from(watch_count)) > 0
