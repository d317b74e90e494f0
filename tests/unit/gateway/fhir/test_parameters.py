"""Parameters are honoured or refused."""

from __future__ import annotations

import pytest

from gateway.fhir.parameters import DEFAULT_COUNT, MOST, refuse_any, take, take_count
from gateway.refusal import Refused


def test_no_parameters_are_no_trouble():
    refuse_any([])


def test_a_parameter_that_would_be_ignored_is_refused():
    with pytest.raises(Refused):
        refuse_any([("_summary", "true")])


def test_one_is_taken_and_the_others_stay():
    assert take([("a", "1"), ("b", "2"), ("c", "3")], "b") == ("2", [("a", "1"), ("c", "3")])
    assert take([("a", "1")], "b") == (None, [("a", "1")])


def test_what_may_come_once_may_not_come_twice():
    with pytest.raises(Refused):
        take([("b", "1"), ("b", "2")], "b")


@pytest.mark.parametrize(
    ("given", "count"), [("10", 10), ("0", 0), ("1000", MOST), ("1001", MOST), ("999999999", MOST)]
)
def test_a_count_is_a_number_within_bounds(given: str, count: int):
    assert take_count([("_count", given), ("x", "y")]) == (count, [("x", "y")])


def test_without_a_count_there_is_a_default():
    assert take_count([]) == (DEFAULT_COUNT, [])


@pytest.mark.parametrize("given", ["", "-1", "ten", "1.5", "1" * 10, "１"])
def test_what_is_no_count_is_refused(given: str):
    with pytest.raises(Refused):
        take_count([("_count", given)])
