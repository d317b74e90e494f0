"""Searches inside bundles: answered as they would be alone, refused with their place, and recorded."""

from __future__ import annotations

from typing import Any

import pytest

from tests.actors import Hospital, Town
from tests.desk import bundle, entry, observation, patient, put


@pytest.fixture
def ehr(embedded: Town) -> Hospital:
    hospital = embedded.hospital()
    sent = [patient("ann"), *(observation(f"o{n}", "Patient/ann") for n in range(3))]
    assert hospital.submits(bundle(*map(put, sent))).status_code == 200
    return hospital


def entries(answer: Any) -> list[dict[str, Any]]:
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["entry"]
    return found


@pytest.mark.parametrize("kind", ["batch", "transaction"])
def test_a_search_is_answered_as_it_would_be_alone(ehr: Hospital, kind: str):
    queries = [
        "Observation?patient=Patient/ann&_count=2",
        "Patient?family=Hopkins",
        "Condition",
        "Patient?_summary=count",
    ]
    told = entries(ehr.submits(bundle(*(entry("GET", query) for query in queries), kind=kind)))
    for query, one in zip(queries, told, strict=True):
        alone = ehr.asks("GET", query).json()
        assert one["response"] == {"status": "200 OK"}
        assert one["resource"].get("entry") == alone.get("entry")
        assert one["resource"].get("total") == alone.get("total")
        assert one["resource"]["type"] == "searchset"


def test_a_page_of_it_leads_to_the_next(ehr: Hospital):
    (one,) = entries(ehr.submits(bundle(entry("GET", "Observation?_count=2"), kind="batch")))
    links = {link["relation"]: link["url"] for link in one["resource"]["link"]}
    assert len(ehr.asks("GET", links["next"]).json()["entry"]) == 1


def test_a_batch_may_search_beside_what_it_writes(ehr: Hospital):
    sent = bundle(put(patient("bob")), entry("GET", "Patient"), entry("GET", "Patient/ann"), kind="batch")
    made, searched, read = entries(ehr.submits(sent))
    assert made["response"]["status"] == "201 Created"
    assert {one["resource"]["id"] for one in searched["resource"]["entry"]} == {"ann", "bob"}
    assert read["resource"]["id"] == "ann"


def test_a_transaction_that_writes_does_not_search(ehr: Hospital):
    answer = ehr.submits(bundle(put(patient("bob")), entry("GET", "Patient")))
    assert answer.status_code == 422
    assert answer.json()["issue"][0]["expression"] == ["Bundle.entry[1]"]
    assert ehr.asks("GET", "Patient/bob").status_code == 404


@pytest.mark.parametrize(
    ("query", "status"),
    [("Patient?shoe-size=42", 400), ("Patient?_count=many", 400), ("Patient/ann/_history", 422)],
)
def test_what_is_wrong_with_it_is_told_with_its_place(ehr: Hospital, query: str, status: int):
    whole = ehr.submits(bundle(entry("GET", "Patient/ann"), entry("GET", query)))
    assert whole.status_code == status
    assert whole.json()["issue"][0]["expression"][0].startswith("Bundle.entry[1]")
    read, wrong = entries(ehr.submits(bundle(entry("GET", "Patient/ann"), entry("GET", query), kind="batch")))
    assert (read["response"]["status"], wrong["response"]["status"][:3]) == ("200 OK", str(status))


def test_law_12_a_search_needs_the_right_to_search(embedded: Town, ehr: Hospital):
    reader = embedded.hospital(scope="system/*.cru system/Patient.s")
    sent = bundle(entry("GET", "Patient"), entry("GET", "Observation"), kind="batch")
    may, may_not = entries(reader.submits(sent))
    assert (may["response"]["status"][:3], may_not["response"]["status"][:3]) == ("200", "403")


def test_law_4_each_search_and_each_refusal_is_an_event(embedded: Town, ehr: Hospital):
    ehr.submits(
        bundle(entry("GET", "Observation?patient=Patient/ann"), entry("GET", "Patient?x=1"), kind="batch")
    )
    found = embedded.officer().searches("AuditEvent?subtype=rest:search")
    assert {event["outcomeDesc"].partition(" ")[0] for event in found} == {"200", "400"}
    assert len(found) == 2


def test_the_same_request_again_gets_the_same_answer(ehr: Hospital):
    sent = bundle(entry("GET", "Patient"))
    first = ehr.submits(sent, key="k")
    ehr.puts(patient("bob"))
    assert ehr.submits(sent, key="k").content == first.content


@pytest.mark.parametrize("kind", ["batch", "transaction"])
def test_a_lenient_bundle_is_told_what_its_searches_left_out(ehr: Hospital, kind: str):
    sent = bundle(entry("GET", "Patient?family=Hopkins&gender:zz=x&shoe-size=42"), kind=kind)
    (one,) = entries(ehr.asks("POST", "", sent, Prefer="handling=lenient"))
    *hits, note = one["resource"]["entry"]
    assert [hit["resource"]["id"] for hit in hits] == ["ann"]
    assert note["search"]["mode"] == "outcome"
    told = note["resource"]["issue"][0]["diagnostics"]
    assert "gender:zz" in told
    assert "shoe-size" in told
    assert "gender" not in one["resource"]["link"][0]["url"]


def test_a_strict_bundle_refuses_the_same_and_nonsense_is_no_handling(ehr: Hospital):
    sent = bundle(entry("GET", "Patient?shoe-size=42"), kind="batch")
    for headers in ({}, {"Prefer": "handling=strict"}):
        (one,) = entries(ehr.asks("POST", "", sent, **headers))
        assert one["response"]["status"] == "400 Bad Request"
    assert ehr.asks("POST", "", sent, Prefer="handling=loose").status_code == 400


def test_criteria_on_which_a_write_hangs_are_strict_whatever_is_preferred(ehr: Hospital):
    body = {"resourceType": "Patient", "gender": "female"}
    conditional = {"ifNoneExist": "family=Hopkins&shoe-size=42"}
    sent = bundle(entry("POST", "Patient", body, **conditional), kind="batch")
    (one,) = entries(ehr.asks("POST", "", sent, Prefer="handling=lenient"))
    assert one["response"]["status"] == "400 Bad Request"
