"""A question that is too long is refused before any of it is understood, and nothing of it is repeated."""

from __future__ import annotations

import pytest

from gateway.extent import MOST_PARAMETERS, Extent
from gateway.refusal import Refused

SMALL = Extent(length=5, values=3)


@pytest.mark.parametrize(
    "parameters",
    [
        [],
        [("name", "")],
        [("name", "abcde")],
        [("name", "abcde,abcde,abcde")],
        [("a", "1"), ("b", "2,3")],
    ],
)
def test_what_is_within_passes(parameters: list[tuple[str, str]]):
    SMALL.check(parameters)


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ([("name", "abcdef")], "too-long"),
        ([("name", "a,abcdef")], "too-long"),
        ([("longer", "a")], "too-long"),
        ([("name", "1,2,3,4")], "too-costly"),
        ([("name", ",,,")], "too-costly"),
        ([("a", "1,2"), ("b", "3,4")], "too-costly"),
        ([("a", "1")] * (MOST_PARAMETERS + 1), "too-costly"),
    ],
)
def test_what_is_beyond_is_refused(parameters: list[tuple[str, str]], code: str):
    with pytest.raises(Refused) as refusal:
        SMALL.check(parameters)
    (issue,) = refusal.value.issues
    assert issue.code == code
    assert "abcdef" not in issue.text
