"""``$everything`` of one patient, for the source of the data and for partners."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.auth.actor import Actor
from gateway.refusal import Kind
from gateway.release.care_dates import Span
from gateway.release.everything import Answer, Everything
from gateway.release.patient_walk import Wanted
from gateway.stored import Stored
from mappers import lossless
from tests.actors import Town
from tests.desk import (
    APP,
    OTHER_APP,
    PLAN_QUERY,
    ST_ANNA,
    ST_BERTA,
    Desk,
    condition,
    diabetic,
    ehr,
    observation,
    partner,
    patient,
    refusal,
)

HOUSE: dict[str, Any] = {"resourceType": "Practitioner", "id": "house", "name": [{"family": "House"}]}


def group(id_: str, *members: str) -> dict[str, Any]:
    return {
        "resourceType": "Group",
        "id": id_,
        "type": "person",
        "actual": True,
        "member": [{"entity": {"reference": f"Patient/{member}"}} for member in members],
    }


def pages(desk: Desk, id_: str, actor: Actor | None = None, count: int = 1000, **wanted: Any) -> list[Answer]:
    found, position = [], None
    while True:
        page = Everything(desk.release).page(actor or ehr(), id_, Wanted(**wanted), position, count)
        found.append(page)
        position = page.following
        if position is None:
            return found


def every(desk: Desk, id_: str, actor: Actor | None = None, count: int = 1000, **wanted: Any) -> list[Stored]:
    found = pages(desk, id_, actor, count, **wanted)
    return [stored for page in found for stored in (*page.own, *page.pointed_at)]


def names(found: list[Stored]) -> list[str]:
    return [f"{stored.type}/{stored.id}" for stored in found]


@pytest.fixture
def house(desk: Desk) -> Desk:
    """Two patients, two groups, and a practitioner whom one patient names; once on each database."""
    return furnished(desk)


@pytest.fixture
def small(small_desk: Desk) -> Desk:
    """The same on the embedded database."""
    return furnished(small_desk)


def furnished(desk: Desk) -> Desk:
    performed = {"performer": [{"reference": "Practitioner/house"}], "focus": [{"reference": "Group/others"}]}
    desk.puts(HOUSE, {**HOUSE, "id": "wilson"}, patient("p"), patient("q"))
    desk.puts(condition("dm", "Patient/p"), observation("a1c", "Patient/p", **performed))
    desk.puts(observation("other", "Patient/q"), group("both", "p", "q"), group("others", "q", "r"))
    return desk


def test_the_source_gets_all_that_is_the_patients_whole_and_what_it_points_at(house: Desk):
    (page,) = pages(house, "p")
    assert names(list(page.own)) == ["Patient/p", "Condition/dm", "Group/both", "Observation/a1c"]
    assert names(list(page.pointed_at)) == ["Practitioner/house"]
    bodies = {stored.type: stored.body for stored in (*page.own, *page.pointed_at)}
    assert bodies["Patient"] == patient("p")
    assert bodies["Practitioner"] == HOUSE
    assert not page.narrowed


def test_the_plan_and_what_was_derived_are_there(small_desk: Desk):
    desk = small_desk
    desk.puts(*diabetic("p"))
    desk.works()
    types = {stored.type for stored in every(desk, "p")}
    assert {"Patient", "CarePlan", "Goal", "Provenance"} <= types


def test_deleted_resources_are_not(small: Desk):
    small.intake.delete(ehr(), "Condition", "dm")
    assert "Condition/dm" not in names(every(small, "p"))


@pytest.mark.parametrize("count", [1, 2, 3])
def test_pages_show_each_once_while_writes_go_on(house: Desk, count: int):
    before = names(every(house, "p"))
    found, position, number = [], None, 0
    while True:
        page = Everything(house.release).page(ehr(), "p", Wanted(), position, count)
        found += names([*page.own, *page.pointed_at])
        position, number = page.following, number + 1
        house.puts(
            observation("a1c", "Patient/p", value=f"{number}.1"),
            patient("p", birthDate=f"19{number:02}-01-01"),
        )
        house.puts(condition(f"new-{number}", "Patient/p"))
        if position is None:
            break
    # The practitioner is named no longer: what is pointed at is as it is when its page is made.
    assert found == [name for name in before if name != "Practitioner/house"]


def test_types_are_those_that_were_asked_for(small: Desk):
    asked = frozenset({"Observation", "Practitioner"})
    assert names(every(small, "p", types=asked)) == ["Observation/a1c", "Practitioner/house"]


def test_since_leaves_out_what_was_written_before(house: Desk):
    house.now += 10
    house.puts(condition("later", "Patient/p"))
    assert names(every(house, "p", since=house.now)) == ["Condition/later"]
    assert names(every(house, "p", since=house.now + 1)) == []


def test_days_are_days_of_care_and_who_somebody_is_belongs_to_all(small: Desk):
    # The condition began in 2019 and goes on; the value is of November 2025.
    care = {"2018": "2018-12-31", "2024": "2024-01-01"}
    assert names(every(small, "p", care=Span(None, care["2018"]))) == [
        "Patient/p",
        "Group/both",
        "Practitioner/house",
    ]
    early = names(every(small, "p", care=Span(care["2024"], "2024-12-31")))
    assert early == ["Patient/p", "Condition/dm", "Group/both", "Practitioner/house"]
    assert "Observation/a1c" in names(every(small, "p", care=Span("2025-11-03", "2025-11-03")))


def test_law_12_a_type_that_the_scopes_do_not_allow_is_left_out_and_that_is_said(small: Desk):
    actor = ehr(scope="system/Patient.r system/Condition.rs system/Observation.s")
    (page,) = pages(small, "p", actor)
    assert names(list(page.own)) == ["Patient/p", "Condition/dm"]
    assert page.narrowed
    (page,) = pages(small, "p", actor, types=frozenset({"Condition"}))
    assert not page.narrowed
    with refusal(Kind.FORBIDDEN):
        pages(small, "p", actor, types=frozenset({"Observation"}))


def test_law_2_another_hospital_finds_nobody(small: Desk):
    for id_ in ("p", "nobody"):
        with refusal(Kind.NOT_FOUND):
            pages(small, id_, ehr(ST_BERTA))


def test_who_was_deleted_or_erased_is_gone(house: Desk):
    house.puts(patient("gone"))
    house.intake.delete(ehr(), "Patient", "gone")
    with refusal(Kind.GONE):
        pages(house, "gone")
    house.erases(house.id_of("Patient/p"))
    with house.leaves() as events, refusal(Kind.GONE):
        pages(house, "p")
    assert [(e.status, e.patient) for e in events] == [(410, house.id_of("Patient/p"))]


def test_law_4_one_event_for_each_page_which_names_the_patient(small: Desk):
    with small.leaves() as events:
        pages(small, "p", count=3)
    who = small.id_of("Patient/p")
    assert [(e.kind, e.action, e.patient, e.status) for e in events] == [
        ("rest:everything", "E", who, 200)
    ] * 2
    with small.leaves() as events, refusal(Kind.NOT_FOUND):
        pages(small, "nobody")
    assert [(e.kind, e.patient, e.status) for e in events] == [("rest:everything", None, 404)]


# --- partners ----------------------------------------------------------------------------------------------


@pytest.fixture
def planned(small_desk: Desk) -> Desk:
    desk = small_desk
    desk.puts(*diabetic("p"), {**HOUSE, "id": "h"}, condition("unrelated", "Patient/p"))
    desk.works()
    return desk


def shown(desk: Desk, actor: Actor) -> str:
    """The patient's id as a partner learns it from the plan."""
    (plan,) = desk.searches("CarePlan?" + "=".join(PLAN_QUERY[0]), actor)
    return str(plan["subject"]["reference"]).removeprefix("Patient/")


