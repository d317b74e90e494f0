"""Four partners of one hospital, each under another profile: what each learns of the days of one patient."""

from __future__ import annotations

import re
import time
from datetime import date
from typing import Any

import pytest

from gateway.custody.settings import Storage
from mappers import lossless
from tests.actors import Partner, Town
from tests.desk import Desk, diabetic, put

TRUE_DAYS = re.compile(r"2025-11-03|2019-05-01|1961")
"""When the values were measured, since when the condition is known, and the year of birth."""
CLOCK = re.compile(r"T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?")
DUE = re.compile(r'"(?:end|dueDate)":"[^"]*"')
"""When an act of a plan is due, counted from today: a shift may well move it to one of those days."""
DAY = re.compile(r"[0-9]{4}-[0-9]{2}")
TYPES = ("CarePlan", "Goal", "Observation", "Patient", "Provenance", "DetectedIssue", "Condition")


@pytest.fixture
def town(embedded: Town, sqlite_storage: Storage) -> Town:
    return planned(embedded, sqlite_storage)


def planned(town: Town, storage: Storage) -> Town:
    """A hospital that sent a patient, for whom there is a plan."""
    entries = [put(one) for one in diabetic("mrn-1")]
    town.hospital("st-anna").submits({"resourceType": "Bundle", "type": "transaction", "entry": entries})
    desk = Desk(storage)
    desk.now = time.time_ns() // 1000
    assert desk.works() == 1
    desk.close()
    return town


def held(who: Partner) -> list[dict[str, Any]]:
    """Everything that a partner can be answered."""
    found = [entry["resource"] for type_ in TYPES for entry in who.asks("GET", type_).json().get("entry", ())]
    assert {one["resourceType"] for one in found} >= {"CarePlan", "Patient", "Condition"}
    read = [who.asks("GET", f"{one['resourceType']}/{one['id']}").json() for one in found]
    assert [one["id"] for one in read] == [one["id"] for one in found]
    return [*found, *read]


def of(held_: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    return next(one for one in held_ if one["resourceType"] == kind)


def without_meta(resources: list[dict[str, Any]]) -> str:
    return lossless.dumps([{**one, "meta": None} for one in resources]).decode()


def test_without_a_profile_a_grant_has_the_installation_s(town: Town):
    found = held(town.partner("app-gmbh", "st-anna"))
    assert of(found, "Patient")["birthDate"] == "1961"
    assert of(found, "Condition")["onsetDateTime"] == "2019-05-01"


def test_the_safe_harbour_shows_no_day(town: Town):
    partner = town.partner("export-gmbh", "st-anna", profile="partner-safe-harbor")
    found = held(partner)
    assert of(found, "Condition")["onsetDateTime"] == "2019"
    assert not DAY.search(without_meta(found))
    year = f"{date.today().year}-01-01T00:00:00.000Z"
    assert {one["meta"]["lastUpdated"] for one in found} == {year}


def test_a_shift_is_one_for_all_of_a_patient_and_differs_between_partners(town: Town):
    plain = held(town.partner("app-gmbh", "st-anna"))
    offsets = []
    for name in ("one-gmbh", "two-gmbh"):
        found = held(town.partner(name, "st-anna", profile="partner-shifted"))
        days = {
            date.fromisoformat(of(found, kind)[key][:10]) - date.fromisoformat(of(plain, kind)[key][:10])
            for kind, key in (("Condition", "onsetDateTime"), ("Observation", "effectiveDateTime"))
        }
        assert len(days) == 1
        assert not TRUE_DAYS.search(DUE.sub("", without_meta(found).replace('"1961"', "")))
        offsets += days
    assert all(-365 <= offset.days <= -1 for offset in offsets)
    again = held(town.partner("one-gmbh", "st-anna", profile="partner-shifted"))
    moved = date.fromisoformat(of(again, "Condition")["onsetDateTime"])
    assert moved - date.fromisoformat(of(plain, "Condition")["onsetDateTime"]) == offsets[0]


def test_law_2_two_partners_do_not_find_one_patient_by_when_something_was_written(town: Town):
    """A clock is the same before every reader; of what the server wrote, nothing but the year is told."""
    year = str(date.today().year)
    for name in ("one-gmbh", "two-gmbh"):
        partner = town.partner(name, "st-anna", profile="partner-shifted")
        found = held(partner)
        assert {one["meta"]["lastUpdated"] for one in found} == {f"{year}-01-01T00:00:00.000Z"}
        assert of(found, "CarePlan")["created"] == year
        assert "recorded" not in of(found, "Provenance")
        assert set(CLOCK.findall(without_meta(found))) <= {"T00:00:00"}
        plan = partner.asks("GET", f"CarePlan/{of(found, 'CarePlan')['id']}")
        assert plan.headers["Last-Modified"].endswith(f"01 Jan {year} 00:00:00 GMT")
        history = partner.asks("GET", "CarePlan/_history").json()["entry"]
        assert {one["response"]["lastModified"] for one in history} == {f"{year}-01-01T00:00:00.000Z"}


@pytest.mark.parametrize("profile", ["partner-safe-harbor", "partner-shifted"])
def test_law_2_what_a_profile_hides_cannot_be_asked_for(town: Town, profile: str):
    told, not_told = town.partner("app-gmbh", "st-anna"), town.partner("x-gmbh", "st-anna", profile=profile)
    for query in ("CarePlan?date=ge2020", "Condition?onset-date=2019-05-01", "CarePlan?_lastUpdated=gt2020"):
        assert told.asks("GET", query).status_code == 200, query
        answer = not_told.asks("GET", query)
        assert (answer.status_code, "2019" in answer.text) == (400, False), query


def test_a_grant_that_is_given_again_takes_the_new_profile(here: Town, storage: Storage):
    town = planned(here, storage)
    partner = town.partner("app-gmbh", "st-anna")
    assert of(held(partner), "Condition")["onsetDateTime"] == "2019-05-01"
    town.registration.add_grant(partner.client_id, "st-anna", "partner-safe-harbor")
    assert of(held(partner), "Condition")["onsetDateTime"] == "2019"
    (grant,) = [one for one in town.registration.grants() if one.client_id == partner.client_id]
    assert grant.profile == "partner-safe-harbor"
