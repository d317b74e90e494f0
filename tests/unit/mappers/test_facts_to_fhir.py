"""A value that is written as FHIR is read back as the same fact."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from mappers import lossless
from mappers.facts import Evidence, Measurement, Setting
from mappers.facts_to_fhir import observation
from mappers.fhir_to_facts import Opened, facts
from mappers.units import analytes

REFERENCE = "Observation/x/_history/1"


@st.composite
def measurements(draw: st.DrawFn) -> Measurement:
    analyte = analytes()[draw(st.sampled_from(sorted(analytes())))]
    value = draw(st.decimals(analyte.low, analyte.high, places=2))
    return Measurement(
        analyte=analyte.key,
        value=value,
        unit=analyte.unit,
        when=draw(st.dates(date(1990, 1, 1), date(2026, 1, 1))),
        setting=Setting.UNKNOWN,
        evidence=Evidence(REFERENCE),
        comparator=draw(st.sampled_from([None, "<", ">="])),
        code=draw(st.sampled_from(analyte.loinc)),
    )


@given(measurements())
def test_a_value_comes_back_as_the_same_fact(measurement):
    made = observation(measurement, "Patient/p", [], {"id": "x"})
    back = facts([Opened(REFERENCE, lossless.loads(lossless.dumps(made)))], date(2026, 5, 20))
    assert back.measurements == (measurement,)


def test_it_is_derived_only_from_what_an_observation_can_be_derived_from():
    measurement = Measurement(
        "bmi", Decimal("27.7"), "kg/m2", date(2026, 1, 1), Setting.UNKNOWN, Evidence(REFERENCE), derived=True
    )
    inputs = [Evidence("Patient/p/_history/1"), Evidence("Observation/w/_history/2")]
    made = observation(measurement, "Patient/p", inputs, {})
    assert made["derivedFrom"] == [{"reference": "Observation/w/_history/2"}]
    assert made["code"]["coding"][0]["code"] == "39156-5"
    assert made["category"][0]["coding"][0]["code"] == "vital-signs"