def test_law_2_a_partner_gets_plans_and_what_they_point_at_in_its_own_ids(planned: Desk):
    actor = partner(APP, ST_ANNA)
    found = every(planned, shown(planned, actor), actor)
    assert {"Patient", "CarePlan", "Goal"} <= {stored.type for stored in found}
    assert all(len(stored.id) == 52 for stored in found)
    text = lossless.dumps([stored.body for stored in found]).decode()
    assert not [word for word in ("Hopkins", "Änne", "House", "p-a1c") if word in text]
    for stored in found:
        read = planned.release.read(actor, stored.type, stored.id)
        assert read.body == stored.body


def test_law_2_a_partner_finds_nobody_without_a_grant_or_by_anothers_id(planned: Desk):
    mine = shown(planned, partner(APP, ST_ANNA))
    for actor in (partner(APP), partner(APP, ST_BERTA), partner(OTHER_APP, ST_ANNA)):
        with refusal(Kind.NOT_FOUND):
            pages(planned, mine, actor)
    with refusal(Kind.NOT_FOUND):
        pages(planned, "p", partner(APP, ST_ANNA))


def test_law_4_what_a_partner_got_is_accounted_for(planned: Desk):
    actor = partner(APP, ST_ANNA)
    mine = shown(planned, actor)
    with planned.leaves() as events:
        pages(planned, mine, actor)
    told = [(e.kind, e.organization, e.patient) for e in events if e.kind.startswith("rest:")]
    assert told == [("rest:everything", APP, planned.id_of("Patient/p"))]


