"""Who is let in, who is not, and that both can be seen afterwards (law 4)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import requests

from gateway.custody.errors import KeyGone
from gateway.custody.tables import search_list
from gateway.demo.client import ASSERTION_TYPE, Declined
from gateway.release.tenant_history import TenantHistory
from gateway.release.tenants import TenantView
from tests.actors import Hospital, Officer, Town

ANNA = {"resourceType": "Patient", "id": "mrn-1", "gender": "female"}


def bare(place: Town, path: str, **headers: str) -> requests.Response:
    return place.session().get(f"{place.base_url}{path}", headers=headers, timeout=5)


def kinds(officer: Officer, query: str = "") -> list[tuple[str, str]]:
    events = officer.searches(f"AuditEvent?{query}")
    return [(event["subtype"][-1]["code"], event["outcome"]) for event in events]


# --- tokens -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "header", [None, "", "Bearer", "Bearer ", "Bearer nonsense", "Basic dTpw", "nonsense"]
)
def test_without_a_token_nothing_is_served(embedded: Town, header: str | None):
    answer = bare(
        embedded, "/fhir/Patient/mrn-1", **({"Authorization": header} if header is not None else {})
    )
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert answer.json()["issue"][0]["code"] == "login"


@pytest.mark.parametrize(
    "path", ["/fhir/Patient", "/fhir/Spaceship", "/fhir/AuditEvent", "/fhir/Patient/x/_history"]
)
def test_nothing_is_told_to_whoever_is_not_known(embedded: Town, path: str):
    assert bare(embedded, path).status_code == 401


def test_a_token_is_given_by_the_form_of_rfc_6749(here: Town):
    hospital = here.hospital(scope="system/*.cruds")
    answer = hospital.client.ask_for_token(hospital.client.assertion(), "system/Patient.rs")
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    told = answer.json()
    assert set(told) == {"access_token", "token_type", "expires_in", "scope"}
    assert (told["token_type"], told["expires_in"], told["scope"]) == ("bearer", 300, "system/Patient.rs")


def test_an_assertion_serves_once(here: Town):
    hospital = here.hospital()
    assertion = hospital.client.assertion()
    assert hospital.client.ask_for_token(assertion).status_code == 200
    again = hospital.client.ask_for_token(assertion)
    assert (again.status_code, again.json()["error"]) == (401, "invalid_client")


@pytest.mark.parametrize(
    "changes",
    [{"exp": 1}, {"aud": "http://other.test/auth/token"}, {"iss": "other"}, {"sub": "other"}, {"jti": ""}],
)
def test_a_wrong_assertion_is_an_invalid_client(embedded: Town, changes: dict[str, Any]):
    hospital = embedded.hospital()
    answer = hospital.client.ask_for_token(hospital.client.assertion(**changes))
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    assert answer.json()["error_description"]


@pytest.mark.parametrize(
    "sent", [{}, {"scope": ""}, {"scope": "system/Foo.r"}], ids=["absent", "empty", "type"]
)
def test_law_12_a_token_needs_a_scope_that_exists(embedded: Town, sent: dict[str, str]):
    form = {
        "grant_type": "client_credentials",
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": embedded.hospital().client.assertion(),
    }
    answer = embedded.session().post(f"{embedded.base_url}/auth/token", data=form | sent, timeout=5)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_scope")


def test_what_a_client_may_not_do_is_left_out_of_its_token_and_the_answer_says_so(embedded: Town):
    partner = embedded.partner("app-gmbh")
    answer = partner.client.ask_for_token(partner.client.assertion(), "system/*.cruds")
    assert (answer.status_code, answer.json()["scope"]) == (200, "system/*.rs")


def test_a_parameter_that_comes_twice_is_refused(embedded: Town):
    form = [("grant_type", "client_credentials"), ("scope", "a"), ("scope", "b"), ("client_assertion", "x")]
    form.append(("client_assertion_type", ASSERTION_TYPE))
    answer = embedded.session().post(f"{embedded.base_url}/auth/token", data=form, timeout=5)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


@pytest.mark.parametrize(
    ("sent", "status"),
    [({"client_assertion": "x" * 100_000}, 413), ([("scope", "a"), ("scope", "b")], 400), ({}, 400)],
    ids=["too large", "twice", "empty"],
)
@pytest.mark.parametrize(
    ("desk", "kind"),
    [("token", "token:refuse"), ("introspect", "token:introspect"), ("revoke", "token:revoke")],
)
def test_law_4_a_form_that_is_not_understood_is_a_refusal_in_the_trail(
    embedded: Town, desk: str, kind: str, sent: Any, status: int
):
    officer = embedded.officer()
    url, headers = f"{embedded.base_url}/auth/{desk}", {"X-Request-Id": "form-1"}
    assert embedded.session().post(url, data=sent, headers=headers, timeout=5).status_code == status
    told = [event for event in officer.searches("AuditEvent?outcome=4") if "form-1" in str(event["entity"])]
    assert [(event["subtype"][-1]["code"], event["id"].partition("-")[0]) for event in told] == [(kind, "0")]
    assert told[0]["outcomeDesc"].startswith(str(status))


def test_a_revoked_client_is_out_at_once(here: Town):
    hospital = here.hospital()
    assert hospital.puts(ANNA).status_code == 201
    here.registration.revoke_client(hospital.client_id)
    assert hospital.asks("GET", "Patient/mrn-1").status_code == 401
    with pytest.raises(Declined):
        _renewed(hospital)


def _renewed(hospital: Hospital) -> str:
    hospital.client._renew_at = 0.0
    return hospital.client.token()


# --- scopes -------------------------------------------------------------------------------------------------

READS = [
    ("GET", "Patient/mrn-1", None),
    ("GET", "Patient/mrn-1/_history", None),
    ("HEAD", "Patient/mrn-1", None),
]
WRITES = [("PUT", "Patient/mrn-1", ANNA), ("POST", "Patient", ANNA), ("DELETE", "Patient/mrn-1", None)]


@pytest.mark.parametrize(
    ("scope", "method", "path", "sent"),
    [
        *[("system/Patient.cuds", *read) for read in READS],
        ("system/Patient.crud", "GET", "Patient", None),
        ("system/Patient.rs", *WRITES[0]),
        ("system/Patient.ruds", *WRITES[1]),
        ("system/Patient.crus", *WRITES[2]),
        ("system/Observation.cruds", "GET", "Patient/mrn-1", None),
        ("system/Observation.cruds", "PUT", "Patient/mrn-1", ANNA),
        ("system/*.cruds", "GET", "AuditEvent", None),
    ],
)
def test_each_interaction_needs_its_letter(embedded: Town, scope: str, method: str, path: str, sent: Any):
    answer = embedded.hospital(scope=scope).asks(method, path, sent)
    assert answer.status_code == 403


def test_each_entry_of_a_bundle_needs_its_letter(embedded: Town):
    narrow = embedded.hospital(scope="system/Patient.cruds")
    observation = {"resourceType": "Observation", "id": "o", "status": "final", "code": {"text": "x"}}
    entries = [
        {
            "resource": resource,
            "request": {"method": "PUT", "url": f"{resource['resourceType']}/{resource['id']}"},
        }
        for resource in (ANNA, observation)
    ]
    answer = narrow.submits({"resourceType": "Bundle", "type": "transaction", "entry": entries})
    assert answer.status_code == 403
    assert answer.json()["issue"][0]["expression"] == ["Bundle.entry[1]"]
    assert narrow.asks("GET", "Patient/mrn-1").status_code == 404


@pytest.mark.parametrize(("method", "path", "sent"), WRITES)
def test_a_partner_never_writes(embedded: Town, method: str, path: str, sent: Any):
    embedded.hospital()
    assert embedded.partner("app-gmbh", "st-anna").asks(method, path, sent).status_code == 403


@pytest.mark.parametrize("path", ["Patient", "Patient/mrn-1", "CarePlan", "Patient/mrn-1/_history"])
def test_an_officer_reads_the_trail_and_nothing_else(embedded: Town, path: str):
    assert embedded.officer().asks("GET", path).status_code == 403


# --- and all of it is seen ----------------------------------------------------------------------------------


def test_law_4_every_refusal_leaves_its_event(here: Town):
    hospital = here.hospital(scope="system/Patient.rs")
    officer = here.officer()
    refusals: list[tuple[Callable[[], requests.Response], int]] = [
        (lambda: hospital.puts(ANNA), 403),
        (lambda: hospital.asks("GET", "Observation/o"), 403),
        (lambda: hospital.asks("GET", "Patient/nobody"), 404),
        (lambda: hospital.asks("GET", "Patient?shoe-size=1"), 400),
        (lambda: bare(here, "/fhir/Patient/mrn-1"), 401),
    ]
    for ask, status in refusals:
        before = len(kinds(officer, "outcome=4"))
        assert ask().status_code == status
        assert len(kinds(officer, "outcome=4")) == before + 1, status


def test_law_4_a_partners_refusal_is_seen_by_each_hospital_that_granted(embedded: Town):
    for name in ("st-anna", "st-berta"):
        embedded.hospital(name)
    partner = embedded.partner("app-gmbh", "st-anna", "st-berta")
    partner.asks("PUT", "Patient/mrn-1", ANNA)
    for name in ("st-anna", "st-berta"):
        officer = embedded.officer(name)
        assert ("rest:update", "4") in kinds(officer, f"agent={partner.client_id}")


def test_law_4_tokens_are_seen_too(embedded: Town):
    hospital, officer = embedded.hospital(), embedded.officer()
    hospital.client.ask_for_token(hospital.client.assertion(exp=1))
    hospital.client.token()
    seen = kinds(officer, f"agent={hospital.client_id}&type=110114")
    assert seen == [("token:issue", "0"), ("token:refuse", "4")]


# --- what nobody has recorded before the door ---------------------------------------------------------------


def only_event(town: Town, request: str) -> dict[str, Any]:
    """The one event of a request by its X-Request-Id."""
    (told,) = (
        event for event in town.officer().searches("AuditEvent") if request in str(event.get("entity"))
    )
    return told


def test_law_4_a_page_link_that_ran_out_is_a_refusal_in_the_trail(embedded: Town):
    hospital = embedded.hospital()
    for number in range(3):
        hospital.puts({**ANNA, "id": f"mrn-{number}"})
    page = hospital.asks("GET", "Patient?_sort=birthdate&_count=1").json()
    following = next(link["url"] for link in page["link"] if link["relation"] == "next")
    assert embedded.app is not None
    with embedded.app.extensions["careloom_vault"].database.write() as conn:
        conn.execute(search_list.delete())
    assert hospital.asks("GET", following, X_Request_Id="page-2").status_code == 410
    told = only_event(embedded, "page-2")
    assert (told["subtype"][-1]["code"], told["outcome"], told["outcomeDesc"]) == (
        "rest:search",
        "4",
        "410 deleted",
    )


@pytest.mark.parametrize(
    ("path", "status"), [("Patient?gender=female", 410), ("Patient/_history", 409), ("Patient/mrn-1", 410)]
)
def test_law_4_whoever_was_erased_while_the_answer_was_made_is_a_refusal_in_the_trail_once(
    embedded: Town, monkeypatch: pytest.MonkeyPatch, path: str, status: int
):
    hospital = embedded.hospital()
    hospital.puts(ANNA)

    def gone(*_: Any) -> Any:
        raise KeyGone

    monkeypatch.setattr(TenantView, "present", gone)
    monkeypatch.setattr(TenantHistory, "told", gone)
    assert hospital.asks("GET", path, X_Request_Id="race-1").status_code == status
    told = only_event(embedded, "race-1")
    assert (told["outcome"], told["outcomeDesc"][:3]) == ("4", str(status))
