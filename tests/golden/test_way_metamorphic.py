"""From bundle to plan, what must not matter does not matter: order, doubles, errors, units, the calendar."""

from __future__ import annotations

import copy
import random
import re
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from gateway.demo.patients import bundle, load_bundle
from gateway.demo.stories import STORIES
from mappers import lossless
from tests.way import DAY, Way, Woven, labels, page

SEEDS = range(len(STORIES))
Bundle = dict[str, Any]
stories = pytest.mark.parametrize("seed", SEEDS, ids=[story.title for story in STORIES])


def told(seed: int, today: date = DAY) -> Bundle:
    body: Bundle = lossless.loads(lossless.dumps(bundle(seed, today)))
    return body


def clinical(body: Bundle) -> list[Bundle]:
    """Every entry but the Patient."""
    return [entry for entry in body["entry"] if entry["resource"]["resourceType"] != "Patient"]


def again(entry: Bundle, **changed: Any) -> Bundle:
    """The same thing said once more, by a resource of its own."""
    copied = copy.deepcopy(entry)
    number = uuid.uuid5(uuid.NAMESPACE_URL, entry["fullUrl"])
    return {**copied, "fullUrl": f"urn:uuid:{number}", "resource": {**copied["resource"], **changed}}


def essence(woven: Woven) -> dict[str, Any]:
    """What is decided, without the sentences and without whose word it rests on."""
    plan = woven.plan
    return {
        "activities": [(one.act, one.urgency, one.goal, one.questions) for one in plan.activities],
        "targets": [replace(one, reasons=()) for one in plan.targets],
        "withdrawn": [(one.act, one.because) for one in plan.withdrawn],
        "unanswered": plan.unanswered,
        "issues": [(one.key, one.title, one.severity) for one in plan.issues],
        "derived": [(one.key, one.measurement.value, one.interpretation) for one in plan.derived],
        "next look": plan.next_look,
    }


@stories
def test_law_7_the_order_of_entries_changes_no_byte(way: Way, seed: int) -> None:
    body = told(seed)
    dice = random.Random(seed)
    shuffled = {**body, "entry": dice.sample(body["entry"], len(body["entry"]))}
    assert lossless.dumps(list(way.go(shuffled).written)) == lossless.dumps(list(way.go(body).written))


@stories
def test_law_7_the_same_bundle_twice_gives_the_same_bytes(way: Way, seed: int) -> None:
    first, second = (lossless.dumps(list(way.go(told(seed)).written)) for _ in range(2))
    assert first == second


@stories
def test_law_7_the_order_of_members_in_a_resource_changes_no_byte(way: Way, seed: int) -> None:
    body = told(seed)
    turned = {**body, "entry": [_turned(entry) for entry in body["entry"]]}
    assert lossless.dumps(list(way.go(turned).written)) == lossless.dumps(list(way.go(body).written))


def _turned(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _turned(value[name]) for name in reversed(value)}
    return [_turned(one) for one in value] if isinstance(value, list) else value


@stories
def test_everything_said_twice_leads_to_the_same_plan(way: Way, seed: int) -> None:
    body = told(seed)
    doubled = {**body, "entry": [*body["entry"], *map(again, clinical(body))]}
    assert essence(way.go(doubled)) == essence(way.go(body))


WRONG = {
    "Observation": {"status": "entered-in-error"},
    "MedicationRequest": {"status": "entered-in-error"},
    "Condition": {"verificationStatus": "condition-ver-status"},
    "AllergyIntolerance": {"verificationStatus": "allergyintolerance-verification"},
}


def in_error(entry: Bundle) -> Bundle:
    """An entry that says of itself that it was a mistake."""
    ((name, value),) = WRONG[entry["resource"]["resourceType"]].items()
    if name == "verificationStatus":
        system = f"http://terminology.hl7.org/CodeSystem/{value}"
        told = {"coding": [{"system": system, "code": "entered-in-error"}]}
        made = again(entry, verificationStatus=told)
        made["resource"].pop("clinicalStatus", None)
        return made
    return again(entry, **{name: value})


@stories
def test_other_peoples_values_entered_in_error_change_no_byte(way: Way, seed: int) -> None:
    """The charts of all other stories come in by mistake and are marked so."""
    body = told(seed)
    strangers = [
        entry
        for other in SEEDS
        if other != seed
        for entry in clinical(told(other))
        if entry["resource"]["resourceType"] in WRONG
    ]
    ours = body["entry"][0]["fullUrl"]
    wrong = [in_error(_about(entry, ours)) for entry in strangers]
    mixed = {**body, "entry": [*body["entry"], *wrong]}
    assert lossless.dumps(list(way.go(mixed).written)) == lossless.dumps(list(way.go(body).written))


def _about(entry: Bundle, subject: str) -> Bundle:
    """An entry moved to another patient, without its visit."""
    resource = {name: value for name, value in entry["resource"].items() if name != "encounter"}
    who = "patient" if resource["resourceType"] == "AllergyIntolerance" else "subject"
    return {**entry, "resource": {**resource, who: {"reference": subject}}}


@stories
def test_the_story_of_a_patient_taken_back_leaves_nothing_to_do(way: Way, seed: int) -> None:
    body = told(seed)
    kept = [entry for entry in body["entry"] if entry["resource"]["resourceType"] not in WRONG]
    errors = [in_error(entry) for entry in body["entry"] if entry["resource"]["resourceType"] in WRONG]
    woven = way.go({**body, "entry": [*kept, *errors]})
    assert not [*woven.plan.activities, *woven.plan.derived, *woven.plan.issues, *woven.plan.targets]


