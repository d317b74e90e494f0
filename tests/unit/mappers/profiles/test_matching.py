"""Fixed values are whole, patterns are parts, and codes are of a system."""

from __future__ import annotations

from typing import Any

import pytest

from mappers.lossless import loads
from mappers.profiles.matching import codings, fits, listed, same

CODES = {"urn:s": frozenset({"a", "b"}), "urn:t": frozenset({"c"})}


@pytest.mark.parametrize(
    ("wanted", "value", "is_same", "does_fit"),
    [
        ("x", "x", True, True),
        ("x", "X", False, False),
        (True, True, True, True),
        (True, 1, False, False),
        (1, True, False, False),
        ({"a": 1}, {"a": 1}, True, True),
        ({"a": 1}, {"a": 1, "b": 2}, False, True),
        ({"a": 1, "b": 2}, {"a": 1}, False, False),
        ({"a": 1}, ["a"], False, False),
        ([1, 2], [1, 2], True, True),
        ([1, 2], [2, 1], False, True),
        ([1], [0, 1], False, True),
        ([1], [0], False, False),
        ([1], 1, False, False),
        ({"coding": [{"code": "a"}]}, {"coding": [{"code": "b"}, {"code": "a", "x": 1}]}, False, True),
        (
            {"coding": [{"code": "a", "system": "s"}]},
            {"coding": [{"code": "a"}, {"system": "s"}]},
            False,
            False,
        ),
        ("x", None, False, False),
    ],
)
def test_fixed_is_the_whole_and_pattern_a_part(wanted: Any, value: Any, is_same: bool, does_fit: bool):
    assert same(wanted, value) is is_same
    assert fits(wanted, value) is does_fit


def test_numbers_are_equal_by_their_value():
    one, other, third = loads(b"[1.10, 1.1, 1.2]")
    assert same(one, other)
    assert fits({"value": one}, {"value": other, "unit": "x"})
    assert not same(one, third)
    assert same(1, loads(b"1.0"))


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("a", True),
        ("d", False),
        ({"system": "urn:s", "code": "a"}, True),
        ({"system": "urn:t", "code": "a"}, False),
        ({"code": "a"}, False),
        ({"system": "urn:s"}, False),
        ({"coding": [{"system": "urn:x", "code": "a"}, {"system": "urn:t", "code": "c"}]}, True),
        ({"coding": [], "text": "a"}, False),
        ({"text": "a"}, False),
        ({"value": "1", "unit": "u", "system": "urn:s", "code": "b"}, True),
        (None, False),
        (["a"], False),
    ],
)
def test_a_code_is_of_the_value_set_by_its_system(value: Any, found: bool):
    assert listed(CODES, value) is found


@pytest.mark.parametrize(
    "value", [{"coding": ["a"]}, {"coding": [None]}, {"coding": [{"code": 1}]}, {"coding": "a"}]
)
def test_what_is_no_coding_bears_no_code(value: Any):
    assert [code for system, code in codings(value) if system] == []


def test_a_coding_within_a_coding_is_none():
    inner: dict[str, Any] = {"system": "urn:s", "code": "a"}
    assert not listed(CODES, {"coding": [{"coding": [inner]}]})
