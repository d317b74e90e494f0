"""The client that integrators can copy."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
import requests
from joserfc import jws
from requests.adapters import BaseAdapter, HTTPAdapter
from urllib3 import HTTPResponse

from gateway.demo.client import Declined, SmartClient
from tests.unit.gateway.auth.keys import ec, rsa

BASE = "https://careloom.test"


class Script(BaseAdapter):
    """A server that says what it is told to, and remembers what it was asked."""

    def __init__(self, *answers: tuple[int, dict[str, Any]]) -> None:
        super().__init__()
        self.answers = list(answers)
        self.asked: list[requests.PreparedRequest] = []

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:  # type: ignore[override]
        self.asked.append(request)
        if request.url == f"{BASE}/auth/token":
            status, body = 200, {"access_token": f"token-{len(self.asked)}", "expires_in": 300}
        else:
            status, body = self.answers.pop(0)
        content = b"" if status == 304 else json.dumps(body).encode()
        raw = HTTPResponse(io.BytesIO(content), status=status, preload_content=False)
        return HTTPAdapter().build_response(request, raw)

    def close(self) -> None:
        pass


def speaking_to(script: Script, key: Any = None) -> SmartClient:
    session = requests.Session()
    session.mount(BASE, script)
    return SmartClient(BASE, "client-1", key or ec(), "system/Patient.rs", session)


@pytest.mark.parametrize(("key", "algorithm"), [(ec(), "ES384"), (rsa(), "RS384")])
def test_it_signs_with_what_its_key_can(key: Any, algorithm: str):
    text = speaking_to(Script(), key).assertion(jti="one")
    signed = jws.deserialize_compact(text, key, algorithms=[algorithm])
    claims = json.loads(signed.payload)
    assert signed.headers() == {"alg": algorithm, "kid": key.kid, "typ": "JWT"}
    assert (claims["iss"], claims["sub"], claims["aud"]) == ("client-1", "client-1", f"{BASE}/auth/token")
    assert claims["exp"] - claims["iat"] <= 300
    assert claims["jti"] == "one"


def test_every_assertion_is_another():
    client = speaking_to(Script())
    assert client.assertion() != client.assertion()


def test_one_token_serves_many_requests():
    script = Script((200, {}), (200, {}))
    client = speaking_to(script)
    client.get("Patient/1")
    client.get("Patient/2")
    assert [request.url for request in script.asked].count(f"{BASE}/auth/token") == 1
    assert {request.headers.get("Authorization") for request in script.asked[1:]} == {"Bearer token-1"}


def test_it_names_its_scope():
    script = Script((200, {}))
    speaking_to(script).get("Patient/1")
    assert "scope=system%2FPatient.rs" in str(script.asked[0].body)


def test_a_token_that_runs_out_is_renewed():
    script = Script((200, {}), (200, {}))
    client = speaking_to(script)
    client.get("Patient/1")
    client._renew_at = 0.0
    client.get("Patient/2")
    assert script.asked[-1].headers["Authorization"] == "Bearer token-3"


def test_a_search_follows_its_pages():
    def page(number: int, following: str | None) -> dict[str, Any]:
        links = [{"relation": "self", "url": "x"}]
        links += [{"relation": "next", "url": following}] if following else []
        entry = {"resource": {"id": str(number)}, "search": {"mode": "match"}}
        return {"entry": [entry, {"resource": {}, "search": {"mode": "outcome"}}], "link": links}

    script = Script((200, page(1, f"{BASE}/fhir/Patient?_page=sealed")), (200, page(2, None)))
    found = list(speaking_to(script).search("Patient", {"name": "a b"}))
    assert [each["id"] for each in found] == ["1", "2"]
    assert script.asked[1].url == f"{BASE}/fhir/Patient?name=a+b"
    assert script.asked[2].url == f"{BASE}/fhir/Patient?_page=sealed"


def test_a_bundle_goes_to_the_base_with_its_key():
    script = Script((200, {"type": "transaction-response"}))
    assert (
        speaking_to(script).transaction({"resourceType": "Bundle"}, "key-1")["type"] == "transaction-response"
    )
    sent = script.asked[-1]
    assert (sent.method, sent.url, sent.headers["Idempotency-Key"]) == ("POST", f"{BASE}/fhir", "key-1")
    assert sent.headers["Content-Type"] == "application/fhir+json"


def test_a_refusal_says_why():
    outcome = {
        "resourceType": "OperationOutcome",
        "issue": [{"code": "forbidden", "diagnostics": "No scope."}],
    }
    with pytest.raises(Declined, match=r"403: No scope\.") as declined:
        speaking_to(Script((403, outcome))).read("Patient", "1")
    assert (declined.value.status, declined.value.body) == (403, outcome)


def test_a_refused_token_says_why():
    session = requests.Session()
    script = Script((401, {"error": "invalid_client", "error_description": "jti was used before"}))
    session.mount("https://other.test", script)
    with pytest.raises(Declined, match="jti was used before"):
        SmartClient("https://other.test", "c", ec(), "system/*.rs", session).token()


def test_a_poll_says_what_is_new():
    script = Script((200, {"total": 1}), (304, {}))
    client = speaking_to(script)
    assert client.poll("CarePlan", None) == (None, {"total": 1})
    assert client.poll("CarePlan", 'W/"a"')[1] is None
    assert script.asked[-1].headers["If-None-Match"] == 'W/"a"'


def test_numbers_go_out_as_they_came_in():
    script = Script((200, {}))
    speaking_to(script).post("Observation", b'{"value":1.10}')
    assert script.asked[-1].body == b'{"value":1.10}'
