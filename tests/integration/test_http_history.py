"""What changed, over HTTP: histories of a type and of everything, for the source of the data."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from mappers import lossless
from tests.actors import Hospital, Town
from tests.desk import patient

LONG_AGO, FAR_AWAY = "2000-01-01T00:00:00Z", "2099-01-01T00:00:00Z"


@pytest.fixture
def hospital(here: Town) -> Hospital:
    return here.hospital("st-anna")


@pytest.fixture
def small(embedded: Town) -> Hospital:
    return embedded.hospital("st-anna")


def page(answer: requests.Response) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = lossless.loads(answer.content)
    return body


def following(body: dict[str, Any]) -> str:
    return next((link["url"] for link in body["link"] if link["relation"] == "next"), "")


def walk(somebody: Hospital, path: str, meanwhile: Any = None) -> list[dict[str, Any]]:
    """The entries of all pages; between two of them something else may be done."""
    found: list[dict[str, Any]] = []
    url = path
    while url:
        body = page(somebody.asks("GET", url))
        found += body.get("entry", ())
        url = following(body)
        if url and meanwhile is not None:
            meanwhile()
    return found


def told(entries: list[dict[str, Any]]) -> list[str]:
    """``METHOD Type/id status etag`` of each entry."""
    return [
        f"{e['request']['method']} {e['request']['url']} {e['response']['status']} "
        f"{e['response'].get('etag', '-')}"
        for e in entries
    ]


def test_a_type_tells_every_version_newest_first_and_deletions_without_a_resource(hospital: Hospital):
    hospital.puts(patient("a"))
    hospital.puts(patient("b"))
    hospital.puts(patient("a", gender="male"))
    hospital.asks("DELETE", "Patient/b")
    hospital.puts({"resourceType": "Organization", "id": "o", "name": "x"})
    entries = walk(hospital, "Patient/_history")
    assert told(entries) == [
        'DELETE Patient/b 204 W/"2"',
        'PUT Patient/a 200 W/"2"',
        'PUT Patient/b 201 W/"1"',
        'PUT Patient/a 201 W/"1"',
    ]
    assert "resource" not in entries[0]
    assert [e["resource"]["gender"] for e in entries[1:]] == ["male", "female", "female"]
    assert entries[1]["resource"]["meta"]["lastUpdated"] == entries[1]["response"]["lastModified"]
    assert entries[1]["fullUrl"].endswith("/fhir/Patient/a")


def test_everything_tells_of_every_type_that_may_be_searched(embedded: Town, small: Hospital):
    small.puts(patient("a"))
    small.puts({"resourceType": "Organization", "id": "o", "name": "x"})
    every = told(walk(small, "_history"))
    assert every == ['PUT Organization/o 201 W/"1"', 'PUT Patient/a 201 W/"1"']
    narrow = embedded.hospital("st-anna", "system/Patient.rs system/Organization.r")
    assert told(walk(narrow, "_history")) == ['PUT Patient/a 201 W/"1"']


@pytest.mark.parametrize("path", ["Patient/_history", "_history"])
@pytest.mark.parametrize("scope", ["system/Patient.r", "system/Patient.cud"])
def test_law_12_a_history_needs_the_right_to_search(embedded: Town, path: str, scope: str):
    somebody = embedded.hospital("st-anna", scope)
    somebody.puts(patient("a"))
    if path == "_history":
        assert told(walk(somebody, path)) == []
    else:
        assert somebody.asks("GET", path).status_code == 403


@pytest.mark.parametrize("path", ["Patient/_history", "_history"])
def test_law_2_another_hospital_sees_nothing_of_it(embedded: Town, small: Hospital, path: str):
    small.puts(patient("a"))
    other = embedded.hospital("st-berta")
    assert walk(other, path) == []
    small.puts(patient("b"))
    link = following(page(small.asks("GET", f"{path}?_count=1")))
    assert other.asks("GET", link).status_code == 400


@pytest.mark.parametrize(("path", "status"), [("AuditEvent", 404), ("Patient", 403), ("", 403)])
def test_officers_have_no_history(embedded: Town, path: str, status: int):
    assert embedded.officer("st-anna").asks("GET", f"{path}/_history".lstrip("/")).status_code == status


@pytest.mark.parametrize("path", ["Patient/_history", "_history"])
def test_pages_show_each_version_once_while_writes_go_on(hospital: Hospital, path: str):
    for number in range(3):
        hospital.puts(patient(f"p-{number}"))
        hospital.puts(patient(f"p-{number}", gender="male"))
    written = iter(range(100))

    def meanwhile() -> None:
        hospital.puts(patient("p-1", birthDate=f"19{next(written):02}-01-01"))
        hospital.puts(patient(f"new-{next(written)}"))

    for count in (1, 2, 4):
        before = told(walk(hospital, path))
        assert told(walk(hospital, f"{path}?_count={count}", meanwhile)) == before


def test_many_versions_of_one_moment_are_each_shown_once(hospital: Hospital):
    entries = [
        {"request": {"method": "PUT", "url": f"Patient/p-{n}"}, "resource": patient(f"p-{n}")}
        for n in range(25)
    ]
    hospital.submits({"resourceType": "Bundle", "type": "transaction", "entry": entries})
    shown = told(walk(hospital, "Patient/_history?_count=4"))
    assert len(shown) == len(set(shown)) == 25


def test_since_leaves_out_what_is_older(hospital: Hospital):
    hospital.puts(patient("a"))
    first = walk(hospital, "Patient/_history")[0]["response"]["lastModified"]
    assert len(walk(hospital, f"Patient/_history?_since={first}")) == 1
    assert len(walk(hospital, f"Patient/_history?_since={LONG_AGO}")) == 1
    assert walk(hospital, f"Patient/_history?_since={FAR_AWAY}") == []
    assert walk(hospital, f"_history?_since={FAR_AWAY}") == []
    assert walk(hospital, f"Patient/a/_history?_since={FAR_AWAY}") == []


def test_the_next_question_begins_where_the_answer_is_whole(small: Hospital):
    small.puts(patient("a"))
    body = page(small.asks("GET", "Patient/_history"))
    since = body["meta"]["lastUpdated"]
    small.puts(patient("b"))
    assert 'PUT Patient/b 201 W/"1"' in told(walk(small, f"Patient/_history?_since={since}"))


REFUSED = (
    "_since=yesterday",
    "_at=2026-02-30",
    "_sort=_lastUpdated",
    "_count=x",
    "_since=2026&_since=2027",
    "_page=xyz",
)


@pytest.mark.parametrize("path", ["Patient/_history", "Patient/a/_history", "_history"])
def test_what_cannot_be_honoured_is_refused(small: Hospital, path: str):
    small.puts(patient("a"))
    assert [small.asks("GET", f"{path}?{query}").status_code for query in REFUSED] == [400] * 6


def test_a_page_link_is_followed_as_it_is_and_by_nothing_else(small: Hospital):
    for number in range(3):
        small.puts(patient(f"p-{number}"))
    link = following(page(small.asks("GET", "Patient/_history?_count=1")))
    assert small.asks("GET", f"{link}&_since=2026").status_code == 400
    assert small.asks("GET", link.replace("/Patient/_history", "/_history")).status_code == 400
    assert small.asks("GET", link.replace("/Patient/_history", "/Observation/_history")).status_code == 400


def test_no_entries_where_none_are_wanted(small: Hospital):
    small.puts(patient("a"))
    body = page(small.asks("GET", "Patient/_history?_count=0"))
    assert "entry" not in body
    assert not following(body)


def test_law_4_each_page_names_the_patients_who_are_on_it(embedded: Town, small: Hospital):
    officer = embedded.officer("st-anna")
    small.puts(patient("a"))
    small.puts(patient("b"))
    page(small.asks("GET", "Patient/_history?_count=1"))
    query = f"AuditEvent?agent={small.client_id}&subtype=history"
    (event,) = officer.searches(query)
    assert [e for e in event["entity"] if e.get("role", {}).get("code") == "1"]
    assert officer.searches(f"{query}&patient=Patient/b") == [event]
    assert officer.searches(f"{query}&patient=Patient/a") == []
    walk(small, "_history")
    assert len(officer.searches(query)) == 3
    page(small.asks("GET", "Observation/_history"))
    assert len(officer.searches(query)) == 4


def test_what_is_offered_is_what_is_served(small: Hospital):
    rest = page(small.asks("GET", "metadata"))["rest"][0]
    assert {"code": "history-system"} in rest["interaction"]
    assert all(
        {"code": "history-type"} in r["interaction"] for r in rest["resource"] if r["type"] != "AuditEvent"
    )
