"""``Idempotency-Key`` on a create: the same bytes and headers again, once done, and nobody else's."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from tests.actors import Hospital, Town

ANNA = {"resourceType": "Patient", "name": [{"family": "Hopkins"}], "gender": "female"}
SAME = ("Location", "Content-Location", "ETag", "Last-Modified", "Content-Type")


@pytest.fixture
def hospital(embedded: Town) -> Hospital:
    return embedded.hospital()


def posts(
    hospital: Hospital, body: dict[str, Any] = ANNA, key: str = "key-1", **more: str
) -> requests.Response:
    return hospital.asks("POST", body["resourceType"], body, Idempotency_Key=key, **more)


def told(answer: requests.Response) -> tuple[Any, ...]:
    return (answer.status_code, answer.content, *(answer.headers.get(name) for name in SAME))


@pytest.mark.parametrize("wanted", ["return=representation", "return=minimal", "return=OperationOutcome"])
def test_law_6_the_same_create_gets_the_same_answer_and_makes_nothing(hospital: Hospital, wanted: str):
    first = posts(hospital, Prefer=wanted)
    assert first.status_code == 201
    assert (first.headers["ETag"], "/_history/1" in first.headers["Location"]) == ('W/"1"', True)
    assert told(posts(hospital, Prefer=wanted)) == told(first)
    assert told(posts(hospital, Prefer="return=representation")) == told(first), "as it was preferred then"
    assert len(hospital.searches("Patient")) == 1


def test_a_create_looks_the_same_with_a_key_and_without(hospital: Hospital):
    with_key, without = posts(hospital), hospital.asks("POST", "Patient", ANNA)
    assert sorted(with_key.headers) == sorted(without.headers)
    assert sorted(with_key.json()) == sorted(without.json())
    pretty = hospital.asks("POST", "Patient?_pretty=true", ANNA, Idempotency_Key="key-1")
    assert pretty.json() == with_key.json()


def test_a_repeat_of_what_was_changed_since_is_answered_as_it_was(hospital: Hospital):
    first = posts(hospital)
    hospital.puts({**first.json(), "gender": "male"})
    assert told(posts(hospital)) == told(first)


@pytest.mark.parametrize("other", ["body", "type", "criteria", "bundle"])
def test_the_same_key_with_another_request_is_422(hospital: Hospital, other: str):
    posts(hospital)
    answer = {
        "body": lambda: posts(hospital, {**ANNA, "gender": "male"}),
        "type": lambda: posts(hospital, {"resourceType": "Basic", "code": {"text": "x"}}),
        "criteria": lambda: posts(hospital, If_None_Exist="gender=other"),
        "bundle": lambda: hospital.submits({"resourceType": "Bundle", "type": "transaction"}, "key-1"),
    }[other]()
    assert (answer.status_code, answer.json()["issue"][0]["code"]) == (422, "duplicate")
    assert len(hospital.searches("Patient")) == 1


def test_a_token_of_fewer_rights_is_not_given_the_answer(hospital: Hospital):
    posts(hospital)
    fewer = hospital.client.ask_for_token(hospital.client.assertion(), "system/Patient.c").json()
    answer = posts(hospital, Authorization=f"Bearer {fewer['access_token']}")
    assert (answer.status_code, answer.json()["issue"][0]["code"]) == (422, "duplicate")


def test_a_conditional_create_keeps_what_it_found(hospital: Hospital):
    hospital.asks("POST", "Patient", ANNA)
    found = posts(hospital, If_None_Exist="gender=female")
    assert found.status_code == 200
    assert told(posts(hospital, If_None_Exist="gender=female")) == told(found)
    assert len(hospital.searches("Patient")) == 1


def test_what_is_refused_may_come_again(hospital: Hospital):
    assert posts(hospital, {"resourceType": "Patient", "gender": "unheard of"}).status_code == 400
    assert posts(hospital).status_code == 201


def test_keys_are_their_clients_own(here: Town):
    one, other = here.hospital("st-anna"), here.hospital("st-berta")
    assert posts(one).headers["Location"] != posts(other).headers["Location"]


@pytest.mark.parametrize("key", ["", "x" * 256])
def test_a_key_that_is_no_key_is_refused(hospital: Hospital, key: str):
    assert posts(hospital, key=key).status_code == 400
    assert hospital.searches("Patient") == []


def test_law_6_the_same_create_at_once_makes_one(here: Town):
    hospital = here.hospital()
    hospital.client.token()
    with ThreadPoolExecutor(5) as pool:
        answers = list(pool.map(lambda _: posts(hospital), range(5)))
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert all(answer.headers["Retry-After"] for answer in answers if answer.status_code == 409)
    assert {told(a) for a in answers if a.status_code == 201} == {told(posts(hospital))}
    assert len(hospital.searches("Patient")) == 1


def test_law_4_each_time_the_answer_is_given_is_in_the_trail(here: Town):
    hospital, officer = here.hospital(), here.officer()
    posts(hospital), posts(hospital)
    kinds = [event["subtype"][-1]["code"] for event in officer.searches("AuditEvent?subtype=create")]
    assert kinds == ["rest:create", "rest:create"]
