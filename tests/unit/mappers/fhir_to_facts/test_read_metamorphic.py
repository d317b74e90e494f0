"""What must not matter does not matter: order, doubles, errors entered, units, the calendar."""

from __future__ import annotations

import copy
from dataclasses import fields, is_dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from mappers.codes import LOINC, RXNORM, SNOMED
from mappers.facts import Facts
from mappers.fhir_to_facts import Opened, facts
from mappers.units import analytes
from tests.unit.mappers.fhir_to_facts.chart import (
    TODAY,
    accounted,
    allergy,
    asked,
    code,
    diagnosis,
    icd,
    lab,
    opened,
    patient,
    prescription,
    pressure,
    resource,
)
from tests.unit.mappers.fhir_to_facts.test_family import relative
from tests.unit.mappers.fhir_to_facts.test_goal import goal, quantity, target
from tests.unit.mappers.fhir_to_facts.test_survey import chosen, form, item
from tests.unit.mappers.test_context import careplan, coverage, report

DAYS = st.dates(date(2020, 1, 1), TODAY + timedelta(days=30)).map(date.isoformat)
IDS = st.uuids().map(str)
LABS = st.sampled_from(
    [("4548-4", "%", "7.1"), ("2160-0", "mg/dL", "1.3"), ("2823-3", "mmol/L", "4.4"), ("1-8", "%", "1")]
)


@st.composite
def observations(draw: st.DrawFn) -> dict[str, Any]:
    loinc, unit, value = draw(LABS)
    status = draw(st.sampled_from(["final", "amended", "cancelled"]))
    hour = draw(st.sampled_from(["", "T08:00:00Z", "T20:30:00+02:00"]))
    return lab(
        loinc, value, draw(st.sampled_from([unit, None])), draw(DAYS) + hour, status=status, id=draw(IDS)
    )


def conditions() -> st.SearchStrategy[dict[str, Any]]:
    known = st.sampled_from(["44054006", "22298006", "77386006", "444814009", "709044004"])
    clinical = st.sampled_from(["active", "resolved", None])
    return st.builds(
        lambda c, s, day, one: diagnosis(c, s, onsetDateTime=day, id=one), known, clinical, DAYS, IDS
    )


def medicines() -> st.SearchStrategy[dict[str, Any]]:
    known = st.sampled_from(["6809", "314076", "895994"])
    status = st.sampled_from(["active", "stopped", "draft"])
    return st.builds(
        lambda c, s, day, one: prescription(c, s, authoredOn=day, id=one), known, status, DAYS, IDS
    )


def others() -> st.SearchStrategy[dict[str, Any]]:
    return st.one_of(
        st.builds(lambda one: allergy(code(SNOMED, "91936005"), id=one), IDS),
        st.builds(lambda one: allergy(code(SNOMED, "716186003"), id=one), IDS),
        st.builds(lambda day, one: pressure(150, 95, on=day, id=one), DAYS, IDS),
        st.builds(lambda day, one: asked("82810-3", LOINC, "LA26683-5", on=day, id=one), DAYS, IDS),
        st.builds(lambda one: resource("Claim", status="active", id=one), IDS),
        st.builds(lambda one: icd("E11.22", id=one), IDS),
    )


def around() -> st.SearchStrategy[dict[str, Any]]:
    answers = st.sampled_from(["LA6568-5", "LA6571-9", "LA33-6"])
    status = st.sampled_from(["active", "completed", "draft"])
    return st.one_of(
        st.builds(lambda one: relative("FTH", {"code": code(SNOMED, "22298006")}, id=one), IDS),
        st.builds(
            lambda a, day, one: form(item("/44250-9", chosen(a)), authored=day, id=one), answers, DAYS, IDS
        ),
        st.builds(
            lambda day, one: goal(
                target("4548-4", detailQuantity=quantity(7, "%", "<"), dueDate=day), startDate=day, id=one
            ),
            DAYS,
            IDS,
        ),
        st.builds(lambda s, day, one: careplan(status=s, period={"end": day}, id=one), status, DAYS, IDS),
        st.builds(lambda day, one: coverage(period={"start": day}, id=one), DAYS, IDS),
        st.builds(lambda day, one: report(effectiveDateTime=day, id=one), DAYS, IDS),
    )


BODIES = st.lists(st.one_of(observations(), conditions(), medicines(), others(), around()), max_size=12)
CHARTS = st.tuples(st.just(patient()), BODIES).map(
    lambda pair: [opened(body) for body in (pair[0], *pair[1])]
)


def clinical(known: Facts) -> Facts:
    """The facts without the book-keeping of what was set aside, and without whose word each is."""
    return replace(
        known, counts={}, set_aside=(), **{name: _anonymous(getattr(known, name)) for name in LISTS}
    )


STATES = {"pregnant", "lactating", "no_known_allergies"}
LISTS = tuple(
    one.name
    for one in fields(Facts)
    if one.name not in {"as_of", "person", "counts", "set_aside", "turns"} and one.name not in STATES
)


