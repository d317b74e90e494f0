"""What is stored is compared with what the trail says was written: what somebody changed is named."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import Any

import pytest
from sqlalchemy import text

from gateway.custody import audit, keeping
from gateway.custody.archive.tables import audit_archive
from gateway.custody.keeping import Rule
from gateway.custody.operator import By
from gateway.custody.periods import Period
from gateway.custody.recorded import comparing
from gateway.custody.recorded.comparing import Compared, Difference, compare
from gateway.erasure import Request
from gateway.retention import Sweep
from tests.desk import ST_ANNA, ST_BERTA, Desk, diabetic, ehr, entry, observation, patient, put
from tests.desk import desk as desk
from tests.desk import small_desk as small_desk

DAY = 86_400_000_000
A1C = "Observation/anna-a1c"


def compared(desk: Desk) -> Compared:
    with desk.vault.database.read() as conn:
        return compare(conn)


def named(desk: Desk) -> dict[str, str]:
    """The hospital's own ids behind what differs."""
    known = [f"{one['resourceType']}/{one['id']}" for name in ("anna", "berta") for one in diabetic(name)]
    return {desk.id_of(reference).hex(): reference for reference in known}


def differences(desk: Desk, *statements: str) -> list[tuple[str, int, str]]:
    """What differs while these statements are done, which are undone again."""
    known = named(desk)
    with suppress(Undone), desk.vault.database.write() as conn:
        for statement in statements:
            conn.execute(text(statement))
        found = compare(conn).differences
        raise Undone
    return [(known.get(one.id, one.type), one.version, one.what) for one in found]


class Undone(Exception):  # noqa: N818 - it reads as what happens
    """Nothing of the transaction is to stay."""


def group(*names: str) -> dict[str, Any]:
    members = [{"entity": {"reference": f"Patient/{name}"}} for name in names]
    return {"resourceType": "Group", "id": "g", "type": "person", "actual": True, "member": members}


def scene(desk: Desk) -> None:
    """Two hospitals; patients with plans; what was changed, deleted, and made again."""
    desk.submits(*map(put, (*diabetic("anna"), *diabetic("berta"), group("anna", "berta"))))
    desk.puts(*diabetic("anna"), actor=ehr(ST_BERTA))
    desk.works()
    desk.now += DAY
    desk.puts(observation("anna-a1c", "Patient/anna", value="8.4"), patient("anna", gender="other"))
    desk.submits(entry("DELETE", "Observation/anna-crea"), put(observation("anna-2", "Patient/anna")))
    desk.puts(observation("anna-crea", "Patient/anna", "2160-0", "1.3"))
    desk.works()


# --- what changes rightly ---------------------------------------------------------------------------------


def test_what_was_written_changed_and_deleted_is_as_the_trail_says(desk: Desk) -> None:
    scene(desk)
    found = compared(desk)
    assert (found.differences, found.archived) == ([], 0)
    assert found.versions == desk.counts()["version"] > 30


def test_an_erasure_rewrites_and_takes_out_and_leaves_no_difference(desk: Desk) -> None:
    scene(desk)
    before = compared(desk).versions
    desk.erasure.erase(Request(ST_ANNA, "anna", "Art. 17 GDPR, request 2026-114", By("test")))
    desk.works()
    found = compared(desk)
    assert found.differences == []
    assert found.versions < before


def test_retention_takes_out_and_leaves_no_difference(desk: Desk) -> None:
    scene(desk)
    with desk.vault.database.write() as conn:
        keeping.put(conn, ST_ANNA, Rule("Observation", Period(30, "d"), superseded=Period(1, "d")), desk.now)
    desk.now += 3 * DAY
    assert Sweep(desk.vault, desk.clock, os.urandom).run()
    assert compared(desk).differences == []
    desk.now += 40 * DAY
    assert Sweep(desk.vault, desk.clock, os.urandom).run()
    desk.works()
    assert compared(desk).differences == []
    desk.puts(observation("anna-a1c", "Patient/anna", value="7.0"))
    assert compared(desk).differences == []


