"""Scopes with a filter over HTTP: how a client comes by them; and no answer, total or ETag tells more."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from gateway.custody.identity import halves
from gateway.demo.client import ASSERTION_TYPE
from gateway.release import opened
from tests.actors import Hospital, Town

CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"
LABORATORY = f"category={CATEGORY}|laboratory"
SCOPE = f"system/Observation.rs?{LABORATORY} system/Patient.rs"


def value(id_: str, category: str) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "id": id_,
        "status": "final",
        "category": [{"coding": [{"system": CATEGORY, "code": category}]}],
        "code": {"text": "value"},
        "subject": {"reference": "Patient/ada"},
    }


class Narrow:
    """One EHR with two tokens: all that it may do, and a part."""

    def __init__(self, hospital: Hospital, scope: str = SCOPE) -> None:
        self.hospital = hospital
        told = hospital.client.ask_for_token(hospital.client.assertion(), scope).json()
        self.scope: str = told["scope"]
        self.token: str = told["access_token"]

    def asks(self, method: str, path: str, body: Any = None, **headers: str) -> requests.Response:
        return self.hospital.asks(method, path, body, Authorization=f"Bearer {self.token}", **headers)


@pytest.fixture
def hospital(embedded: Town) -> Hospital:
    hospital = embedded.hospital()
    hospital.puts({"resourceType": "Patient", "id": "ada"})
    for id_, category in (("l1", "laboratory"), ("v1", "vital-signs"), ("s1", "survey")):
        hospital.puts(value(id_, category))
    return hospital


@pytest.fixture
def narrow(hospital: Hospital) -> Narrow:
    return Narrow(hospital)


def test_the_token_bears_the_filter_and_introspection_shows_it(hospital: Hospital, narrow: Narrow):
    assert narrow.scope == SCOPE
    client = hospital.client
    proof = client.assertion(aud=f"{client.base_url}/auth/introspect")
    form = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": proof, "token": narrow.token}
    told = client._session.post(f"{client.base_url}/auth/introspect", data=form, timeout=5).json()
    assert (told["active"], told["scope"]) == (True, SCOPE)


def test_what_a_client_may_in_part_it_is_given_in_part(embedded: Town):
    hospital = embedded.hospital(scope=SCOPE)
    for asked, given in (
        ("system/*.cruds", SCOPE),
        ("system/Observation.read", f"system/Observation.rs?{LABORATORY}"),
        ("system/Observation.r?status=final", f"system/Observation.r?{LABORATORY}&status=final"),
    ):
        assert Narrow(hospital, asked).scope == given


@pytest.mark.parametrize(
    "scope",
    [
        "system/Observation.rs?",
        "system/Observation.rs?subject=Patient/1",
        "system/*.rs?_tag=x",
        "system/Observation.rs?x=y",
    ],
)
def test_law_12_what_cannot_be_honoured_is_no_scope(hospital: Hospital, scope: str):
    answer = hospital.client.ask_for_token(hospital.client.assertion(), scope)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_scope")


def test_discovery_says_that_filters_are_honoured(embedded: Town):
    told = (
        embedded.session().get(f"{embedded.base_url}/fhir/.well-known/smart-configuration", timeout=5).json()
    )
    assert "permission-v2" in told["capabilities"]
    assert any("?" in scope for scope in told["scopes_supported"])


HIDDEN = ("v1", "s1", "nobody")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "Observation/{}"),
        ("GET", "Observation/{}/_history"),
        ("GET", "Observation/{}/_history/1"),
        ("GET", "Observation/{}/$meta"),
        ("POST", "Observation/{}/$validate"),
    ],
)
def test_what_does_not_pass_is_answered_like_what_is_not_there(narrow: Narrow, method: str, path: str):
    body = {"resourceType": "Parameters"} if method == "POST" else None
    answers = [narrow.asks(method, path.format(name), body) for name in HIDDEN]
    assert {(a.status_code, a.content) for a in answers} == {(404, answers[0].content)}
    assert {tuple(sorted(set(a.headers) - {"X-Request-Id"})) for a in answers} == {
        tuple(sorted(set(answers[0].headers) - {"X-Request-Id"}))
    }
    assert narrow.asks(method, path.format("l1"), body).status_code == 200


def test_an_etag_of_what_does_not_pass_is_no_304(hospital: Hospital, narrow: Narrow):
    for name, status in (("l1", 304), ("v1", 404)):
        assert narrow.asks("GET", f"Observation/{name}", If_None_Match='W/"1"').status_code == status
    etag = narrow.asks("GET", "Observation").headers["ETag"]
    hospital.puts(value("v2", "vital-signs"))
    hospital.puts({**value("v1", "vital-signs"), "status": "amended"})
    assert narrow.asks("GET", "Observation", If_None_Match=etag).status_code == 304
    hospital.puts(value("l2", "laboratory"))
    assert narrow.asks("GET", "Observation", If_None_Match=etag).status_code == 200


def test_totals_and_pages_tell_of_what_passes(hospital: Hospital, narrow: Narrow):
    def told(query: str) -> dict[str, Any]:
        page = narrow.asks("GET", f"Observation?{query}").json()
        return {"total": page.get("total"), "links": [link["relation"] for link in page["link"]]}

    before = [
        told(q) for q in ("", "_count=1", "_summary=count", "_total=accurate", "_count=1&_total=accurate")
    ]
    for number in range(5):
        hospital.puts(value(f"v{number}", "vital-signs"))
    after = [
        told(q) for q in ("", "_count=1", "_summary=count", "_total=accurate", "_count=1&_total=accurate")
    ]
    assert before == after
    assert after[3]["total"] == 1


def test_everything_says_that_it_is_not_everything(narrow: Narrow):
    page = narrow.asks("GET", "Patient/ada/$everything").json()
    kinds = {(e["resource"]["resourceType"], e["resource"].get("id")) for e in page["entry"]}
    assert kinds == {("Patient", "ada"), ("Observation", "l1"), ("OperationOutcome", None)}
    (note,) = [e["resource"] for e in page["entry"] if e["search"]["mode"] == "outcome"]
    assert "Observation?category=" in note["issue"][0]["diagnostics"]


def test_a_patch_shows_what_it_made_to_who_may_read_it(hospital: Hospital):
    change = [{"op": "replace", "path": "/status", "value": "amended"}]
    blind = Narrow(hospital, f"system/Observation.u system/Observation.r?{LABORATORY}")
    kind = {"Content_Type": "application/json-patch+json"}
    assert blind.asks("PATCH", "Observation/l1", change, **kind).json()["id"] == "l1"
    answer = blind.asks("PATCH", "Observation/v1", change, **kind)
    assert (answer.status_code, answer.content) == (200, b"")


def test_a_deletion_is_tried_on_what_passes(hospital: Hospital):
    writer = Narrow(hospital, f"system/Observation.rd?{LABORATORY}")
    path = "Observation/{}/$validate?mode=delete"
    parameters = {"resourceType": "Parameters"}
    assert writer.asks("POST", path.format("l1"), parameters).status_code == 200
    assert writer.asks("POST", path.format("v1"), parameters).status_code == 404
    limited = Narrow(hospital, f"system/Observation.r system/Observation.d?{LABORATORY}")
    told = limited.asks("POST", path.format("v1"), parameters).json()
    assert told["issue"][0]["code"] == "forbidden"


NOTHING_CHANGES = b'[{"op": "test", "path": "/status", "value": "final"}]'


@pytest.mark.parametrize(
    ("method", "end"),
    [
        ("GET", ""),
        ("GET", "/_history"),
        ("GET", "/_history/1"),
        ("GET", "/$meta"),
        ("DELETE", ""),
        ("PATCH", ""),
    ],
)
def test_what_is_hidden_and_what_is_nobodys_take_the_same_work(
    hospital: Hospital, monkeypatch: pytest.MonkeyPatch, method: str, end: str
):
    narrow = Narrow(hospital, f"system/Observation.cruds?{LABORATORY}")
    opened_cells: list[int] = []
    for module in (opened, halves):
        real = module.unseal
        monkeypatch.setattr(module, "unseal", lambda *told, real=real: opened_cells.append(1) or real(*told))
    more = {"Content_Type": "application/json-patch+json"} if method == "PATCH" else {}
    work = []
    for name in ("v1", "nobodys"):
        opened_cells.clear()
        body = NOTHING_CHANGES if method == "PATCH" else None
        assert narrow.asks(method, f"Observation/{name}{end}", body, **more).status_code == 404
        work.append(len(opened_cells))
    assert work[0] == work[1] > 0
