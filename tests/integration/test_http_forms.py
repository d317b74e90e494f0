"""The form of what comes and goes: media types, compression, pretty printing, request ids, limits."""

from __future__ import annotations

import gzip
from dataclasses import replace
from typing import Any

import pytest
import requests

from gateway.custody.settings import Storage
from gateway.settings import Settings
from mappers import lossless
from tests.actors import Hospital, Town, town

ANNA = {"resourceType": "Patient", "id": "mrn-1", "name": [{"family": "Muster"}], "gender": "female"}


@pytest.fixture
def ehr(embedded: Town) -> Hospital:
    hospital = embedded.hospital()
    hospital.puts(ANNA)
    return hospital


def small(storage: Storage, **changes: Any) -> Town:
    return town(replace(Settings(storage, base_url="http://careloom.test"), **changes))


@pytest.mark.parametrize("accept", ["application/fhir+json", "application/json", "*/*"])
def test_json_is_answered_as_fhirs_json(ehr: Hospital, accept: str):
    answer = ehr.asks("GET", "Patient/mrn-1", Accept=accept)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/fhir+json; fhirVersion=4.0; charset=utf-8"


@pytest.mark.parametrize("accept", ["application/fhir+xml", "text/turtle"])
def test_xml_is_406_as_an_operation_outcome(ehr: Hospital, accept: str):
    answer = ehr.asks("GET", "Patient/mrn-1", Accept=accept)
    assert answer.status_code == 406
    assert answer.json()["resourceType"] == "OperationOutcome"


def test_a_format_parameter_is_honoured(ehr: Hospital):
    assert ehr.asks("GET", "Patient/mrn-1?_format=json", Accept="text/html").status_code == 200
    assert ehr.asks("GET", "Patient/mrn-1?_format=xml").status_code == 406
    assert ehr.asks("GET", "Patient?_format=json").status_code == 200


@pytest.mark.parametrize("kind", ["application/fhir+xml", "text/plain", ""])
def test_a_body_of_another_kind_is_415(ehr: Hospital, kind: str):
    answer = ehr.asks("PUT", "Patient/mrn-1", b"<Patient/>", Content_Type=kind)
    assert answer.status_code == 415
    assert answer.json()["resourceType"] == "OperationOutcome"


def test_pretty_is_pretty_and_keeps_every_number(ehr: Hospital):
    sent = (
        b'{"resourceType":"Observation","id":"o","status":"final","code":{"text":"x"},'
        b'"valueQuantity":{"value":0.000000100}}'
    )
    assert ehr.asks("PUT", "Observation/o", sent).status_code == 201
    text = ehr.asks("GET", "Observation/o?_pretty=true").text
    assert '\n    "value": 0.000000100\n' in text


def test_gzip_goes_both_ways(ehr: Hospital):
    large = {**ANNA, "name": [{"family": "Muster"}] * 200}
    packed = gzip.compress(lossless.dumps(large))
    assert ehr.asks("PUT", "Patient/mrn-1", packed, Content_Encoding="gzip").status_code == 200
    answer = ehr.asks("GET", "Patient/mrn-1", Accept_Encoding="gzip")
    assert answer.headers["Content-Encoding"] == "gzip"
    assert int(answer.headers["Content-Length"]) < 1_000
    assert len(answer.json()["name"]) == 200
    plain = ehr.asks("GET", "Patient/mrn-1", Accept_Encoding="identity")
    assert "Content-Encoding" not in plain.headers
    assert lossless.loads(plain.content) == lossless.loads(answer.content)


def test_nothing_is_left_to_caches(ehr: Hospital):
    for path in ("Patient/mrn-1", "Patient", "Patient/nobody", "metadata"):
        assert ehr.asks("GET", path).headers["Cache-Control"] == "no-store"


def test_a_request_id_is_repeated_or_made(ehr: Hospital):
    assert ehr.asks("GET", "Patient/mrn-1", X_Request_Id="req-7").headers["X-Request-Id"] == "req-7"
    assert ehr.asks("GET", "Patient/nobody", X_Request_Id="req-8").headers["X-Request-Id"] == "req-8"
    made = ehr.asks("GET", "Patient/mrn-1", X_Request_Id="Erika Muster").headers["X-Request-Id"]
    assert len(made) == 32
    assert "Erika" not in made


def test_head_is_a_get_without_its_body(ehr: Hospital):
    answer = ehr.asks("HEAD", "Patient/mrn-1")
    assert (answer.status_code, answer.content, answer.headers["ETag"]) == (200, b"", 'W/"1"')


# --- limits -------------------------------------------------------------------------------------------------


def refused(answer: requests.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["issue"][0]["code"]


def test_a_body_that_is_too_large_is_413_and_the_next_is_served(sqlite_storage: Storage):
    hospital = small(sqlite_storage, body_limit=2_000).hospital()
    assert refused(hospital.asks("PUT", "Patient/mrn-1", b" " * 3_000)) == (413, "too-long")
    bomb = gzip.compress(bytes(1_000_000))
    assert len(bomb) < 2_000
    assert refused(hospital.asks("PUT", "Patient/mrn-1", bomb, Content_Encoding="gzip")) == (413, "too-long")
    assert hospital.puts(ANNA).status_code == 201


def test_a_bundle_with_too_many_entries_is_413(sqlite_storage: Storage):
    hospital = small(sqlite_storage, entry_limit=2).hospital()
    entry = {"request": {"method": "GET", "url": "Patient/x"}}
    bundle = {"resourceType": "Bundle", "type": "batch", "entry": [entry] * 3}
    assert refused(hospital.submits(bundle)) == (413, "too-costly")


def test_json_that_is_too_deep_is_400(sqlite_storage: Storage):
    hospital = small(sqlite_storage, json_depth=10).hospital()
    assert hospital.asks("PUT", "Patient/mrn-1", b'{"a":' * 11 + b"1" + b"}" * 11).status_code == 400


def test_whoever_asks_too_fast_waits(sqlite_storage: Storage):
    place = small(sqlite_storage, rate=3)
    hasty, patient = place.hospital(), place.hospital()
    answers = [hasty.asks("GET", "Patient/nobody") for _ in range(30)]
    throttled = [answer for answer in answers if answer.status_code == 429]
    assert throttled
    assert {answer.headers["Retry-After"] for answer in throttled} == {"1"}
    assert patient.asks("GET", "Patient/nobody").status_code == 404
