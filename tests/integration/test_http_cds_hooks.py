"""CDS Hooks as an EHR uses them: discovery, a signed call, cards, and an answer that the plan remembers."""

from __future__ import annotations

import json
import os
import re
import time
import uuid
from pathlib import Path
from typing import Any

import pytest
import requests
from sqlalchemy import func, select

from gateway.cds_hooks.catalogue import PREFETCH
from gateway.custody import jobs, rulebook
from gateway.custody.cds_tables import cds_card
from gateway.custody.ids import Tenant
from gateway.custody.opening import open_clinic
from gateway.custody.settings import Storage
from mappers import lossless
from mappers.r4.validate import problems
from tests.actors import Hospital, Somebody, Town
from tests.desk import bundle, diabetic, put
from workers import plan, station

VIEW, SELECT, SIGN = "careloom-patient-view", "careloom-order-select", "careloom-order-sign"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
FREE_TEXT = "zirkonia-said-she-would-rather-not"


def order(id_: str, rxcui: str, subject: str = "Patient/anna", **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "MedicationRequest",
        "id": id_,
        "status": "active",
        "intent": "order",
        "medicationCodeableConcept": {"coding": [{"system": RXNORM, "code": rxcui}]},
        "subject": {"reference": subject},
        "authoredOn": "2026-01-05",
        **more,
    }


ATAZANAVIR = order("takes-atazanavir", "343047")
OMEPRAZOLE = order("new-omeprazole", "7646", status="draft")
PARACETAMOL = order("new-paracetamol", "161", status="draft")


def searchset(*resources: dict[str, Any]) -> dict[str, Any]:
    return {"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": one} for one in resources]}


def asked(*resources: dict[str, Any], hook: str = "patient-view", **context: Any) -> dict[str, Any]:
    """A call with everything prefetched."""
    person, *rest = resources
    place = {"Condition": "conditions", "Observation": "observations", "MedicationRequest": "medications"}
    sent: dict[str, Any] = dict.fromkeys(PREFETCH)
    for name in set(place.values()):
        sent[name] = searchset(*(one for one in rest if place[one["resourceType"]] == name))
    return {
        "hook": hook,
        "hookInstance": str(uuid.uuid4()),
        "context": {"userId": "Practitioner/dr-7", "patientId": person["id"], **context},
        "prefetch": {**sent, "patient": person},
        "fhirServer": "https://ehr.example/fhir",
    }


def calls(who: Somebody, service: str, body: Any, **claims: Any) -> requests.Response:
    """A call, signed as the standard wants it."""
    return who.client.cards(service, body, **claims)


def cards(answer: requests.Response) -> list[dict[str, Any]]:
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["cards"]
    return found


def works(storage: Storage) -> None:
    clinic, now = open_clinic(storage), time.time_ns() // 1000
    at = station.Station(clinic, station.load_knowledge(), lambda: now, os.urandom)
    try:
        with clinic.database.read() as conn:
            due = [job.id for job in jobs.due(conn, now, 100) if job.kind == "plan"]
        for job_id in due:
            plan.do(at, job_id)
    finally:
        clinic.close()


def the_plan(hospital: Hospital) -> dict[str, Any]:
    (found,) = hospital.searches("CarePlan?identifier=urn:careloom:plan|&subject=Patient/anna")
    return found


@pytest.fixture
def hospital(embedded: Town) -> Hospital:
    return embedded.hospital()


# --- discovery and cards ---------------------------------------------------------------------------------


def test_anybody_may_see_which_services_there_are(embedded: Town):
    answer = embedded.session().get(f"{embedded.base_url}/cds-services")
    found = answer.json()["services"]
    assert [(one["id"], one["hook"]) for one in found] == [
        (VIEW, "patient-view"),
        (SELECT, "order-select"),
        (SIGN, "order-sign"),
    ]
    assert found[0]["prefetch"]["patient"] == "Patient/{{context.patientId}}"


def test_a_look_at_a_patient_gives_the_lines_of_the_plan_as_cards(hospital: Hospital):
    found = cards(calls(hospital, VIEW, asked(*diabetic("anna"))))
    assert found
    for one in found:
        assert uuid.UUID(one["uuid"]).version == 4
        assert 0 < len(one["summary"]) <= 140
        assert one["indicator"] in ("info", "warning", "critical")
        assert one["source"]["label"]
        assert one["detail"]
        assert {reason["code"] for reason in one["overrideReasons"]} >= {"patient-declines", "not-now"}
    ranks = [("critical", "warning", "info").index(one["indicator"]) for one in found]
    assert ranks == sorted(ranks), "the most urgent first"


