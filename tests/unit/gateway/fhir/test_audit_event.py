"""Rows of the trail as FHIR AuditEvents: valid, complete, and pseudonymous."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import Any

import pytest
from fhir.resources.R4B.auditevent import AuditEvent
from msgspec.structs import replace

from gateway.custody.audit import Event
from gateway.custody.ids import StoredId, Tenant, pseudonym
from gateway.fhir.audit_event import Row, audit_event
from gateway.fhir.balp import CLIENT_SYSTEM, KIND_SYSTEM, PATTERNS
from mappers.r4.validate import problems

BASE = "https://careloom.example/fhir"
PATIENT, PLAN = StoredId(b"p" * 16), StoredId(b"c" * 16)
READ = Event(
    time=1_760_000_000_123_456,
    kind="rest:read",
    action="R",
    outcome="0",
    status=200,
    client_id="client-1",
    organization=Tenant(3),
    user=None,
    purpose=None,
    type="CarePlan",
    id=PLAN,
    version=2,
    patient=PATIENT,
    digest=b"d" * 32,
    address="192.0.2.7",
    request_id="r-1",
    detail=None,
)
BARE = Event(time=0, kind="token:refuse", action="E", outcome="4", status=401)


def show(type_: str, stored: StoredId) -> str:
    return f"{type_.lower()}-{stored[:1].decode()}"


def made(event: Event = READ, **changes: Any) -> dict[str, Any]:
    told = audit_event(Row(Tenant(3), 41, replace(event, **changes)), show, BASE)
    AuditEvent.model_validate(told)
    assert problems(told) == []
    return told


def test_an_event_is_known_by_its_log_and_its_place():
    told = made()
    assert told["id"] == "3-41"
    assert told["recorded"] == "2025-10-09T08:53:20.123Z"
    assert (told["meta"]["versionId"], told["meta"]["lastUpdated"]) == ("1", told["recorded"])
    assert told["meta"]["tag"] == [{"system": KIND_SYSTEM, "code": "rest:read", "display": "rest:read"}]


def test_what_happened_is_said_in_fhirs_code_and_in_ours():
    told = made()
    assert told["type"]["code"] == "rest"
    assert [(coding["system"], coding["code"]) for coding in told["subtype"]] == [
        ("http://hl7.org/fhir/restful-interaction", "read"),
        (KIND_SYSTEM, "rest:read"),
    ]
    assert (told["action"], told["outcome"], told["outcomeDesc"]) == ("R", "0", "200")


def test_who_did_it_is_the_first_agent():
    client, server, application = made()["agent"]
    assert client["who"]["identifier"] == {"system": CLIENT_SYSTEM, "value": "client-1"}
    assert client["requestor"] is True
    assert client["network"] == {"address": "192.0.2.7", "type": "2"}
    assert (server["requestor"], application["requestor"]) == (False, False)
    assert server["network"] == {"address": BASE, "type": "5"}
    assert application["who"] == client["who"]


def test_a_client_that_comes_by_itself_acts_as_the_system():
    assert made()["agent"][0]["name"] == "system"
    assert "name" not in made(user="dr-grey")["agent"][0]


def test_a_human_behind_the_client_is_the_one_who_asked():
    agents = made(user="dr-grey", purpose="TREAT")["agent"]
    assert [agent["requestor"] for agent in agents] == [False, False, True, False]
    assert agents[2]["who"]["identifier"]["value"] == "dr-grey"
    assert made(purpose="TREAT")["purposeOfEvent"][0]["coding"][0]["code"] == "TREAT"


def test_nobody_known_is_said_to_be_nobody_known():
    told = made(BARE)
    assert told["agent"][0]["who"] == {"display": "not known"}
    assert "entity" not in told
    assert "network" not in told["agent"][0]


def test_what_was_touched_is_named_by_what_the_officer_sees():
    patient, plan, request = made()["entity"]
    assert patient["what"] == {"reference": "Patient/patient-p"}
    assert patient["role"]["code"] == "1"
    assert plan["what"] == {"reference": "CarePlan/careplan-c/_history/2"}
    assert request["what"]["identifier"]["value"] == "r-1"


def test_law_2_no_stored_id_or_digest_is_shown_as_it_is():
    told = str(made())
    for raw in (PATIENT, PLAN, b"d" * 32):
        assert raw.hex() not in told
        assert str(raw) not in told


def test_a_search_names_the_type_that_was_searched():
    told = made(kind="rest:search", action="E", id=None, version=None, patient=None, detail="query: _count=5")
    assert told["entity"][0]["description"] == "CarePlan?_count=5"
    assert told["outcomeDesc"] == "200"


def test_a_search_of_an_earlier_release_tells_the_names_of_its_parameters():
    told = made(kind="rest:search", id=None, version=None, patient=None, detail="parameters: family gender")
    assert told["entity"][0]["description"] == "CarePlan?family=***&gender=***"


def test_a_query_names_people_as_this_officer_sees_them():
    asked = f"query: subject=Patient/{pseudonym(PATIENT)},Group/{pseudonym(PLAN)}&_count=5"
    told = made(kind="rest:search", id=None, version=None, patient=None, detail=asked)
    patient, query, _ = told["entity"]
    assert patient["what"] == {"reference": "Patient/patient-p"}
    assert query["description"] == "CarePlan?subject=Patient/patient-p,Group/group-c&_count=5"
    assert base64.b64decode(query["query"]).decode() == query["description"]
    assert pseudonym(PATIENT) not in str(told)


def test_a_query_that_names_several_is_about_none_of_them():
    asked = f"query: patient=Patient/{pseudonym(PATIENT)},Patient/{pseudonym(PLAN)}&_count=5"
    told = made(kind="rest:search", id=None, version=None, patient=None, detail=asked)
    assert [entity["type"]["code"] for entity in told["entity"]] == ["2", "XrequestId"]


def test_what_another_organization_was_given_is_a_disclosure():
    ours, theirs = made()["subtype"], made(organization=Tenant(11))["subtype"]
    assert theirs[:-1] == ours
    assert theirs[-1]["code"] == "disclose"
    for nothing in ({"outcome": "4"}, {"patient": None}, {"kind": "rest:create"}, {"organization": None}):
        told = made(**{"organization": Tenant(11), **nothing})
        assert "disclose" not in {coding["code"] for coding in told["subtype"]}


@pytest.mark.parametrize("kind", ["client:add", "grant:revoke", "consent:check"])
def test_who_is_let_in_did_not_do_it(kind: str):
    tool, client = made(kind=kind, detail="command line; told", user=None, address=None)["agent"]
    assert (tool["who"], tool["requestor"]) == ({"display": "command line"}, True)
    assert (client["who"]["identifier"]["value"], client["requestor"]) == ("client-1", False)


@pytest.mark.parametrize("kind", PATTERNS)
def test_every_kind_is_valid_and_has_one_requestor(kind: str):
    for changes in (
        {},
        {"user": "dr-grey"},
        {"client_id": None},
        {"detail": "command line", "client_id": None},
    ):
        told = made(kind=kind, **changes)
        assert [agent["requestor"] for agent in told["agent"]].count(True) == 1
        assert told["meta"]["tag"][0]["code"] == kind


@pytest.mark.parametrize("outcome", ["0", "4", "8", "12"])
@pytest.mark.parametrize("action", "CRUDE")
def test_every_outcome_and_action_is_valid(outcome: str, action: str):
    assert made(outcome=outcome, action=action)


@pytest.mark.parametrize(
    ("kind", "type_code", "subtype_code"),
    [
        ("rest:create", "rest", "create"),
        ("rest:vread", "rest", "vread"),
        ("token:issue", "110114", "110122"),
        ("token:refuse", "110114", "110122"),
        ("client:add", "110113", "110137"),
        ("grant:revoke", "110113", "110136"),
        ("system:start", "110100", "110120"),
        ("audit:export", "110101", "audit:export"),
        ("plan:write", "plan", "plan:write"),
        ("erase", "erase", "erase"),
    ],
)
def test_every_kind_has_a_type_and_a_subtype(kind: str, type_code: str, subtype_code: str):
    told = made(kind=kind)
    assert told["type"]["code"] == type_code
    assert told["subtype"][0]["code"] == subtype_code
    assert told["subtype"][-1] == {"system": KIND_SYSTEM, "code": kind, "display": kind}


def test_the_docs_tell_of_every_kind_and_of_no_other():
    page = (Path(__file__).parents[4] / "docs" / "audit.md").read_text(encoding="utf-8")
    rows = page.partition("## Kinds")[2].partition("## Which events")[0].splitlines()
    told = [kind for row in rows for kind in re.findall("`([a-z]+:[a-z]+)`", row.partition(" | ")[0])]
    assert sorted(told) == sorted(PATTERNS)