# --- over HTTP ---------------------------------------------------------------------------------------------


def test_by_get_and_by_post_it_is_the_same(here: Town):
    hospital = here.hospital()
    hospital.puts(patient("p"))
    hospital.puts(observation("a1c", "Patient/p"))
    path = "Patient/p/$everything"
    body = hospital.asks("GET", path).json()
    assert [(e["fullUrl"].partition("/fhir/")[2], e["search"]["mode"]) for e in body["entry"]] == [
        ("Patient/p", "match"),
        ("Observation/a1c", "match"),
    ]
    told = {"resourceType": "Parameters", "parameter": [{"name": "_type", "valueCode": "Observation"}]}
    posted = hospital.asks("POST", path, told).json()
    assert posted["entry"] == hospital.asks("GET", f"{path}?_type=Observation").json()["entry"]
    told["parameter"] = [{"name": "_count", "valueInteger": 1}, {"name": "start", "valueDate": "2020-01-01"}]
    first = hospital.asks("POST", path, told).json()
    assert len(first["entry"]) == 1
    link = next(link["url"] for link in first["link"] if link["relation"] == "next")
    assert [e["resource"]["id"] for e in hospital.asks("GET", link).json()["entry"]] == ["a1c"]
    assert here.hospital().asks("GET", link).status_code == 400


def test_what_was_left_out_for_want_of_a_scope_is_told_in_an_outcome(embedded: Town):
    embedded.hospital().puts(patient("p"))
    narrow = embedded.hospital(scope="system/Patient.rs system/Goal.r")
    *_, last = narrow.asks("GET", "Patient/p/$everything").json()["entry"]
    assert last["search"]["mode"] == "outcome"
    (issue,) = last["resource"]["issue"]
    assert issue["code"] == "suppressed"
    assert "Goal, Patient" in issue["diagnostics"]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("_type=Patience", 400),
        ("_type=AuditEvent", 403),
        ("start=yesterday", 400),
        ("end=2026-02-30", 400),
        ("_since=x", 400),
        ("start=2026&start=2027", 400),
        ("name=x", 400),
        ("_page=x", 400),
    ],
)
def test_what_cannot_be_honoured_is_refused(embedded: Town, query: str, status: int):
    hospital = embedded.hospital()
    hospital.puts(patient("p"))
    assert hospital.asks("GET", f"Patient/p/$everything?{query}").status_code == status


@pytest.mark.parametrize(
    "body",
    [
        patient("p"),
        {"resourceType": "Parameters", "parameter": [{"name": "_type", "part": []}]},
        {"resourceType": "Parameters", "parameter": [{"name": "_type"}]},
        {"resourceType": "Parameters", "parameter": ["x"]},
        {"resourceType": "Parameters", "parameter": {"name": "_type"}},
        {"resourceType": "Parameters", "parameter": [{"name": "_count", "valueBoolean": True}]},
    ],
)
def test_a_body_that_is_no_parameters_is_refused(embedded: Town, body: dict[str, Any]):
    hospital = embedded.hospital()
    hospital.puts(patient("p"))
    assert hospital.asks("POST", "Patient/p/$everything", body).status_code == 400


def test_it_needs_the_right_to_read_the_patient(embedded: Town):
    somebody = embedded.hospital(scope="system/Observation.rs")
    assert somebody.asks("GET", "Patient/p/$everything").status_code == 403
    assert embedded.officer().asks("GET", "Patient/p/$everything").status_code == 403


def test_an_operation_that_is_not_served_says_so(embedded: Town):
    hospital = embedded.hospital()
    for path in ("Patient/$everything", "Observation/$lastn"):
        answer = hospital.asks("GET", path)
        assert answer.status_code == 404
        assert answer.json()["issue"][0]["code"] == "not-supported"