def test_what_can_be_ordered_comes_as_a_draft_in_the_ids_of_the_ehr(hospital: Hospital):
    found = cards(calls(hospital, VIEW, asked(*diabetic("anna"))))
    drafts = [
        action["resource"]
        for one in found
        for suggestion in one.get("suggestions", ())
        for action in suggestion["actions"]
    ]
    assert drafts
    sent = {f"{one['resourceType']}/{one['id']}" for one in diabetic("anna")}
    for one in drafts:
        assert problems(one) == []
        assert (one["status"], one["intent"]) == ("draft", "proposal")
        assert one["subject"] == {"reference": "Patient/anna"}
        assert "id" not in one
        assert {reason["reference"] for reason in one.get("reasonReference", ())} <= sent


@pytest.mark.parametrize(("service", "hook"), [(SELECT, "order-select"), (SIGN, "order-sign")])
def test_a_draft_that_does_not_go_with_what_is_taken_is_a_critical_card(
    hospital: Hospital, service: str, hook: str
):
    drafts = searchset(OMEPRAZOLE, PARACETAMOL)
    chosen = ["MedicationRequest/new-omeprazole"]
    body = asked(*diabetic("anna"), ATAZANAVIR, hook=hook, draftOrders=drafts, selections=chosen)
    (found,) = cards(calls(hospital, service, body))
    assert found["indicator"] == "critical"
    assert "atazanavir" in (found["summary"] + found["detail"]).lower()
    assert "omeprazole" in (found["summary"] + found["detail"]).lower()


def test_drafts_that_nothing_speaks_against_or_that_were_not_selected_give_no_card(hospital: Hospital):
    signed = asked(*diabetic("anna"), ATAZANAVIR, hook="order-sign", draftOrders=searchset(PARACETAMOL))
    assert cards(calls(hospital, SIGN, signed)) == []
    drafts, chosen = searchset(OMEPRAZOLE, PARACETAMOL), ["MedicationRequest/new-paracetamol"]
    selected = asked(
        *diabetic("anna"), ATAZANAVIR, hook="order-select", draftOrders=drafts, selections=chosen
    )
    assert cards(calls(hospital, SELECT, selected)) == []


def test_the_same_data_give_the_same_acts_as_the_workers_plan(
    sqlite_storage: Storage, embedded: Town, hospital: Hospital
):
    sent = diabetic("anna")
    before = {one["summary"] for one in cards(calls(hospital, VIEW, asked(*sent)))}
    assert hospital.submits(bundle(*map(put, sent))).status_code == 200
    works(sqlite_storage)
    lines = {one["detail"]["code"]["text"] for one in the_plan(hospital)["activity"]}
    assert before == lines


# --- feedback --------------------------------------------------------------------------------------------


def says(hospital: Hospital, card: str, outcome: str, **more: Any) -> requests.Response:
    told = {"card": card, "outcome": outcome, "outcomeTimestamp": "2026-11-22T10:00:00Z", **more}
    return calls(hospital, f"{VIEW}/feedback", {"feedback": [told]})


def test_an_overridden_card_declines_the_line_and_does_not_come_back(storage: Storage, here: Town):
    hospital, sent = here.hospital(), diabetic("anna")
    assert hospital.submits(bundle(*map(put, sent))).status_code == 200
    works(storage)
    first, *others = cards(calls(hospital, VIEW, asked(*sent)))
    reason = {"reason": {"system": "urn:careloom:decision-reason", "code": "patient-declines"}}
    answer = says(hospital, first["uuid"], "overridden", overrideReason={**reason, "userComment": FREE_TEXT})
    assert answer.status_code == 200, answer.text
    lines = {one["detail"]["code"]["text"]: one["detail"] for one in the_plan(hospital)["activity"]}
    assert lines[first["summary"]]["status"] == "cancelled"
    assert lines[first["summary"]]["statusReason"]["coding"][0]["code"] == "patient-declines"
    assert FREE_TEXT not in json.dumps(lines)
    works(storage)
    again = cards(calls(hospital, VIEW, asked(*sent)))
    assert [one["summary"] for one in again] == [one["summary"] for one in others]
    version = the_plan(hospital)["meta"]["versionId"]
    assert says(hospital, first["uuid"], "overridden", overrideReason=reason).status_code == 200
    assert the_plan(hospital)["meta"]["versionId"] == version, "the same word twice is said once"


