"""What has to be written, given what stands and what is implied."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.custody.ids import StoredId, pseudonym
from workers.outcome import ENDED, Change, changes
from workers.reading import Derived

ONE, TWO = StoredId(b"1" * 16), StoredId(b"2" * 16)


def body(kind: str = "CarePlan", ident: StoredId = ONE, **more: Any) -> dict[str, Any]:
    return {"resourceType": kind, "id": pseudonym(ident), **more}


def test_what_is_new_is_its_first_version() -> None:
    assert changes([body()], {}) == [Change("CarePlan", ONE, 1, body())]


def test_law_7_what_stands_as_implied_is_left_alone() -> None:
    standing = {("CarePlan", ONE): Derived(3, 3, {"id": pseudonym(ONE), "resourceType": "CarePlan"})}
    assert changes([body()], standing) == []


def test_law_7_another_day_alone_makes_no_new_version() -> None:
    standing = {("CarePlan", ONE): Derived(1, 1, body(created="2026-01-01"))}
    assert changes([body(created="2026-02-02")], standing) == []
    (change,) = changes([body(created="2026-02-02", title="x")], standing)
    assert change.body["created"] == "2026-01-01"


def test_what_is_implied_differently_is_the_next_version_after_the_head() -> None:
    standing = {("CarePlan", ONE): Derived(7, 4, body(title="old"))}
    assert changes([body(title="new")], standing) == [Change("CarePlan", ONE, 8, body(title="new"))]


def test_law_10_what_a_clinician_made_of_it_stays_while_the_evidence_does() -> None:
    # The head is the clinician's version 2; what a worker last wrote is version 1, and still implied.
    assert changes([body()], {("CarePlan", ONE): Derived(2, 1, body())}) == []


@pytest.mark.parametrize("kind", sorted(ENDED))
def test_what_is_implied_no_more_ends_once(kind: str) -> None:
    element, status = ENDED[kind]
    standing = {(kind, ONE): Derived(1, 1, body(kind, **{element: "active"}))}
    (change,) = changes([], standing)
    assert (change.version, change.body[element]) == (2, status)
    assert changes([], {(kind, ONE): Derived(2, 2, change.body)}) == []


def test_a_completed_plan_is_not_revoked() -> None:
    assert changes([], {("CarePlan", ONE): Derived(2, 2, body(status="completed"))}) == []


def test_what_we_ended_is_ended_once_and_taken_up_again_in_the_next_version() -> None:
    ended = body(status="revoked", title="old")
    was = Derived(3, 1, body(status="draft"), None, True, ended)
    assert changes([], {("CarePlan", ONE): was}) == []
    assert changes([ended], {("CarePlan", ONE): was}) == []
    again = body(status="draft")
    assert changes([again], {("CarePlan", ONE): was}) == [Change("CarePlan", ONE, 4, again)]


def test_provenance_never_ends() -> None:
    assert changes([], {("Provenance", ONE): Derived(1, 1, body("Provenance"))}) == []


def test_an_id_that_is_no_pseudonym_is_a_fault() -> None:
    with pytest.raises(ValueError, match="pseudonym"):
        changes([{"resourceType": "Goal", "id": "mrn-1"}], {})


def test_each_is_judged_by_itself() -> None:
    standing = {("Goal", ONE): Derived(1, 1, body("Goal", lifecycleStatus="proposed"))}
    found = changes([body("Goal", TWO, lifecycleStatus="proposed")], standing)
    assert [(c.id, c.version, c.body["lifecycleStatus"]) for c in found] == [
        (TWO, 1, "proposed"),
        (ONE, 2, "cancelled"),
    ]
