"""One unit per analyte: conversions, spellings, refusals."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappers.r4.ucum import comparable, scale
from mappers.units import Analyte, NotConvertible, analytes, by_loinc, number, shown


def convert(key: str, value: str, unit: str) -> Decimal:
    return analytes()[key].convert(Decimal(value), unit)


@pytest.mark.parametrize(
    ("key", "value", "unit", "expected"),
    [
        ("hba1c", "7.2", "%", "7.2"),
        ("hba1c", "53", "mmol/mol", "7.00044"),
        ("creatinine", "100", "umol/L", "1.1312"),
        ("creatinine", "100", "µmol/L", "1.1312"),
        ("body_height", "1.8", "m", "180.0"),
        ("body_weight", "200", "[lb_av]", "90.718474"),
        ("systolic_bp", "120", "mmHg", "120"),
        ("urine_acr", "3", "mg/mmol", "26.5206"),
        ("urine_acr", "30", "mg/g{creat}", "30"),
        ("egfr", "59", "mL/min/1.73m2", "59"),
        ("egfr", "59", "mL/min/{1.73_m2}", "59"),
        ("heart_rate", "70", "{beats}/min", "70"),
        ("heart_rate", "70", "{anything}/min", "70"),
        ("phq9", "12", "{score}", "12"),
        ("total_cholesterol", "5", "mmol/L", "193.35"),
        ("body_temperature", "310.15", "K", "37.00"),
    ],
)
def test_a_value_comes_to_its_analytes_unit(key, value, unit, expected):
    assert convert(key, value, unit) == Decimal(expected)


@pytest.mark.parametrize(
    ("key", "value", "unit", "reason"),
    [
        ("hba1c", "7.2", "mg/dL", "has a unit that is not known for it"),
        ("hba1c", "7.2", "", "has a unit that is not known for it"),
        ("hba1c", "72", "%", "is outside of what is possible"),
        ("d_dimer", "1", "ug/mL{DDU}", "has a unit that is not known for it"),
        ("d_dimer", "1", "ug/mL", "has a unit that is not known for it"),
        ("systolic_bp", "1200", "mm[Hg]", "is outside of what is possible"),
    ],
)
def test_what_cannot_be_trusted_is_refused_with_the_reason(key, value, unit, reason):
    with pytest.raises(NotConvertible, match=reason):
        convert(key, value, unit)


def test_a_number_keeps_its_text():
    assert number(msgspec.Raw(b"0.000000100")) == Decimal("0.000000100")
    assert number(7) == 7


@pytest.mark.parametrize("text", [b"1e999999999999", b"1e-400", b"9e99"])
def test_a_number_beyond_measure_is_refused_before_it_is_computed_with(text):
    with pytest.raises(NotConvertible):
        number(msgspec.Raw(text))


def test_every_code_measures_one_analyte():
    coded = [code for analyte in analytes().values() for code in analyte.loinc]
    assert len(coded) == len(set(coded))
    assert by_loinc("98979-8").key == "egfr"
    assert by_loinc("0000-0") is None


@pytest.mark.parametrize("analyte", analytes().values(), ids=lambda one: one.key)
def test_every_analyte_knows_its_own_unit_and_grows_with_it(analyte: Analyte):
    middle = (analyte.low + analyte.high) / 2
    assert analyte.convert(middle, analyte.unit) == middle
    assert analyte.low < analyte.high
    assert all(factor > 0 for factor, _ in analyte.conversions.values())


@given(st.sampled_from(sorted(analytes())), st.decimals(allow_nan=False, allow_infinity=False), st.text())
def test_whatever_comes_is_a_plausible_value_or_a_reason(key, value, unit):
    analyte = analytes()[key]
    try:
        converted = analyte.convert(value, unit)
    except NotConvertible:
        return
    assert analyte.low <= converted <= analyte.high


@given(st.text(min_size=3))
def test_law_2_a_reason_repeats_nothing_that_was_sent(unit):
    with pytest.raises(NotConvertible) as refused:
        analytes()["hba1c"].convert(Decimal(7), f"for {unit}")
    assert str(refused.value) == "has a unit that is not known for it"


def test_units_are_shown_as_people_read_them():
    assert shown("mL/min/{1.73_m2}") == "mL/min/1.73 m²"
    assert shown("{beats}/min") == "min"
    assert shown("mg/dL") == "mg/dL"


@pytest.mark.parametrize("analyte", sorted(analytes()))
def test_every_analyte_has_a_plausible_range_and_its_conversions_agree_with_ucum(analyte: str):
    one = analytes()[analyte]
    assert one.low < one.high
    for unit, (factor, offset) in one.conversions.items():
        if comparable(unit, one.unit):
            there, own = scale(unit), scale(one.unit)
            assert there is not None
            assert own is not None
            wanted = own.own(there.common(Fraction(10)))
            assert abs(Fraction(factor) * 10 + Fraction(offset) - wanted) <= abs(wanted) / 1000


@pytest.mark.parametrize(("sent", "unit", "shown"), [("80000", "g", "80"), ("88.4", "umol/L", "0.9999808")])
def test_a_converted_number_has_no_zeros_that_say_nothing(sent: str, unit: str, shown: str):
    analyte = analytes()["body_weight" if unit == "g" else "creatinine"]
    assert f"{analyte.convert(Decimal(sent), unit):f}" == shown


def test_a_number_in_its_own_unit_stays_as_it_was_written():
    assert f"{analytes()['hba1c'].convert(Decimal('7.10'), '%'):f}" == "7.10"
