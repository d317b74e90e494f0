"""Conditions: what may be written, and what they answer."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from itertools import product

import pytest

from mappers.facts import Evidence, Truth
from workers.engine.expression import Expression, answer, compiled, value
from workers.engine.grammar import ExpressionFault
from workers.engine.known import Known, Type, absent, exactly

TODAY = date(2026, 6, 15)
TYPES = {
    "today": Type.DATE,
    "a": Type.BOOLEAN,
    "b": Type.BOOLEAN,
    "n.value": Type.NUMBER,
    "n.date": Type.DATE,
    "m.value": Type.NUMBER,
    "s.word": Type.STRING,
    "has.ckd": Type.BOOLEAN,
}


def expression(text: str) -> Expression:
    return compiled(text, TYPES.get)


def asked(text: str, **known: Known) -> Truth:
    names = {name.replace("_", "."): one for name, one in known.items()}
    return answer(expression(text), names.__getitem__, TODAY).truth


REFUSED = {
    "": "parsed",
    "%n.valu > 7": "no known fact",
    "%hba1c > 7": "no known fact",
    "n.value > 7": "no known fact",
    "%a and": "lacks a side",
    "%n.value > 7 7": "only",
    "%n.value > 7)": "only",
    "%a.exists()": "only function",
    "%n.value.empty()": "only function",
    "iif(%a, true, false)": "grammar",
    "%n.value > 7 'mg/dL'": "grammar",
    "%n.value = 7": "by order",
    "%n.value != 7": "by order",
    "%n.value > '7'": "two numbers",
    "%n.value + 1 > 7": "arithmetic",
    "%n.value - 1 > 7": "arithmetic",
    "%n.date - 6 months < %today": "arithmetic",
    "%n.date + 6 minutes < %today": "arithmetic",
    "%today + 6 months > %n.date": "arithmetic",
    "%today < %today": "itself",
    "%n.value and %a": "true or false",
    "%n.value.not()": "true or false",
    "%s.word > 'x'": "two numbers",
    "%s.word ~ 'x'": "compares texts",
    "%a in (true | false)": "grammar",
    "%a | %b": "grammar",
    "Patient.birthDate < %today": "no known fact",
    "%n.value > 7 // remark": "only",
    "@2020 < %n.date": "grammar",
    "-5 < %n.value": "grammar",
    "%`n`.value > 7": "no known fact",
    "today() > %n.date": "grammar",
}


@pytest.mark.parametrize(("text", "why"), REFUSED.items())
def test_what_could_hide_a_missing_fact_or_a_slip_of_the_pen_is_refused(text: str, why: str):
    with pytest.raises(ExpressionFault, match=why):
        expression(text)


@pytest.mark.parametrize(
    "text",
    [
        "%a",
        "%a and %b or %a",
        "(%a or %b).not() and (%n.value >= 7.0)",
        "%a implies %b",
        "%a xor %b",
        "%n.date + 6 months <= %today",
        "%today > %n.date",
        "%s.word = 'G3a'",
        "%a != %b",
        "%has.ckd.not()",
        "%n.value<7and%a",
    ],
)
def test_what_may_be_written(text: str):
    assert expression(text).type is Type.BOOLEAN


STATES = {Truth.TRUE: exactly(True), Truth.FALSE: exactly(False), Truth.UNKNOWN: absent("it")}


@pytest.mark.parametrize(("left", "right"), list(product(Truth, Truth)))
def test_law_8_logic_is_three_valued(left: Truth, right: Truth):
    known = {"a": STATES[left], "b": STATES[right]}
    assert asked("%a and %b", **known) is left & right
    assert asked("%a or %b", **known) is left | right
    assert asked("%a implies %b", **known) is ~left | right
    assert asked("%a.not()", **known) is ~left


def test_law_8_what_is_missing_is_unknown_and_named():
    known = {"a": exactly(True), "n.value": absent("HbA1c not older than 12 months")}
    found = answer(expression("%a and %n.value > 7"), known.__getitem__, TODAY)
    assert found.truth is Truth.UNKNOWN
    assert found.missing == ("HbA1c not older than 12 months",)


def test_law_8_an_error_of_the_engine_is_an_error_and_never_a_no():
    broken = exactly(("not", "a", "number"))  # type: ignore[arg-type]
    with pytest.raises(Exception, match=r".+"):
        answer(expression("%n.value > 7"), {"n.value": broken}.__getitem__, TODAY)


def test_law_8_a_condition_that_gives_no_truth_value_is_an_error():
    with pytest.raises(TypeError, match="no truth value"):
        answer(expression("%a"), {"a": exactly("perhaps")}.__getitem__, TODAY)


@pytest.mark.parametrize(
    ("number", "expected"), [("7.0", Truth.FALSE), ("7.00", Truth.FALSE), ("7.0000000000000001", Truth.TRUE)]
)
def test_decimals_are_compared_exactly(number: str, expected: Truth):
    assert asked("%n.value > 7.0", n_value=exactly(Decimal(number))) is expected


def between(low: str, high: str) -> Known:
    return Known((Decimal(low), Decimal(high)))


@pytest.mark.parametrize(
    ("text", "known", "expected"),
    [
        ("%n.value < 30", between("20", "29"), Truth.TRUE),
        ("%n.value < 30", between("29.9", "30.1"), Truth.UNKNOWN),
        ("%n.value < 30", between("30", "31"), Truth.FALSE),
        ("%n.value < 30 and %n.value >= 15", between("10", "40"), Truth.UNKNOWN),
        ("%n.value > 100", between("60", "Infinity"), Truth.UNKNOWN),
        ("%n.value > 50", between("60", "Infinity"), Truth.TRUE),
    ],
)
def test_a_range_answers_only_what_all_of_it_answers(text: str, known: Known, expected: Truth):
    assert asked(text, n_value=known) is expected


def test_a_range_that_decides_nothing_says_that_it_is_one():
    found = answer(expression("%n.value < 30"), {"n.value": between("29.9", "30.1")}.__getitem__, TODAY)
    assert found.missing == ("n.value more exactly than 29.9–30.1",)


def test_evidence_of_all_that_was_read_is_kept():
    known = {"a": exactly(True, (Evidence("B/1"),)), "b": exactly(True, (Evidence("A/1"),))}
    found = answer(expression("%a and %b"), known.__getitem__, TODAY)
    assert found.evidence == (Evidence("A/1"), Evidence("B/1"))


@pytest.mark.parametrize(
    ("text", "on", "truth", "until"),
    [
        ("%n.date + 6 months <= %today", date(2025, 12, 16), Truth.FALSE, date(2026, 6, 16)),
        ("%n.date + 6 months <= %today", date(2025, 12, 15), Truth.TRUE, date(2026, 6, 16)),
        ("%n.date + 6 months <= %today", date(2025, 12, 14), Truth.TRUE, None),
        ("%today > %n.date", date(2026, 6, 15), Truth.FALSE, date(2026, 6, 16)),
        ("%today < %n.date + 1 year", date(2026, 1, 1), Truth.TRUE, date(2027, 1, 1)),
    ],
)
def test_law_7_a_comparison_with_today_names_the_day_on_which_it_turns(
    text: str, on: date, truth: Truth, until: date | None
):
    found = answer(expression(text), {"n.date": exactly(on)}.__getitem__, TODAY)
    assert (found.truth, found.until) == (truth, until)


def test_law_7_an_answer_holds_no_longer_than_what_it_read():
    known = {"a": exactly(True, until=date(2026, 9, 1)), "b": absent("b", date(2026, 8, 1))}
    assert answer(expression("%a and %b"), known.__getitem__, TODAY).until == date(2026, 8, 1)


def test_a_date_can_be_worked_out():
    due = value(expression("%n.date + 3 months"), {"n.date": exactly(date(2026, 1, 31))}.__getitem__)
    assert due.values == (date(2026, 4, 30),)
    assert (
        value(expression("%n.date + 3 months"), {"n.date": absent("the date")}.__getitem__).gap == "the date"
    )
