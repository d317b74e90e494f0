"""Units are converted exactly, within their dimension and nowhere else."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappers.r4.ucum import _units, comparable, scale, scales


def converted(number: str, of: str, to: str) -> Fraction:
    old, new = scale(of), scale(to)
    assert old is not None
    assert new is not None
    return new.own(old.common(Fraction(number)))


@pytest.mark.parametrize(
    ("number", "of", "to", "expected"),
    [
        ("5", "g", "mg", "5000"),
        ("1", "kg", "[lb_av]", "100000000/45359237"),
        ("1", "mg/dL", "g/L", "1/100"),
        ("1", "mg/L", "ug/mL", "1"),
        ("6.1", "mmol/L", "umol/mL", "6.1"),
        ("37", "Cel", "[degF]", "98.6"),
        ("0", "Cel", "K", "273.15"),
        ("1", "mm[Hg]", "Pa", "133.322387415"),
        ("60", "/min", "Hz", "1"),
        ("1", "a", "d", "365.25"),
        ("1", "wk", "h", "168"),
        ("4.5", "10*9/L", "10*3/uL", "4.5"),
        ("12", "U/L", "mU/mL", "12"),
        ("50", "%", "1", "0.5"),
        ("1", "kcal", "kJ", "4.184"),
    ],
)
def test_known_conversions(number: str, of: str, to: str, expected: str) -> None:
    assert converted(number, of, to) == Fraction(expected)
    assert comparable(of, to)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("mg/dL", "mmol/L"),
        ("U/L", "[iU]/L"),
        ("%", "mmol/mol"),
        ("mL/min", "mL/min/{1.73_m2}"),
        ("mg/g", "mg/g{creat}"),
        ("meq/L", "mmol/L"),
        ("g", "no-unit"),
        ("no-unit", "no-unit"),
    ],
)
def test_what_is_not_the_same_is_not_compared(one: str, other: str) -> None:
    assert not comparable(one, other)


def test_a_unit_that_is_not_listed_has_no_scale() -> None:
    assert scale("no-unit") is None
    assert scales("no-unit") == ()


@given(st.sampled_from(sorted(_units())), st.fractions(), st.data())
def test_there_and_back_is_where_it_began(code: str, number: Fraction, data: st.DataObject) -> None:
    own = scale(code)
    assert own is not None
    other = data.draw(st.sampled_from(scales(code)))
    assert own.own(other.common(other.own(own.common(number)))) == number
    assert own.factor > 0
