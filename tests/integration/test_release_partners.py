"""What partners are answered: a plan and what it rests on, in ids that are each one's own, and no person."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import Any

import pytest

from gateway.custody.settings import Storage
from gateway.refusal import Kind
from mappers import lossless
from tests.actors import Partner, Town
from tests.desk import (
    APP,
    OTHER_APP,
    ST_ANNA,
    ST_BERTA,
    Desk,
    diabetic,
    ehr,
    partner,
    patient,
    put,
    refusal,
)

IDS = re.compile(r"\b[a-z2-7]{26}(?:[a-z2-7]{26})?\b")
PERSON: dict[str, Any] = {
    "identifier": [{"system": "urn:mrn", "value": "KV-A123456780"}],
    "name": [{"family": "Hopkins", "given": ["Änne", "Maria"], "text": "Frau Änne Hopkins"}],
    "telecom": [{"system": "phone", "value": "+49 30 901820"}],
    "address": [{"line": ["Am Neuen Palais 10"], "city": "Potsdam", "postalCode": "14469"}],
    "birthDate": "1961-04-17",
    "text": {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">Änne Hopkins</div>'},
}
NEEDLES = ["KV-A123456780", "Hopkins", "Änne", "901820", "Palais", "Potsdam", "14469", "1961-04", "mrn-1"]


def anna() -> list[dict[str, Any]]:
    """Somebody with everything that tells who she is, in every resource."""
    who, *rest = diabetic("mrn-1")
    subject = {"reference": "Patient/mrn-1", "identifier": PERSON["identifier"][0], "display": "Änne Hopkins"}
    note = [{"text": "spoke with Änne Hopkins, +49 30 901820"}]
    told = [{**one, "subject": subject, "note": note} for one in rest]
    return [{**who, **PERSON}, *told]


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for part in value.values():
            yield from texts(part)
    elif isinstance(value, list):
        for part in value:
            yield from texts(part)
    elif isinstance(value, str):
        yield value


def references(value: Any) -> set[str]:
    return {
        text for text in texts(value) if re.fullmatch(r"[A-Z][A-Za-z]+/[a-z2-7]{52}(/_history/\d+)?", text)
    }


def ids_in(value: Any) -> set[str]:
    return set(IDS.findall(lossless.dumps(value).decode()))


# --- over HTTP: two partners who put what they hold side by side -----------------------------------------


@pytest.fixture
def polled(here: Town, storage: Storage) -> list[str]:
    """Everything that two partners of one hospital are answered, headers and links too, as two texts."""
    hospital = here.hospital("st-anna")
    hospital.submits({"resourceType": "Bundle", "type": "transaction", "entry": [put(one) for one in anna()]})
    desk = Desk(storage)
    desk.now = time.time_ns() // 1000
    assert desk.works() == 1
    desk.close()
    return [_everything(here.partner(name, "st-anna")) for name in ("app-gmbh", "other-gmbh")]


def _everything(who: Partner) -> str:
    polls = [who.polls(), *(who.asks("GET", f"{type_}?_count=1") for type_ in SEARCHED)]
    answers = list(polls)
    for answer in polls:
        for reference in sorted(references(answer.json())):
            answers += [who.asks("GET", reference), who.asks("GET", reference.partition("/_history")[0])]
        answers += [who.asks("GET", link["url"]) for link in answer.json()["link"]]
    assert len(answers) > 20
    assert any(answer.json().get("resourceType") == "Patient" for answer in answers)
    return "\n".join(f"{dict(answer.headers)} {answer.text}" for answer in answers)


SEARCHED = ("CarePlan", "Goal", "Observation", "Patient", "Provenance", "DetectedIssue", "Condition")


def test_law_2_two_partners_cannot_join_what_they_hold(polled: list[str]):
    mine, theirs = (set(IDS.findall(text)) for text in polled)
    assert len(mine) > 5
    assert not mine & theirs


def test_law_2_no_partner_meets_a_person(polled: list[str]):
    for text in polled:
        assert not [needle for needle in NEEDLES if needle in text]


def test_law_2_no_partner_meets_a_pseudonym_as_it_is_stored(polled: list[str]):
    for text in polled:
        assert not [found for found in IDS.findall(text) if len(found) == 26]


# --- what a partner can reach ----------------------------------------------------------------------------


@pytest.fixture
def planned(desk: Desk) -> Desk:
    """Two hospitals, a patient with a plan in each, and things that no plan rests on."""
    unused = {"resourceType": "Practitioner", "id": "dr-no", "gender": "male"}
    own = {
        "resourceType": "CarePlan",
        "id": "own",
        "status": "active",
        "intent": "plan",
        "subject": {"reference": "Patient/mrn-1"},
    }
    for tenant in (ST_ANNA, ST_BERTA):
        desk.puts(*anna(), unused, own, actor=ehr(tenant))
    desk.works()
    return desk


def plan_for(desk: Desk, who: Any) -> dict[str, Any]:
    (found,) = desk.searches("CarePlan?identifier=urn:careloom:plan|", who)
    return found


def test_a_partner_reaches_the_plan_and_everything_that_it_points_at(planned: Desk):
    app = partner(APP, ST_ANNA)
    plan = plan_for(planned, app)
    assert plan["identifier"] == [{"system": "urn:careloom:plan", "value": plan["id"]}]
    pointed = references(plan)
    assert {text.partition("/")[0] for text in pointed} >= {"Patient", "Condition", "Observation", "Goal"}
    for text in pointed:
        found = planned.reads(text, app)
        assert (found["resourceType"], found["id"]) == tuple(text.split("/")[:2])


@pytest.mark.parametrize("type_", ["Provenance", "Goal", "Observation"])
def test_a_partner_finds_what_careloom_derived(planned: Desk, type_: str):
    assert planned.searches(type_, partner(APP, ST_ANNA))


def test_a_partner_finds_nothing_else(planned: Desk):
    app = partner(APP, ST_ANNA)
    assert [one["id"] for one in planned.searches("CarePlan", app)] == [plan_for(planned, app)["id"]]
    assert planned.searches("Practitioner", app) == []
    rests_on = references(plan_for(planned, app))
    for type_ in ("Observation", "Condition"):
        whole = {found["id"] for found in planned.searches(type_)}
        sent = {f"{type_}/{_shown(planned, type_, id_)}" for id_ in whole if id_.startswith("mrn-1-")}
        seen = {f"{type_}/{found['id']}" for found in planned.searches(type_, app)}
        pointed = {text.partition("/_history")[0] for text in rests_on}
        assert seen & sent == pointed & sent


def _shown(desk: Desk, type_: str, id_: str) -> str:
    return desk.vault.outside(APP).show(type_, desk.id_of(f"{type_}/{id_}"))


@pytest.mark.parametrize(
    ("type_", "id_"),
    [("Practitioner", "dr-no"), ("CarePlan", "own"), ("Observation", "mrn-1-crea")],
)
def test_law_2_to_know_an_id_is_not_to_reach_it(planned: Desk, type_: str, id_: str):
    app = partner(APP, ST_ANNA)
    for text in (id_, _shown(planned, type_, id_)):
        with refusal(Kind.NOT_FOUND):
            planned.reads(f"{type_}/{text}", app)
        with refusal(Kind.NOT_FOUND):
            planned.reads(f"{type_}/{text}/_history/1", app)
        with refusal(Kind.NOT_FOUND):
            planned.release.history(app, type_, text)


def test_law_2_an_id_that_another_partner_or_the_ehr_was_shown_is_nobodys(planned: Desk):
    app, other = partner(APP, ST_ANNA), partner(OTHER_APP, ST_ANNA)
    for plan in (plan_for(planned, other), plan_for(planned, ehr())):
        with refusal(Kind.NOT_FOUND):
            planned.reads(f"CarePlan/{plan['id']}", app)
        assert planned.searches(f"CarePlan?_id={plan['id']}", app) == []
        assert planned.searches(f"CarePlan?subject={plan['subject']['reference']}", app) == []


def test_a_partner_sees_the_tenants_that_granted_it_and_no_other(planned: Desk):
    one, both = partner(APP, ST_ANNA), partner(APP, ST_ANNA, ST_BERTA)
    (mine,) = planned.searches("CarePlan", one)
    assert len(planned.searches("CarePlan", both)) == 2
    (others,) = [plan for plan in planned.searches("CarePlan", both) if plan["id"] != mine["id"]]
    for text in {f"CarePlan/{others['id']}", *references(others)}:
        assert planned.reads(text, both)
        with refusal(Kind.NOT_FOUND):
            planned.reads(text, one)


def test_law_12_without_a_grant_there_is_nothing(planned: Desk):
    stranger = partner(APP)
    for type_ in ("CarePlan", "Patient", "Observation"):
        assert planned.searches(type_, stranger) == []
    with refusal(Kind.NOT_FOUND):
        planned.reads(f"CarePlan/{plan_for(planned, partner(APP, ST_ANNA))['id']}", stranger)


def test_a_grant_that_is_revoked_ends_at_once(here: Town, storage: Storage):
    hospital = here.hospital("st-anna")
    hospital.submits({"resourceType": "Bundle", "type": "transaction", "entry": [put(one) for one in anna()]})
    desk = Desk(storage)
    desk.now = time.time_ns() // 1000
    desk.works()
    desk.close()
    app = here.partner("app-gmbh", "st-anna")
    (entry,) = app.polls().json()["entry"]
    here.registration.revoke_grant(app.client_id, "st-anna")
    assert not app.polls().json().get("entry")
    assert app.asks("GET", f"CarePlan/{entry['resource']['id']}").status_code == 404


# --- the release profile ---------------------------------------------------------------------------------


def test_law_2_a_partner_sees_the_year_of_birth_and_no_address(planned: Desk):
    app = partner(APP, ST_ANNA)
    found = planned.reads(plan_for(planned, app)["subject"]["reference"], app)
    assert found["birthDate"] == "1961"
    assert found["gender"] == "female"
    assert not {"name", "telecom", "address", "text"} & set(found)
    half = planned.half("Patient/mrn-1")
    assert half is not None
    assert half["birthDate"] == "1961-04", "workers know the month"


def test_law_2_whoever_is_over_89_is_as_old_as_all_of_them(desk: Desk):
    desk.puts(*diabetic("mrn-1"))
    desk.puts(patient("mrn-1", birthDate="1930-01-01"))
    desk.works()
    app = partner(APP, ST_ANNA)
    found = desk.reads(plan_for(desk, app)["subject"]["reference"], app)
    assert "1930" not in str(found)


def test_law_2_identifiers_of_one_thing_are_told_apart_by_no_partner(planned: Desk):
    shown = []
    for organization in (APP, OTHER_APP):
        who = partner(organization, ST_ANNA)
        body = planned.reads(plan_for(planned, who)["subject"]["reference"], who)
        shown.append(ids_in(body))
        assert all(one["system"] == "urn:careloom:pseudonym" for one in body.get("identifier", ()))
    assert shown[0]
    assert not shown[0] & shown[1]


# --- what a partner may ask ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "query",
    [
        "Patient?family=Hopkins",
        "Patient?name=Änne",
        "Patient?identifier=urn:mrn|KV-A123456780",
        "Patient?address-city=Potsdam",
        "Patient?phone=+49 30 901820",
        "Patient?birthdate=1961-04-17",
        "Observation?subject:identifier=urn:mrn|KV-A123456780",
    ],
)
def test_law_2_nobody_but_the_source_asks_by_what_identifies(planned: Desk, query: str):
    assert planned.searches(query), "the source does"
    with refusal(Kind.INVALID, "forbidden"):
        planned.searches(query, partner(APP, ST_ANNA))


def test_a_partner_asks_by_the_ids_that_it_was_shown(planned: Desk):
    app = partner(APP, ST_ANNA, ST_BERTA)
    plans = planned.searches("CarePlan", app)
    assert len(plans) == 2
    for plan in plans:
        for query in (
            f"_id={plan['id']}",
            f"subject={plan['subject']['reference']}",
            f"patient={plan['subject']['reference'].partition('/')[2]}",
            f"identifier=urn:careloom:plan|&subject={plan['subject']['reference']}",
            f"identifier=urn:careloom:plan|{plan['id']}",
        ):
            assert [found["id"] for found in planned.searches(f"CarePlan?{query}", app)] == [plan["id"]], (
                query
            )
    ids = ",".join(plan["id"] for plan in plans)
    assert len(planned.searches(f"CarePlan?_id={ids}", app)) == 2