def test_an_accepted_suggestion_puts_the_line_under_way(
    sqlite_storage: Storage, embedded: Town, hospital: Hospital
):
    sent = diabetic("anna")
    assert hospital.submits(bundle(*map(put, sent))).status_code == 200
    works(sqlite_storage)
    one = next(card for card in cards(calls(hospital, VIEW, asked(*sent))) if "suggestions" in card)
    chosen = [{"id": one["suggestions"][0]["uuid"]}]
    assert says(hospital, one["uuid"], "accepted", acceptedSuggestions=chosen).status_code == 200
    lines = {line["detail"]["code"]["text"]: line["detail"] for line in the_plan(hospital)["activity"]}
    assert lines[one["summary"]]["status"] == "scheduled"


def test_answers_are_refused_whole_where_one_of_them_is_faulty(hospital: Hospital):
    one, *_ = cards(calls(hospital, VIEW, asked(*diabetic("anna"))))
    good = {"card": one["uuid"], "outcome": "overridden", "outcomeTimestamp": "2026-11-22T10:00:00Z"}
    for bad, status in (
        ({**good, "card": str(uuid.uuid4())}, 404),
        ({**good, "outcome": "perhaps"}, 400),
        ({**good, "outcomeTimestamp": "yesterday"}, 400),
        ({**good, "overrideReason": {"reason": {"code": "a whole sentence", "system": "x"}}}, 400),
    ):
        answer = calls(hospital, f"{VIEW}/feedback", {"feedback": [good, bad]})
        assert answer.status_code == status, answer.text
        assert answer.json()["issue"][0]["expression"][0].startswith("feedback[1]")
    assert calls(hospital, f"{SIGN}/feedback", {"feedback": [good]}).status_code == 404, "of another service"


def test_another_hospital_cannot_answer_a_card(embedded: Town, hospital: Hospital):
    one, *_ = cards(calls(hospital, VIEW, asked(*diabetic("anna"))))
    assert says(embedded.hospital("st-berta"), one["uuid"], "overridden").status_code == 404


# --- who may call, and what cannot be read ---------------------------------------------------------------


def test_only_an_ehr_that_signed_for_this_address_once_is_served(embedded: Town, hospital: Hospital):
    body = asked(*diabetic("anna"))
    assert calls(hospital, VIEW, body, aud=f"{embedded.base_url}/auth/token").status_code == 401
    assert calls(hospital, VIEW, body, exp=int(time.time()) - 5).status_code == 401
    assert calls(hospital, VIEW, body, iss="nobody", sub="nobody").status_code == 401
    assert calls(embedded.partner("app", "st-anna"), VIEW, body).status_code == 403
    assert calls(embedded.officer(), VIEW, body).status_code == 403
    assert calls(embedded.hospital(scope="system/Patient.rs"), VIEW, body).status_code == 403
    same = {"jti": "only-once"}
    assert [calls(hospital, VIEW, body, **same).status_code for _ in range(2)] == [200, 401]
    bare = embedded.session().post(f"{embedded.base_url}/cds-services/{VIEW}", data=lossless.dumps(body))
    assert bare.status_code == 401
    assert "Bearer" in bare.headers["WWW-Authenticate"]


def test_an_issuer_that_is_a_url_names_its_client_as_subject(hospital: Hospital):
    answer = calls(hospital, VIEW, asked(*diabetic("anna")), iss="https://ehr.example/fhir")
    assert answer.status_code == 200


def without(body: dict[str, Any], *path: str) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(json.dumps(body, default=str))
    node = made
    for name in path[:-1]:
        node = node[name]
    del node[path[-1]]
    return made


FAULTS: list[tuple[tuple[str, ...], int, str]] = [
    (("hook",), 400, "hook"),
    (("hookInstance",), 400, "hookInstance"),
    (("context", "userId"), 400, "context.userId"),
    (("context", "patientId"), 400, "context.patientId"),
    (("prefetch",), 412, "prefetch.patient"),
    (("prefetch", "patient"), 412, "prefetch.patient"),
]


@pytest.mark.parametrize(("path", "status", "place"), FAULTS, ids=[".".join(one[0]) for one in FAULTS])
def test_what_is_missing_is_named(hospital: Hospital, path: tuple[str, ...], status: int, place: str):
    body = json.loads(lossless.dumps(asked(*diabetic("anna"))))
    answer = calls(hospital, VIEW, without(body, *path))
    assert answer.status_code == status
    assert answer.json()["issue"][0]["expression"] == [place]


def test_what_was_not_sent_is_told_and_never_taken_for_nothing(hospital: Hospital):
    body = json.loads(lossless.dumps(asked(*diabetic("anna"))))
    (found,) = cards(calls(hospital, VIEW, without(body, "prefetch", "medications")))
    assert found["indicator"] == "info"
    assert "MedicationRequest" in found["detail"]
    assert "Observation" not in found["detail"]
    assert len(cards(calls(hospital, VIEW, body))) > 1