@stories
@pytest.mark.parametrize("entries", [80])
def test_years_of_unremarkable_check_ups_change_no_decision(way: Way, seed: int, entries: int) -> None:
    today, longer = told(seed), lossless.loads(lossless.dumps(load_bundle(seed, entries, DAY)))
    assert len(longer["entry"]) == entries
    assert essence(way.go(longer)) == essence(way.go(today))


# --- units -----------------------------------------------------------------------------------------------

Change = tuple[str, str, str, Callable[[Decimal], Decimal]]
# Creatinine has 113.12 g/mol; HbA1c: NGSP = 0.09148 IFCC + 2.152; a pound is 0.45359237 kg.
UNITS: tuple[Change, ...] = (
    ("2160-0", "14682-9", "umol/L", lambda value: value / Decimal("0.011312")),
    ("4548-4", "59261-8", "mmol/mol", lambda value: (value - Decimal("2.152")) / Decimal("0.09148")),
    ("9318-7", "32294-1", "mg/mmol", lambda value: value / Decimal("8.8402")),
    ("2093-3", "14647-2", "mmol/L", lambda value: value / Decimal("38.67")),
    ("2085-9", "14646-4", "mmol/L", lambda value: value / Decimal("38.67")),
    ("2089-1", "22748-8", "mmol/L", lambda value: value / Decimal("38.67")),
    ("29463-7", "29463-7", "[lb_av]", lambda value: value / Decimal("0.45359237")),
    ("8302-2", "8302-2", "m", lambda value: value / 100),
)


def in_other_units(body: Bundle) -> Bundle:
    """The chart as a European laboratory (and an American scale) would have sent it."""
    return {**body, "entry": [_other_unit(entry) for entry in body["entry"]]}


def _other_unit(entry: Bundle) -> Bundle:
    resource = entry["resource"]
    sent = {coding["code"] for coding in resource.get("code", {}).get("coding", ())}
    for loinc, other, unit, change in UNITS:
        if resource["resourceType"] == "Observation" and loinc in sent:
            value = change(Decimal(lossless.number_text(resource["valueQuantity"]["value"])))
            exact = msgspec.Raw(f"{value:.20f}".encode())
            quantity = {**resource["valueQuantity"], "value": exact, "unit": unit, "code": unit}
            code = {"coding": [{"system": "http://loinc.org", "code": other}]}
            return {**entry, "resource": {**resource, "code": code, "valueQuantity": quantity}}
    return entry


@stories
def test_values_in_other_units_lead_to_the_same_plan(way: Way, seed: int) -> None:
    assert essence(way.go(in_other_units(told(seed)))) == essence(way.go(told(seed)))


def test_the_other_units_were_really_sent() -> None:
    changed = {
        observation["resource"]["valueQuantity"]["unit"]
        for seed in SEEDS
        for observation in in_other_units(told(seed))["entry"]
        if "valueQuantity" in observation["resource"]
    }
    assert {unit for _, _, unit, _ in UNITS} <= changed


def test_a_unit_that_was_mistaken_is_not_the_same_plan(way: Way) -> None:
    """The tests above could not fail if units were not read."""
    seed = next(seed for seed in SEEDS if STORIES[seed].title == "eGFR 28 on metformin")
    body = told(seed)
    for entry in body["entry"]:
        quantity = entry["resource"].get("valueQuantity", {})
        if quantity.get("code") == "mg/dL":
            quantity |= {"unit": "umol/L", "code": "umol/L"}
    assert essence(way.go(body)) != essence(way.go(told(seed)))


# --- the calendar ----------------------------------------------------------------------------------------

# Four years are 1461 days while no century is crossed: every date keeps its month and its day.
FOUR_YEARS = timedelta(days=1461)
DATE = re.compile(r"\d{4}-\d\d-\d\d")


def moved(value: Any, offset: timedelta) -> Any:
    """A value with every date in it moved."""
    if isinstance(value, dict):
        return {name: moved(one, offset) for name, one in value.items()}
    if isinstance(value, list):
        return [moved(one, offset) for one in value]
    if isinstance(value, str):
        return DATE.sub(lambda found: (date.fromisoformat(found[0]) + offset).isoformat(), value)
    return value


@stories
@pytest.mark.parametrize("steps", [-3, 1, 5])
def test_all_dates_and_today_moved_by_one_offset_move_the_plan_and_nothing_else(
    way: Way, seed: int, steps: int
) -> None:
    body, offset = told(seed), steps * FOUR_YEARS
    later = moved(body, offset)
    then, now = way.go(later, DAY + offset), way.go(body)
    # Sources keep their own dates, so sentences are compared by what they say of the patient.
    assert _undated(page(then.written, labels(later))) == _undated(moved(_page(now, body), offset))


def _page(woven: Woven, body: Bundle) -> dict[str, Any]:
    return page(woven.written, labels(body))


_OF_A_RULE = re.compile("Source: |to be reviewed by ")


def _undated(value: Any) -> Any:
    """Without the lines that cite a source, or say by when its rule is to be reviewed."""
    if isinstance(value, dict):
        return {name: _undated(one) for name, one in value.items()}
    if isinstance(value, list):
        kept = [one for one in value if not (isinstance(one, str) and _OF_A_RULE.search(one))]
        return [_undated(one) for one in kept]
    return value


@stories
def test_law_7_until_the_next_look_the_plan_stands(way: Way, seed: int) -> None:
    body = told(seed)
    today = way.go(body)
    until = today.plan.next_look or DAY + timedelta(days=400)
    eve = essence(way.go(body, until - timedelta(days=1)))
    assert eve == essence(today)