def _anonymous(group: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(sorted((replace(one, evidence=None) for one in group), key=repr))


@given(CHARTS, st.randoms(use_true_random=False))
def test_the_order_in_which_resources_come_changes_nothing(chart, random):
    shuffled = random.sample(chart, len(chart))
    assert facts(shuffled, TODAY) == facts(chart, TODAY)


@given(CHARTS)
def test_every_resource_is_a_fact_unreadable_or_set_aside(chart):
    known = facts(chart, TODAY)
    assert accounted(known) == {one.reference for one in chart}
    assert sum(known.counts.values()) == len(chart)


@given(CHARTS)
def test_the_same_version_twice_is_one_version(chart):
    assert facts([*chart, *copy.deepcopy(chart)], TODAY) == facts(chart, TODAY)


@given(CHARTS)
def test_the_same_thing_said_by_another_resource_adds_nothing(chart):
    doubles = [
        Opened(one.reference.replace("/", "/zz", 1), one.body) for one in chart if one.type != "Patient"
    ]
    known = facts(chart, TODAY)
    doubled = facts([*chart, *doubles], TODAY)
    assert clinical(replace(doubled, unreadable=())) == clinical(replace(known, unreadable=()))
    assert accounted(doubled) == {one.reference for one in (*chart, *doubles)}


@given(CHARTS, BODIES)
def test_what_was_entered_in_error_adds_nothing(chart, errors):
    wrong = [opened(_in_error(body)) for body in errors if body["resourceType"] in IN_ERROR]
    assert clinical(facts([*chart, *wrong], TODAY)) == clinical(facts(chart, TODAY))


IN_ERROR = {
    "Observation",
    "MedicationRequest",
    "Condition",
    "AllergyIntolerance",
    "FamilyMemberHistory",
    "QuestionnaireResponse",
    "Goal",
    "CarePlan",
    "Coverage",
    "DiagnosticReport",
}
NAMED_OTHERWISE = {
    "Condition": "verificationStatus",
    "AllergyIntolerance": "verificationStatus",
    "Goal": "lifecycleStatus",
}


def _in_error(body: dict[str, Any]) -> dict[str, Any]:
    name = NAMED_OTHERWISE.get(body["resourceType"], "status")
    value = code("any", "entered-in-error") if name == "verificationStatus" else "entered-in-error"
    return body | {name: value, "id": "wrong" + body["id"]}


@given(CHARTS, st.integers(min_value=-3000, max_value=3000))
def test_all_dates_moved_by_one_offset_move_the_facts_and_nothing_else(chart, days):
    offset = timedelta(days=days)
    timeless = [one for one in chart if one.type != "Patient"]
    moved = [Opened(one.reference, _moved(one.body, offset)) for one in timeless]
    assert facts(moved, TODAY + offset) == _moved(facts(timeless, TODAY), offset)


def _moved(value: Any, offset: timedelta) -> Any:
    """A value with every day in it moved: in dates, and in texts that hold one."""
    if isinstance(value, date):
        return value + offset
    if isinstance(value, str):
        return " ".join(_moved_word(word, offset) for word in value.split(" "))
    if isinstance(value, dict):
        return {name: _moved(one, offset) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_moved(one, offset) for one in value)
    if is_dataclass(value):
        return replace(value, **{one.name: _moved(getattr(value, one.name), offset) for one in fields(value)})
    return value


def _moved_word(word: str, offset: timedelta) -> str:
    try:
        return (date.fromisoformat(word[:10]) + offset).isoformat() + word[10:]
    except ValueError:
        return word


@given(st.sampled_from(sorted(analytes())), st.data())
def test_a_value_in_another_unit_is_the_same_fact(key, data):
    analyte = analytes()[key]
    unit = data.draw(st.sampled_from(sorted(analyte.conversions)))
    factor, offset = analyte.conversions[unit]
    sent = ((analyte.low + analyte.high) / 2 - offset) / factor
    value = lab(analyte.loinc[0], "0", unit, on="2026-05-01", id="a")
    value["valueQuantity"]["value"] = msgspec.Raw(f"{sent:f}".encode())
    (one,) = facts([opened(value)], TODAY).measurements
    assert (one.analyte, one.unit) == (key, analyte.unit)
    assert abs(one.value - (analyte.low + analyte.high) / 2) < Decimal("1e-12")


def test_a_drug_by_product_or_by_ingredient_is_the_same_drug():
    by_product = opened(prescription("314076", authoredOn="2026-01-01", id="a"))
    by_ingredient = opened(prescription("29046", authoredOn="2026-01-01", id="b"))
    by_name = opened(
        prescription(
            None,
            medicationCodeableConcept=code(RXNORM, "0", "lisinopril 10 MG Oral Tablet"),
            authoredOn="2026-01-01",
            id="c",
        )
    )
    assert len(facts([by_product, by_ingredient, by_name], TODAY).medicines) == 1


def test_what_careloom_wrote_itself_is_no_evidence():
    ours = lab("98979-8", 55, "mL/min/{1.73_m2}", on="2026-05-01")
    ours["identifier"] = [{"system": "urn:careloom:derived", "value": "x"}]
    known = facts([opened(ours)], TODAY)
    assert not known.measurements
    assert [one.reason for one in known.set_aside] == ["was written by Careloom"]