OFFICIAL = Path(__file__).parents[3] / "shared" / "data" / "fhir" / "cds-hooks"


@pytest.mark.skipif(not OFFICIAL.is_dir(), reason="the official examples are not here")
def test_the_official_requests_are_answered_by_cards_or_by_what_they_lack(hospital: Hospital):
    answered = 0
    for path in sorted(OFFICIAL.glob("request_patient-view_*.json")):
        answer = calls(hospital, VIEW, lossless.loads(path.read_bytes()))
        if "patientId" not in json.loads(path.read_text())["context"]:
            assert answer.json()["issue"][0]["expression"] == ["context.patientId"]
            continue
        for one in cards(answer):
            assert {"summary", "indicator", "source"} <= one.keys()
            assert len(one["summary"]) <= 140
            answered += 1
    assert answered == 2


def test_a_chart_of_two_patients_or_no_valid_resources_is_refused(hospital: Hospital):
    other = asked(diabetic("anna")[0], *diabetic("berta")[1:])
    assert calls(hospital, VIEW, other).status_code == 400
    broken = asked(diabetic("anna")[0], {**diabetic("anna")[2], "status": "perhaps"})
    answer = calls(hospital, VIEW, broken)
    assert answer.status_code == 400
    assert answer.json()["issue"][0]["expression"] == ["Observation.status"]
    assert calls(hospital, "no-such-service", asked(*diabetic("anna"))).status_code == 404


@pytest.mark.parametrize("body", [[], 7, None, {"hook": []}, {"prefetch": {"patient": 3}}, "text"])
def test_whatever_is_sent_is_answered_as_a_fault_of_the_sender(hospital: Hospital, body: Any):
    assert calls(hospital, VIEW, body).status_code == 400
    assert calls(hospital, f"{VIEW}/feedback", body).status_code == 400


# --- what is left behind ---------------------------------------------------------------------------------


def test_law_4_each_call_and_answer_is_an_event_about_the_patient(embedded: Town, hospital: Hospital):
    one, *_ = cards(calls(hospital, VIEW, asked(*diabetic("anna"))))
    assert says(hospital, one["uuid"], "overridden").status_code == 200
    assert calls(hospital, VIEW, {}).status_code == 400
    officer = embedded.officer()
    events = {
        event["meta"]["tag"][0]["code"]: event
        for event in officer.searches(
            "AuditEvent?subtype=urn:careloom:audit-kind|cds:call,cds:feedback,cds:refuse"
        )
    }
    assert list(events) == ["cds:refuse", "cds:feedback", "cds:call"]
    for kind in ("cds:call", "cds:feedback"):
        assert "Patient/" in json.dumps(events[kind]["entity"])
        assert VIEW in events[kind]["outcomeDesc"]
    assert all(problems(event) == [] for event in events.values())


def test_nothing_of_what_was_sent_is_stored(embedded: Town, hospital: Hospital):
    canary = "canary-zirkonia-7731"
    person = {**diabetic("anna")[0], "name": [{"family": canary}]}
    one, *_ = cards(calls(hospital, VIEW, asked(person, *diabetic("anna")[1:])))
    assert hospital.asks("GET", "Patient/anna").status_code == 404
    assert canary not in json.dumps(one)
    assert embedded.app is not None
    database = embedded.app.extensions["careloom_vault"].database
    with database.read() as conn:
        assert conn.scalar(select(func.count()).select_from(cds_card)) > 0
        rows = str([tuple(row) for row in conn.execute(select(cds_card))])
    assert canary not in rows
    assert "anna" not in rows


# --- the rules that count --------------------------------------------------------------------------------


def test_a_rule_that_the_hospital_switched_off_gives_no_card_from_the_next_call_on(
    embedded: Town, hospital: Hospital
):
    first = cards(calls(hospital, VIEW, asked(*diabetic("anna"))))
    rules = {rule for one in first for rule in re.findall(r"rule ([a-z0-9-]+) ", one["detail"])}
    gone = sorted(rules)[0]
    assert embedded.app is not None
    database = embedded.app.extensions["careloom_vault"].database
    with database.write() as conn:
        rulebook.change(conn)
        rulebook.put_switch(conn, Tenant(1), rulebook.Switch(gone, "off", {}, "not for us"), 0)
    then = cards(calls(hospital, VIEW, asked(*diabetic("anna"))))
    assert {rule for one in then for rule in re.findall(r"rule ([a-z0-9-]+) ", one["detail"])} == rules - {
        gone
    }
    assert len(cards(calls(embedded.hospital("st-berta"), VIEW, asked(*diabetic("anna"))))) == len(first)
