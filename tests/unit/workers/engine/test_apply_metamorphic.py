"""What must not matter does not, over the whole of facts and enrichment, from resources to the plan.

One law a test: units, order, doubles, errors, one offset on all dates, a needed input taken away. The offset
is of whole cycles of 28 years, in which every month, leap day and birthday stays what it was (between 1901
and 2099): any other would change how long a month is and when somebody turns 60, and so change the truth.
"""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mappers.facts import Facts
from mappers.fhir_to_facts import Opened, facts
from mappers.recommendations import Plan, Rule
from mappers.units import analytes
from tests.unit.mappers.fhir_to_facts.chart import (
    TODAY,
    allergy,
    code,
    diagnosis,
    lab,
    opened,
    patient,
    prescription,
)
from workers.engine.apply import plan
from workers.engine.definitions import Knowledge
from workers.engine.enrichers.asked import Asked
from workers.engine.enrichers.charted import Number
from workers.engine.enrichers.charts import ASKED

FEW = settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
SNOMED = "http://snomed.info/sct"
CYCLE = 28 * 365 + 7

# By analyte: LOINC, a value, and the unit in which another hospital would send it.
VALUES = {
    "creatinine": ("2160-0", "88", "umol/L"),
    "total_cholesterol": ("2093-3", "5.2", "mmol/L"),
    "hdl": ("2085-9", "1.1", "mmol/L"),
    "ldl": ("2089-1", "3.4", "mmol/L"),
    "hba1c": ("4548-4", "58", "mmol/mol"),
    "systolic_bp": ("8480-6", "19.2", "kPa"),
    "diastolic_bp": ("8462-4", "11.5", "kPa"),
    "body_weight": ("29463-7", "180", "[lb_av]"),
    "body_height": ("8302-2", "68", "[in_i]"),
    "platelets": ("777-3", "210000", "/uL"),
    "albumin": ("1751-7", "41", "g/L"),
    "total_bilirubin": ("1975-2", "14", "umol/L"),
    "ast": ("1920-8", "0.6", "ukat/L"),
    "alt": ("1742-6", "0.7", "ukat/L"),
    "urine_acr": ("9318-7", "9", "mg/mmol{creat}"),
    "potassium": ("2823-3", "4.4", "meq/L"),
    "sodium": ("2951-2", "139", "meq/L"),
    "inr": ("6301-6", "1.1", "1"),
    "hemoglobin": ("718-7", "131", "g/L"),
    "urea_nitrogen": ("3094-0", "6.2", "mmol/L"),
}
PROBLEMS = ["44054006", "38341003", "709044004", "22298006", "84114007", "49436004", "195967001"]
MEDICINES = ["6809", "29046", "83367", "5640", "11289"]
DAYS = st.dates(TODAY - timedelta(days=500), TODAY).map(date.isoformat)


def sent(analyte: str, day: str, number: int, *, own: bool) -> dict[str, Any]:
    """One value, in the other hospital's unit or in our own: the same number, converted by hand."""
    loinc, text, unit = VALUES[analyte]
    if own:
        factor, offset = analytes()[analyte].conversions[unit]
        exact = (Decimal(text) * factor + offset).normalize()
        text, unit = f"{exact:f}", analytes()[analyte].unit
    body = lab(loinc, 0, unit, on=day, id=f"v{number:03d}")
    body["valueQuantity"]["value"] = msgspec.Raw(text.encode())
    return body


@st.composite
def charts(draw: st.DrawFn) -> tuple[list[tuple[str, str]], list[dict[str, Any]]]:
    """Values by analyte and day, and the rest of a chart."""
    values = draw(
        st.lists(st.tuples(st.sampled_from(sorted(VALUES)), DAYS), min_size=4, max_size=20, unique=True)
    )
    ill = draw(st.lists(st.sampled_from(PROBLEMS), max_size=4, unique=True))
    drugs = draw(st.lists(st.sampled_from(MEDICINES), max_size=4, unique=True))
    born, sex = (
        draw(st.sampled_from(["1948-05", "1961-02", "1975-11"])),
        draw(st.sampled_from(["female", "male"])),
    )
    rest = [patient(birthDate=born, gender=sex)]
    rest += [diagnosis(one, onsetDateTime=draw(DAYS), id=f"c{one}") for one in ill]
    rest += [prescription(one, authoredOn=draw(DAYS), id=f"m{one}") for one in drugs]
    if draw(st.booleans()):
        rest.append(allergy(code(SNOMED, "91936005"), id="allergy"))
    return values, rest


def chart(values: list[tuple[str, str]], rest: list[dict[str, Any]], *, own: bool = True) -> list[Opened]:
    numbers = [sent(analyte, day, place, own=own) for place, (analyte, day) in enumerate(values)]
    return [opened(body) for body in (*rest, *numbers)]


def known(resources: list[Opened], on: date = TODAY) -> Facts:
    return facts(resources, on, "Patient/pat")


@FEW
@given(charts())
def test_another_unit_gives_the_same_facts_scores_and_plan(knowledge: Knowledge, drawn: Any):
    here, there = (known(chart(*drawn, own=own)) for own in (True, False))
    assert here == there
    assert plan(here, knowledge) == plan(there, knowledge)