@pytest.mark.parametrize("waiting", [2, 3, 7])
def test_little_memory_is_enough(small_desk: Desk, monkeypatch: pytest.MonkeyPatch, waiting: int) -> None:
    """What has waited for too long is looked up, in whatever order the clocks of writers put it."""
    desk = small_desk
    scene(desk)
    desk.now -= 3 * DAY
    desk.puts(*diabetic("carla"))
    desk.now += 9 * DAY
    desk.puts(*diabetic("dora"))
    desk.erasure.erase(Request(ST_ANNA, "anna", "Art. 17 GDPR, request 2026-114", By("test")))
    monkeypatch.setattr(comparing, "WAITING", waiting)
    assert compared(desk).differences == []
    monkeypatch.setattr(comparing, "in_step", lambda rows, events: [*events, *rows])
    assert compared(desk).differences == []
    monkeypatch.setattr(comparing, "in_step", lambda rows, events: [*rows, *events])
    assert compared(desk).differences == []


# --- what somebody changed --------------------------------------------------------------------------------

UNLIKE, UNKNOWN, MISSING = (
    "what is stored is not what was written",
    "a version that no event speaks of",
    "the version is missing",
)
HEAD, HEADLESS = (
    "the head of the resource is not its newest version",
    "the resource of this version has no head",
)


def number(desk: Desk, reference: str, version: int) -> int:
    type_ = reference.partition("/")[0]
    rows = desk.rows(comparing.version)
    (found,) = [
        row.write_no
        for row in rows
        if (row.tenant, row.type, row.id, row.version) == (ST_ANNA, type_, desk.id_of(reference), version)
    ]
    return int(found)


def attack(desk: Desk, *statements: str, reference: str = A1C) -> None:
    """The statements, with the numbers of the first and second version of a resource put in."""
    numbers = {"one": number(desk, reference, 1), "two": number(desk, reference, 2)}
    with desk.vault.database.write() as conn:
        for statement in statements:
            conn.execute(text(statement.format(**numbers)))


_OF_ONE = "(SELECT {} FROM {} WHERE write_no = {{one}}) WHERE write_no = {{two}}"
OLDER = (
    f"UPDATE version SET clinical = {_OF_ONE.format('clinical', 'version')}",
    f"UPDATE version SET digest = {_OF_ONE.format('digest', 'version')}",
    f"UPDATE withheld SET sealed = {_OF_ONE.format('sealed', 'withheld')}",
)
GONE = ("DELETE FROM version WHERE write_no = {two}", "DELETE FROM withheld WHERE write_no = {two}")
BACK = ("UPDATE record SET version = 1, write_no = {one} WHERE write_no = {two}",)
_CELLS = "tenant, type, id, 3, compartment, written, origin, deleted, digest, clinical"
MORE = (
    f"INSERT INTO version SELECT write_no + 1000, {_CELLS} FROM version WHERE write_no = {{one}}",
    "INSERT INTO withheld SELECT write_no + 1000, sealed FROM withheld WHERE write_no = {one}",
)
AHEAD = ("UPDATE record SET version = 3, write_no = {one} + 1000 WHERE write_no = {two}",)

ATTACKS: dict[str, tuple[tuple[str, ...], list[tuple[str, int, str]]]] = {
    "an older version put back": (OLDER, [(A1C, 2, UNLIKE)]),
    "a withheld half of the version before": (OLDER[2:], [(A1C, 2, UNLIKE)]),
    "a digest that was changed": (
        ("UPDATE version SET digest = clinical WHERE write_no = {two}",),
        [(A1C, 2, UNLIKE)],
    ),
    "a withheld half taken out": (
        ("DELETE FROM withheld WHERE write_no = {one}",),
        [(A1C, 1, UNLIKE)],
    ),
    "a version taken out": (
        ("DELETE FROM version WHERE write_no = {one}", "DELETE FROM withheld WHERE write_no = {one}"),
        [(A1C, 1, MISSING)],
    ),
    "the newest version taken out": (GONE, [(A1C, 2, MISSING), (A1C, 2, HEAD)]),
    "the newest version taken out and the head set back": ((*BACK, *GONE), [(A1C, 2, MISSING)]),
    "a head set back": (BACK, [(A1C, 1, HEAD)]),
    "a resource hidden": (
        ("UPDATE record SET deleted = 1 WHERE write_no = {two}",),
        [(A1C, 2, HEAD)],
    ),
    "a head taken out": (
        ("DELETE FROM record WHERE write_no = {two}",),
        [(A1C, 1, HEADLESS), (A1C, 2, HEADLESS)],
    ),
    "a version put in": (MORE, [(A1C, 3, UNKNOWN), (A1C, 2, HEAD)]),
    "a version put in and the head set on it": ((*MORE, *AHEAD), [(A1C, 3, UNKNOWN)]),
    "a resource moved to another tenant": (
        ("UPDATE version SET tenant = 4 WHERE write_no = {one}",),
        [(A1C, 1, UNLIKE), (A1C, 1, HEADLESS)],
    ),
}


