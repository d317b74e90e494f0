"""What each kind of input takes, and what it does not."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.engine.scores.inputs import Answers, Choice, Codes, Kind, Number, Pairs, Truth, Unfit

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
KINDS: list[Kind] = [
    Number("kg", 1, 300),
    Choice(("1", "2")),
    Truth(),
    Answers(3, 4),
    Codes(),
    Pairs(),
]


@pytest.mark.parametrize(
    ("kind", "value", "read"),
    [
        (Number("kg", 1, 300), "72.5", 72.5),
        (Number("kg", 1, 300), 1, 1.0),
        (Choice(("1", "2"), "scales"), 2, "2"),
        (Truth(), "Yes", True),
        (Truth(), 0, False),
        (Truth(), True, True),
        (Answers(3, 4), "1,2,4", (1, 2, 4)),
        (Answers(3, 4), [1, 2.0, 4], (1, 2, 4)),
        (Codes(), ["i21.4", " E11.9"], ("I214", "E119")),
        (Codes(), "I21.4,E11.9", ("I214", "E119")),
        (Codes(), [], ()),
        (Pairs(), [[30, 30], [0, 10]], ((0, 10), (30, 30))),
        (Pairs(), [], ()),
    ],
)
def test_it_takes_the_forms_that_people_and_programs_write(kind: Kind, value: object, read: object):
    assert kind.read(value) == read


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (Number("kg", 1, 300), ""),
        (Number("kg", 1, 300), True),
        (Number("kg", 1, 300), 10**400),
        (Choice(("1", "2")), True),
        (Choice(("1", "2")), "3"),
        (Truth(), "perhaps"),
        (Truth(), 2),
        (Answers(3, 4), [1, 2]),
        (Answers(3, 4), [1, 2, 5]),
        (Answers(3, 4), [1, 2, 1.5]),
        (Answers(3, 4), 7),
        (Codes(), [1]),
        (Codes(), [""]),
        (Pairs(), [[1]]),
        (Pairs(), [[1, -1]]),
        (Pairs(), [["x", 1]]),
    ],
)
def test_it_refuses_what_it_cannot_be_asked_with(kind: Kind, value: object):
    with pytest.raises(Unfit) as refusal:
        kind.read(value)
    assert str(refusal.value) == kind.says()


@given(st.sampled_from(KINDS), ANYTHING)
def test_whatever_comes_is_read_or_refused_and_nothing_breaks(kind: Kind, value: Any):
    with suppress(Unfit):
        kind.read(value)
