"""A client's number may have any exponent: wherever one is counted with, it costs what its digits cost."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.privacy.ages import _years
from mappers import units
from mappers.fhir_to_facts.family import _years as years_of
from mappers.fhir_to_facts.medication import LONGEST_SUPPLY, _supply
from mappers.lossless import exact, number_text
from mappers.profiles.matching import _equal as is_fixed
from mappers.r4 import json_patch, search
from mappers.r4.conditions import _order
from mappers.r4.model import MODEL
from mappers.r4.search_sorting import key
from mappers.r4.search_terms import MalformedValue
from mappers.r4.validate import problems

UCUM = "http://unitsofmeasure.org"
HUGE = ["1e99999999", "1e100000000000000000000", "1" + "0" * 4_000, "5.0e99999999", "12345.678e999999999"]
TINY = ["1e-99999999", "1e-100000000000000000000", "0." + "0" * 4_000 + "1"]
NOUGHT = ["0e99999999", "0.0e-99999999", "0." + "0" * 4_000]
SIZES = st.builds(
    lambda digits, exponent: msgspec.Raw(f"{digits}e{exponent}".encode()),
    st.integers(-(10**6), 10**6),
    st.one_of(st.integers(-(10**25), 10**25), st.integers(-400, 400)),
)


def raw(text: str) -> msgspec.Raw:
    return msgspec.Raw(text.encode())


def measured(value: Any, code: str = "mg") -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"text": "any"},
        "valueQuantity": {"value": value, "system": UCUM, "code": code},
    }


def holds(value: Any, query: str, code: str = "mg") -> bool:
    body = measured(value, code)
    asked = search.query("Observation", "value-quantity", None, query)
    rows = search.clinical_rows(body).ranges
    held = search.matches(body, "Observation", "value-quantity", None, query)
    proposed = asked.everything or any(
        name == wanted and low <= high_wanted and high >= low_wanted
        for name, low, high in rows
        for wanted, low_wanted, high_wanted in asked.ranges
    )
    assert proposed or not held, "rows must not lose what holds"
    return held


@pytest.mark.parametrize("text", HUGE)
def test_what_is_huge_is_above_all_that_can_be_asked(text: str):
    for unit in ("", f"|{UCUM}|mg", f"|{UCUM}|kg", f"|{UCUM}|ng"):
        for number in ("1", "-1e399", "9e399"):
            asked = [
                f"{prefix}{number}{unit}" for prefix in ("ge", "gt", "sa", "ne", "eq", "lt", "le", "eb", "ap")
            ]
            assert [one for one in asked if holds(raw(text), one)] == asked[:4]
            assert holds(raw("-" + text), f"lt{number}{unit}")
            assert not holds(raw("-" + text), f"ge{number}{unit}")


@pytest.mark.parametrize("text", TINY)
def test_what_is_tiny_is_beside_nought_and_not_nought(text: str):
    assert holds(raw(text), "gt0")
    assert holds(raw("-" + text), "lt0")
    assert holds(raw(text), "lt1e-399|" + UCUM + "|kg")
    assert holds(raw(text), "eq0"), "as 0 leaves 0.5 open to both sides"


@pytest.mark.parametrize("text", NOUGHT)
def test_nought_is_nought_however_it_is_written(text: str):
    assert holds(raw(text), "0|" + UCUM + "|kg")
    assert not holds(raw(text), "gt0")
    assert units.number(raw(text)) == 0


@given(SIZES, st.sampled_from(["mg", "kg", "Cel", "[degF]", "no-unit"]), st.integers(-(10**6), 10**6))
def test_searching_and_sorting_by_any_number(value: msgspec.Raw, code: str, wanted: int):
    for prefix in ("", "ne", "gt", "le", "sa", "eb", "ap"):
        holds(value, f"{prefix}{wanted}|{UCUM}|{code}", code)
    parameter = MODEL.search["Observation"]["value-quantity"]
    first, second = (key(measured(one, code), parameter, False) for one in (value, raw("0")))
    if 3 <= exact(value).adjusted() < 900:
        assert (first > second) == (exact(value) > 0)


@given(SIZES, SIZES)
def test_comparing_any_numbers(a: msgspec.Raw, b: msgspec.Raw):
    same = exact(a) == exact(b)
    assert is_fixed(a, b) is same
    assert (_order(a, b) == 0) is same
    patch = [{"op": "test", "path": "/v", "value": b}]
    try:
        json_patch.applied({"v": a}, patch)
    except ValueError:
        assert not same
    else:
        assert same


@given(SIZES)
def test_a_number_of_any_size_is_valid_and_kept(value: msgspec.Raw):
    assert not problems(measured(value))
    assert number_text(value) == bytes(value).decode()


@given(SIZES, st.sampled_from(["a", "mo", "wk", "d", "min"]))
def test_reading_ages_and_supplies_of_any_size(value: msgspec.Raw, code: str):
    quantity = {"value": value, "system": UCUM, "code": code}
    years = _years(dict(quantity))
    assert years is not None
    if exact(value).adjusted() > 20 and exact(value):
        assert (years > 89) is (exact(value) > 0)
    if exact(value).adjusted() < -20:
        assert -1 < years < 1
    assert years_of(quantity) is None or 0 <= (years_of(quantity) or 0) <= 200
    supply = _supply({"value": value, "code": "d"})
    assert supply is None or supply <= LONGEST_SUPPLY


@given(SIZES)
def test_facts_have_numbers_of_human_size(value: msgspec.Raw):
    try:
        found = units.number(value)
    except units.NotConvertible:
        assert abs(exact(value).adjusted()) > units.LARGEST_EXPONENT
    else:
        assert found == exact(value)
        assert abs(found.adjusted()) <= units.LARGEST_EXPONENT


@pytest.mark.parametrize(
    "query",
    ["1" * 401, "gt" + "1" * 1_000, "1e400", "1e-400", "ge1e99999999", "1e" + "9" * 40],
)
def test_a_question_of_a_size_that_no_double_has_is_malformed(query: str):
    with pytest.raises(MalformedValue):
        search.query("Observation", "value-quantity", None, query)


@pytest.mark.parametrize(
    "query", ["1" * 310, "ap1.7e308", "ap-1.7e308", f"ge9e307|{UCUM}|kg", f"le-9e307|{UCUM}|kg"]
)
def test_a_question_beyond_a_double_is_answered(query: str):
    assert not holds(raw("5"), query)
    assert holds(raw("5"), "ne" + query.lstrip("aplge"))


def test_an_exponent_beyond_all_decimals_counts_as_the_greatest():
    assert exact(raw("1e100000000000000000000")) == Decimal("1e100000000000000000")
    assert exact(raw("-1E-100000000000000000000")) == Decimal("-1e-100000000000000000")
    assert exact(raw("5e+000000000000000000000000002")) == 500
