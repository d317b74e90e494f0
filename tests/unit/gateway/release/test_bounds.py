"""Filters held against rows: nothing is opened without need, and criteria find no more than may be known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from gateway.auth.scopes import parse
from gateway.custody.ids import StoredId, Tenant, WriteNo
from gateway.custody.records import StoredVersion
from gateway.release.bounds import OPEN, READ, SEARCH, Bounds, for_criteria
from gateway.stored import Resource


def row(number: int, type_: str = "Observation") -> StoredVersion:
    id_ = StoredId(number.to_bytes(16))
    return StoredVersion(WriteNo(number), Tenant(3), type_, id_, 1, id_, 0, "ehr", False, b"", b"x")


STATUSES = {1: "final", 2: "amended", 3: "final", 4: "cancelled"}


class Shelf:
    """Bodies by number, and which of them were opened."""

    def __init__(self) -> None:
        self.opened: list[int] = []

    def seen(self, rows: Sequence[StoredVersion]) -> Mapping[WriteNo, Resource]:
        self.opened += [row.write_no for row in rows]
        return {row.write_no: {"resourceType": row.type, "status": STATUSES[row.write_no]} for row in rows}


def within(scope: str, letter: str = READ) -> tuple[list[int], list[int]]:
    shelf = Shelf()
    rows = [*map(row, STATUSES), row(9, "Patient")]
    kept = Bounds(parse(scope)).within(rows, letter, shelf.seen)
    return [one.write_no for one in kept], shelf.opened


def test_what_passes_is_kept_in_its_order():
    assert within("system/Observation.rs?status=final system/Patient.r") == ([1, 3, 9], [1, 2, 3, 4])
    union = "system/Observation.r?status=final system/Observation.r?status=cancelled system/Patient.r"
    assert within(union)[0] == [1, 3, 4, 9]


def test_nothing_is_opened_where_no_filter_stands():
    assert within("system/*.rs") == ([1, 2, 3, 4, 9], [])
    assert within("system/Observation.rs?status=final system/*.r") == ([1, 2, 3, 4, 9], [])
    shelf = Shelf()
    assert OPEN.within([row(1)], READ, shelf.seen) == [row(1)]
    assert shelf.opened == []


def test_each_letter_has_its_own_filters():
    scope = "system/Observation.r?status=final system/Observation.s?status=amended system/Patient.rs"
    assert (within(scope, READ)[0], within(scope, SEARCH)[0]) == ([1, 3, 9], [2, 9])


def test_a_search_asks_beside_for_what_passes():
    (one,) = Bounds(parse("system/Observation.s?status=final&category=laboratory")).passing(
        "Observation", SEARCH
    )
    assert len(one.queries()) == 2
    assert one.holds({"status": "final", "category": [{"coding": [{"code": "laboratory"}]}]}, 0)
    assert not one.holds({"status": "final"}, 0)
    two = "system/Observation.s?status=final system/Observation.s?category=laboratory"
    (either,) = Bounds(parse(two)).passing("Observation", SEARCH)
    (query,) = either.queries()
    assert {name for name, _ in query.tokens} == {"status", "category"}
    assert Bounds(parse("system/*.s")).passing("Observation", SEARCH) == ()


@pytest.mark.parametrize(
    ("scope", "found"),
    [
        ("system/Observation.cruds", "all"),
        ("system/Observation.cruds?status=final", "final"),
        ("system/Observation.cu?status=final", "final"),
        ("system/Observation.c system/Observation.r?status=final", "final"),
        ("system/Observation.u?status=final system/Observation.s", "all"),
        ("system/Patient.cruds", "all"),
    ],
)
def test_criteria_find_what_may_be_known(scope: str, found: str):
    passing = for_criteria(parse(scope), "Observation").passing("Observation", SEARCH)
    assert bool(passing) == (found == "final")
    assert all(
        one.holds({"status": "final"}, 0) and not one.holds({"status": "amended"}, 0) for one in passing
    )
