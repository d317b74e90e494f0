"""The pooled cohort equations: only for whom race is recorded as one that they have, and it is said."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mappers.facts import Finding, Sex
from tests.unit.workers.engine.enrichers.asking import chart, ends, missing, score, silent
from tests.unit.workers.engine.patients import TODAY, evidence, measured, medicine, month, person, problem

WOMAN = person(Sex.FEMALE, month(1971, 3), race=("2106-3",))
KNOWN = (
    measured("total_cholesterol", "213"),
    measured("hdl", "50"),
    measured("systolic_bp", "120"),
    Finding("smoking_status", "never", TODAY, evidence("Observation", "smoking")),
)


@pytest.mark.parametrize(("race", "risk"), [("2106-3", "2.1"), ("2054-5", "3.0")])
def test_the_published_example(race: str, risk: str):
    """A woman of 55 with 213 and 50 mg/dL and 120 mm[Hg]: 2.1 % and 3.0 % as the guideline prints them."""
    found = score("pce_2013", chart(*KNOWN, who=replace(WOMAN, race=(race,))))
    assert (ends(found), found.band) == ([(risk, risk)], "low")
    assert "this equation uses race" in found.notes


@pytest.mark.parametrize("race", [(), ("2028-9",), ("2054-5", "2106-3")])
def test_who_has_no_such_race_on_record_hears_nothing(race: tuple[str, ...]):
    assert silent("pce_2013", chart(*KNOWN, who=replace(WOMAN, race=race)))


def test_treatment_and_diabetes_raise_it_and_disease_ends_it():
    plain = score("pce_2013", chart(*KNOWN, who=WOMAN)).estimates[0].low
    for more in (medicine("lisinopril"), problem("type_2_diabetes")):
        assert score("pce_2013", chart(*KNOWN, more, who=WOMAN)).estimates[0].low > plain
    assert silent("pce_2013", chart(*KNOWN, problem("ischaemic_stroke"), who=WOMAN))
    assert missing("pce_2013", chart(*KNOWN[:-1], who=WOMAN)) == ("whether there is smoking",)
