"""Erasing one of two records that are one person: nothing of it is left in the plan of both."""

from __future__ import annotations

import pytest

from gateway.custody import merges, records
from gateway.custody.ids import pseudonym
from gateway.custody.operator import By
from gateway.custody.tables import data
from gateway.erasure import Request
from gateway.release.opened import clinical_halves
from mappers import lossless
from tests.desk import ST_ANNA, Desk, patient
from tests.desk import small_desk as small_desk
from tests.integration.test_merges import (
    acts,
    chart,
    decides,
    evidence,
    link,
    old,
    plan_of,
    told,
    union,
    works,
)


@pytest.fixture
def one(small_desk: Desk) -> Desk:
    """Two records that are one person, with one plan."""
    small_desk.puts(*chart(), old())
    works(small_desk)
    return small_desk


def erase(desk: Desk, name: str) -> None:
    desk.erasure.erase(Request(ST_ANNA, name, "Art. 17 GDPR", By("test")))


def halves(desk: Desk) -> str:
    """Every clinical half that can still be opened, old versions too."""
    numbers = [row.write_no for row in desk.rows(data.tables["version"])]
    with desk.vault.database.read() as conn:
        rows = [row for row in records.by_number(conn, numbers).values() if row.clinical is not None]
    found = clinical_halves(desk.vault, ST_ANNA, rows)
    return b"\n".join(lossless.dumps(half) for half in found if half).decode()


def test_of_an_erased_record_nothing_is_left_in_the_plan_that_stood_on_it(one: Desk):
    decides(one, "new", statin="cancelled")
    theirs = [pseudonym(one.id_of(name)) for name in ("Condition/dm", "Observation/crea", "Patient/old")]
    assert all(name in halves(one) for name in theirs)
    erase(one, "old")
    works(one)
    found = plan_of(one, "new")
    assert found is not None
    assert found["status"] == "draft"
    assert evidence(found) <= {"Observation/a1c", "Patient/new"}
    left = halves(one)
    assert not [name for name in theirs if name in left]
    assert one.rows(data.tables["patient_merge"]) == []


def test_erasing_the_surviving_record_leaves_the_other_alone(one: Desk):
    erase(one, "new")
    works(one)
    found = plan_of(one, "old")
    assert found is not None
    assert found["status"] == "draft"
    assert "start-statin-moderate" in acts(found)
    assert told(one) == []


def test_the_rest_of_a_group_is_decided_anew(one: Desk):
    one.puts(patient("third"), patient("old", link=link("new") + link("third")))
    assert told(one) == [("blocked", "fork")] * 2
    with one.leaves() as events:
        erase(one, "third")
    works(one)
    assert union(one, "old").survivor == one.id_of("Patient/new")
    assert "Condition/dm" in evidence(plan_of(one, "new"))
    with one.vault.database.read() as conn:
        assert [found.state for found in merges.listing(conn, ST_ANNA)] == ["united"]
    assert "merge:united" in [event.kind for event in events]
