"""Canonicals that ``_include`` and ``_revinclude`` follow, over both databases: as safe as references."""

from __future__ import annotations

from typing import Any

import pytest

from tests.desk import APP, ST_ANNA, ST_BERTA, Desk, diabetic, ehr, partner, patient
from tests.integration.test_search_features import page

BASE = "http://st-anna.example"
LIBRARY = f"{BASE}/Library/pressure"
STEP = f"{BASE}/ActivityDefinition/measure-it"
FORM = f"{BASE}/Questionnaire/phq-9"


def definition(type_: str, id_: str, url: str, version: str | None = None, **more: Any) -> dict[str, Any]:
    # An active plan would be held to what runs, and none of these does.
    status = "unknown" if type_ in ("PlanDefinition", "ActivityDefinition") else "active"
    made = {"resourceType": type_, "id": id_, "status": status, "url": url, **more}
    if type_ == "Library":
        made["type"] = {"coding": [{"code": "logic-library"}]}
    return made if version is None else {**made, "version": version}


def artifact(kind: str, canonical: str) -> dict[str, str]:
    return {"type": kind, "resource": canonical}


def answered(id_: str, about: str, questionnaire: str) -> dict[str, Any]:
    return {
        "resourceType": "QuestionnaireResponse",
        "id": id_,
        "status": "completed",
        "questionnaire": questionnaire,
        "subject": {"reference": about},
    }


@pytest.fixture
def shelf(desk: Desk) -> Desk:
    """Two versions of a library, who rests on which, and a questionnaire with its answers."""
    desk.puts(
        definition("Library", "lib-1", LIBRARY, "1.0"),
        definition("Library", "lib-2", LIBRARY, "2.0", relatedArtifact=[artifact("depends-on", FORM)]),
        definition("Library", "no-form", FORM, "9"),
        definition("Questionnaire", "phq-9", FORM, "9"),
        definition("ActivityDefinition", "any-version", STEP, library=[LIBRARY]),
        definition(
            "PlanDefinition",
            "first",
            f"{BASE}/PlanDefinition/first",
            library=[f"{LIBRARY}|1.0"],
            relatedArtifact=[artifact("successor", f"{LIBRARY}|2.0")],
            action=[{"definitionCanonical": STEP}],
        ),
        definition(
            "PlanDefinition",
            "second",
            f"{BASE}/PlanDefinition/second",
            relatedArtifact=[artifact("depends-on", f"{LIBRARY}|2.0"), artifact("depends-on", "#inside")],
            action=[{"definitionUri": STEP}],
        ),
        patient("erika"),
        answered("with-version", "Patient/erika", f"{FORM}|9"),
        answered("without", "Patient/erika", FORM),
        answered("older", "Patient/erika", f"{FORM}|8"),
    )
    return desk


INCLUSIONS = [
    ("PlanDefinition?_id=first&_include=PlanDefinition:depends-on", {"lib-1"}),
    ("PlanDefinition?_id=second&_include=PlanDefinition:depends-on", {"lib-2"}),
    ("PlanDefinition?_id=first&_include=PlanDefinition:successor", {"lib-2"}),
    ("PlanDefinition?_include=PlanDefinition:depends-on:Library", {"lib-1", "lib-2"}),
    ("PlanDefinition?_include=PlanDefinition:depends-on:Measure", set()),
    ("PlanDefinition?_id=first&_include=PlanDefinition:definition", {"any-version"}),
    ("PlanDefinition?_id=second&_include=PlanDefinition:definition", {"any-version"}),
    ("PlanDefinition?_id=first&_include=PlanDefinition:*", {"lib-1", "lib-2", "any-version"}),
    ("PlanDefinition?_id=second&_include=*", {"lib-2", "any-version"}),
    ("ActivityDefinition?_include=ActivityDefinition:depends-on", {"lib-1", "lib-2"}),
    (
        "PlanDefinition?_id=second&_include=PlanDefinition:depends-on&_include:iterate=Library:depends-on",
        {"lib-2", "no-form", "phq-9"},
    ),
    ("QuestionnaireResponse?_id=with-version&_include=QuestionnaireResponse:questionnaire", {"phq-9"}),
    ("QuestionnaireResponse?_id=without&_include=QuestionnaireResponse:questionnaire", {"phq-9"}),
    ("QuestionnaireResponse?_id=older&_include=QuestionnaireResponse:questionnaire", set()),
    ("QuestionnaireResponse?_id=without&_include=*", {"phq-9", "erika"}),
    ("Library?_id=lib-1&_revinclude=PlanDefinition:depends-on", {"first"}),
    ("Library?_id=lib-2&_revinclude=PlanDefinition:depends-on", {"second"}),
    ("Library?_id=lib-2&_revinclude=PlanDefinition:*", {"first", "second"}),
    ("Library?_id=lib-1&_revinclude=ActivityDefinition:depends-on", {"any-version"}),
    ("Library?_id=lib-2&_revinclude=ActivityDefinition:depends-on:Library", {"any-version"}),
    ("Library?_id=lib-2&_revinclude=ActivityDefinition:depends-on:Measure", set()),
    ("ActivityDefinition?_revinclude=PlanDefinition:definition", {"first", "second"}),
    ("Questionnaire?_revinclude=QuestionnaireResponse:questionnaire", {"with-version", "without"}),
    ("Library?_id=no-form&_revinclude=QuestionnaireResponse:questionnaire", set()),
    (
        "Library?_revinclude=ActivityDefinition:depends-on&_revinclude:iterate=PlanDefinition:definition",
        {"any-version", "first", "second"},
    ),
]


def brought(desk: Desk, query: str, actor: Any = None) -> set[str]:
    found = page(desk, query, actor)
    assert len({one.id for one in found.included}) == len(found.included), "each once"
    return {one.id for one in found.included}