@FEW
@given(charts(), st.randoms(use_true_random=False))
def test_another_order_gives_the_same(knowledge: Knowledge, drawn: Any, random: Any):
    resources = chart(*drawn)
    shuffled = random.sample(resources, len(resources))
    assert known(shuffled) == known(resources)
    assert plan(known(shuffled), knowledge) == plan(known(resources), knowledge)


@FEW
@given(charts())
def test_what_is_said_twice_counts_once(knowledge: Knowledge, drawn: Any):
    resources = chart(*drawn)
    doubles = [Opened(one.reference.replace("/", "/zz", 1), one.body) for one in resources[1:]]
    assert plan(known([*resources, *doubles]), knowledge) == plan(known(resources), knowledge)


@FEW
@given(charts(), charts())
def test_what_was_entered_in_error_counts_not_at_all(knowledge: Knowledge, drawn: Any, wrong: Any):
    resources = chart(*drawn)
    errors = [Opened(one.reference.replace("/", "/e", 1), _in_error(one.body)) for one in chart(*wrong)[1:]]
    assert plan(known([*resources, *errors]), knowledge) == plan(known(resources), knowledge)


def _in_error(body: dict[str, Any]) -> dict[str, Any]:
    verified = body["resourceType"] in {"Condition", "AllergyIntolerance"}
    status = code("any", "entered-in-error") if verified else "entered-in-error"
    return body | {"verificationStatus" if verified else "status": status, "id": "e" + body["id"]}


@FEW
@given(charts(), st.sampled_from([-1, 1, 2]))
def test_one_offset_on_all_dates_moves_the_plan_and_changes_nothing(
    knowledge: Knowledge, drawn: Any, cycles: int
):
    offset = timedelta(days=cycles * CYCLE)
    resources = chart(*drawn)
    moved = [Opened(one.reference, _moved(one.body, offset)) for one in resources]
    there = plan(known(moved, TODAY + offset), knowledge)
    here: Plan = _moved(plan(known(resources), knowledge), offset)
    assert there == here


_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_MONTH = re.compile(r"\d{4}-\d{2}")


def _moved(value: Any, offset: timedelta) -> Any:
    """A value with each day in it moved; a rule's source keeps its own."""
    if isinstance(value, Rule):
        return value
    if isinstance(value, date):
        return value + offset
    if isinstance(value, str):
        years = (
            f"{int(value[:4]) + round(offset.days / 365.25)}{value[4:]}" if _MONTH.fullmatch(value) else value
        )
        return _DAY.sub(lambda day: (date.fromisoformat(day[0]) + offset).isoformat(), years)
    if isinstance(value, dict):
        return {name: _moved(one, offset) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_moved(one, offset) for one in value)
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{one.name: _moved(getattr(value, one.name), offset) for one in fields(value)})
    return value


# --- a needed input taken away ---------------------------------------------------------------------------

RICH = [(analyte, "2026-05-01") for analyte in sorted(VALUES)]
BY_RULE = {one.rule.id: one for one in ASKED}
REST = [
    patient(birthDate="1961-02"),
    *(diagnosis(one, onsetDateTime="2020-01-01", id=f"c{one}") for one in PROBLEMS),
]


@pytest.fixture(scope="module")
def whole(knowledge: Knowledge) -> Plan:
    return plan(known(chart(RICH, REST)), knowledge)


def test_a_full_chart_is_scored(whole: Plan):
    assert len(whole.scores) >= 5
    assert {one.key for one in whole.derived} >= {"egfr", "bmi"}


@pytest.mark.parametrize("gone", sorted(VALUES))
def test_law_8_a_needed_input_that_is_gone_leaves_its_scores_unknown(
    knowledge: Knowledge, whole: Plan, gone: str
):
    """A score that rested on it is told without it where it may be; what is lost says what it needs."""
    name = f"v{[analyte for analyte, _ in RICH].index(gone):03d}"
    rested = [one for one in whole.scores if any(f"/{name}/" in piece.reference for piece in one.inputs)]
    less = plan(known([one for one in chart(RICH, REST) if f"/{name}/" not in one.reference]), knowledge)
    told = {one.key for one in less.scores}
    assert told <= {one.key for one in whole.scores}
    assert not any(f"/{name}/" in piece.reference for one in less.scores for piece in one.inputs)
    unanswered = {one.rule.id for one in less.unanswered}
    for lost in (one for one in rested if one.key not in told):
        asked = BY_RULE[lost.rule.id]
        assert asked.variant or gone in _begun(asked) or lost.rule.id in unanswered, lost.key


def _begun(asked: Asked) -> set[str]:
    """The analytes before one of which nothing is said of a score."""
    return {one.analyte for one in asked.inputs if isinstance(one, Number) and one.name in asked.begins}


@pytest.mark.parametrize(("without", "lost"), [("birthDate", "egfr"), ("gender", "egfr")])
def test_law_8_without_age_or_sex_what_needs_them_is_unanswered(
    knowledge: Knowledge, without: str, lost: str
):
    bare = {name: value for name, value in patient(birthDate="1961-02").items() if name != without}
    less = plan(known(chart(RICH, [bare, *REST[1:]])), knowledge)
    assert lost not in {one.key for one in less.derived}
    assert any(one.rule.id == "ckd-epi-2021" for one in less.unanswered)