def test_what_was_altered_put_back_put_in_or_taken_out_is_named(desk: Desk) -> None:
    scene(desk)
    numbers = {"one": number(desk, A1C, 1), "two": number(desk, A1C, 2)}
    for what, (statements, expected) in ATTACKS.items():
        done = [statement.format(**numbers) for statement in statements]
        assert differences(desk, *done) == expected, what
    assert differences(desk) == []


def test_the_event_is_named_and_nobody(desk: Desk) -> None:
    scene(desk)
    attack(desk, *OLDER)
    (event,) = [
        row for row in desk.events() if (row.id, row.version, row.kind) == (desk.id_of(A1C), 2, "rest:update")
    ]
    assert compared(desk).differences == [
        Difference(ST_ANNA, "Observation", desk.id_of(A1C).hex(), 2, event.seq, UNLIKE)
    ]


def test_a_plan_that_was_altered_is_found_as_well(desk: Desk) -> None:
    scene(desk)
    with desk.vault.database.write() as conn:
        conn.execute(text("UPDATE version SET clinical = digest WHERE type = 'CarePlan' AND tenant = 3"))
    found = compared(desk).differences
    assert {(one.type, one.what) for one in found} == {("CarePlan", UNLIKE)}
    assert len(found) == len(
        [row for row in desk.rows(comparing.version) if row.type == "CarePlan" and row.tenant == ST_ANNA]
    )


def test_what_erasure_rewrote_is_not_put_back(desk: Desk) -> None:
    """The version as it was before it lost the erased: its first event speaks for it, a later one not."""
    scene(desk)
    which = text("SELECT write_no, clinical, digest FROM version WHERE type = 'Group' AND tenant = 3")
    with desk.vault.database.read() as conn:
        before = conn.execute(which).mappings().one()
    desk.erasure.erase(Request(ST_ANNA, "anna", "Art. 17 GDPR, request 2026-114", By("test")))
    assert compared(desk).differences == []
    with desk.vault.database.write() as conn:
        back = "UPDATE version SET clinical = :clinical, digest = :digest WHERE write_no = :write_no"
        conn.execute(text(back), dict(before))
    assert [(one.type, one.version, one.what) for one in compared(desk).differences] == [("Group", 1, UNLIKE)]


def test_what_was_deleted_by_nobody_s_rule_is_missing_though_a_rule_deleted_others(desk: Desk) -> None:
    scene(desk)
    with desk.vault.database.write() as conn:
        keeping.put(conn, ST_ANNA, Rule("Observation", Period(9, "y"), superseded=Period(1, "d")), desk.now)
    desk.now += 3 * DAY
    Sweep(desk.vault, desk.clock, os.urandom).run()
    assert compared(desk).differences == []
    with desk.vault.database.write() as conn:
        conn.execute(text("DELETE FROM version WHERE type = 'Observation' AND version = 2 AND tenant = 3"))
    assert {(one[0], one[2]) for one in differences(desk)} >= {(A1C, MISSING)}


# --- archived ---------------------------------------------------------------------------------------------


def test_a_version_whose_event_is_archived_is_counted_and_not_judged(desk: Desk) -> None:
    scene(desk)
    seen = compared(desk).versions
    with desk.vault.database.write() as conn:
        size = audit.head_of(conn, ST_ANNA).size
        conn.execute(audit_archive.insert().values(log=ST_ANNA, size=size, before=desk.now + 1))
        conn.execute(text("DELETE FROM audit_event WHERE log = 3"))
    desk.now += DAY
    desk.puts(observation("anna-a1c", "Patient/anna", value="7.2"))
    found = compared(desk)
    assert (found.differences, found.versions) == ([], seen + 1)
    assert found.archived == len(
        [row for row in desk.rows(comparing.version) if row.tenant == ST_ANNA and row.written < desk.now]
    )
    with desk.vault.database.write() as conn:
        conn.execute(text(f"UPDATE version SET clinical = digest WHERE written = {desk.now}"))
    assert differences(desk) == [(A1C, 3, UNLIKE)]


def test_where_nothing_was_written_nothing_differs(desk: Desk) -> None:
    assert compared(desk) == Compared()