def test_what_canonicals_bring_along(shelf: Desk):
    for query, included in INCLUSIONS:
        assert brought(shelf, query) == included, query
        assert page(shelf, query).notes == (), "these scopes hide nothing"


def test_what_is_no_more_or_says_so_no_more_is_not_brought(shelf: Desk):
    query = "ActivityDefinition?_include=ActivityDefinition:depends-on"
    shelf.puts(definition("Library", "lib-1", f"{BASE}/Library/renamed", "1.0"))
    assert brought(shelf, query) == {"lib-2"}
    shelf.intake.delete(ehr(), "Library", "lib-2")
    assert brought(shelf, query) == set()
    reverse = "Questionnaire?_revinclude=QuestionnaireResponse:questionnaire"
    shelf.puts(answered("without", "Patient/erika", f"{BASE}/Questionnaire/another"))
    assert brought(shelf, reverse) == {"with-version"}


def test_more_than_the_limit_is_said(shelf: Desk):
    shelf.limit(included=1)
    for query in (
        "ActivityDefinition?_include=ActivityDefinition:depends-on",
        "Questionnaire?_revinclude=QuestionnaireResponse:questionnaire",
    ):
        found = page(shelf, query)
        assert len(found.included) == 1
        assert "first 1" in found.notes[0]


def test_scopes_and_their_filters_decide_of_what_comes_along(shelf: Desk):
    forwards = "PlanDefinition?_include=PlanDefinition:depends-on"
    backwards = "Library?_revinclude=PlanDefinition:depends-on"
    few = ehr(scope="system/PlanDefinition.s system/Library.s")
    for query in (forwards, backwards):
        assert brought(shelf, query, few) == set()
        assert any("scopes" in note for note in page(shelf, query, few).notes)
    some = ehr(scope="system/PlanDefinition.s system/Library.r?status=draft")
    assert brought(shelf, forwards, some) == set()
    shelf.puts(definition("Library", "lib-2", LIBRARY, "2.0", status="draft"))
    assert brought(shelf, forwards, some) == {"lib-2"}
    one = ehr(scope="system/Library.s system/PlanDefinition.r?status=draft")
    assert brought(shelf, backwards, one) == set()


def test_that_something_is_hidden_is_said_whether_or_not_there_is_any(shelf: Desk):
    few = ehr(scope="system/QuestionnaireResponse.s system/PlanDefinition.s")
    for id_ in ("with-version", "older"):
        query = f"QuestionnaireResponse?_id={id_}&_include=QuestionnaireResponse:questionnaire"
        assert len(page(shelf, query, few).notes) == 1
    # What may be any definition is hidden from whoever may not read each kind, and no other type matters.
    every = " ".join(f"system/{type_}.r" for type_ in ("Library", "Measure"))
    query = "PlanDefinition?_include=PlanDefinition:depends-on"
    assert len(page(shelf, query, ehr(scope=f"system/PlanDefinition.s {every}")).notes) == 1
    assert page(shelf, f"{query}:Library", ehr(scope=f"system/PlanDefinition.s {every}")).notes == ()


def test_law_2_no_other_tenants_definition_comes_along(shelf: Desk):
    theirs = ehr(ST_BERTA)
    shelf.puts(
        definition("Library", "lib-berta", LIBRARY, "1.0"),
        answered("answers-berta", "Patient/b", FORM),
        definition("PlanDefinition", "plan-berta", f"{BASE}/PlanDefinition/b", library=[f"{LIBRARY}|2.0"]),
        actor=theirs,
    )
    assert brought(shelf, "PlanDefinition?_include=PlanDefinition:depends-on") == {"lib-1", "lib-2"}
    assert "answers-berta" not in brought(
        shelf, "Questionnaire?_revinclude=QuestionnaireResponse:questionnaire"
    )
    assert brought(shelf, "PlanDefinition?_include=PlanDefinition:depends-on", theirs) == set()
    assert brought(shelf, "Library?_revinclude=PlanDefinition:depends-on", theirs) == set()


def test_law_4_whose_data_came_along_stands_in_the_trail(shelf: Desk):
    with shelf.leaves() as events:
        page(shelf, "Questionnaire?_revinclude=QuestionnaireResponse:questionnaire")
    assert shelf.id_of("Patient/erika") in {event.patient for event in events}
    assert all(BASE not in str(event) for event in events)


def test_law_2_a_partner_follows_no_canonical_that_it_is_not_shown(desk: Desk):
    """Urls and canonicals can hold anything, so the clinical half has none, and its reader learns of none."""
    desk.puts(
        *diabetic("mrn-1"),
        definition("PlanDefinition", "first", f"{BASE}/PlanDefinition/first"),
        definition("Questionnaire", "phq-9", FORM),
        answered("answers", "Patient/mrn-1", FORM),
        {
            "resourceType": "CarePlan",
            "id": "theirs",
            "status": "active",
            "intent": "plan",
            "subject": {"reference": "Patient/mrn-1"},
            "instantiatesCanonical": [f"{BASE}/PlanDefinition/first"],
        },
    )
    desk.works()
    app = partner(APP, ST_ANNA)
    for query in (
        "CarePlan?_include=CarePlan:instantiates-canonical",
        "PlanDefinition?_revinclude=CarePlan:instantiates-canonical",
        "Questionnaire?_revinclude=QuestionnaireResponse:questionnaire",
    ):
        assert brought(desk, query, app) == set(), query
    assert brought(desk, "CarePlan?_id=theirs&_include=CarePlan:instantiates-canonical") == {"first"}
    assert BASE not in str([one.body for one in page(desk, "CarePlan?_include=*", app).included])
