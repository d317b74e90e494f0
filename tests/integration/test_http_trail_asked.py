"""How an officer may ask (order, totals, single events, less of each), and how a 304 is told."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.auth.called import printable
from tests.actors import Hospital, Officer, Town
from tests.desk import patient


@pytest.fixture
def hospital(here: Town) -> Hospital:
    made = here.hospital()
    for name in ("anna", "berta"):
        made.puts(patient(name))
    return made


@pytest.fixture
def officer(here: Town, hospital: Hospital) -> Officer:
    return here.officer()


def page(officer: Officer, query: str) -> dict[str, Any]:
    answer = officer.asks("GET", f"AuditEvent?{query}")
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def shown(told: dict[str, Any]) -> list[str]:
    return [one["resource"]["id"] for one in told.get("entry", ())]


@pytest.mark.parametrize("name", ["date", "_lastUpdated"])
def test_the_oldest_may_come_first_in_pages_that_have_each_event_once(
    hospital: Hospital, officer: Officer, name: str
):
    query = f"agent={hospital.client_id}"
    newest_first = [event["id"] for event in officer.searches(f"AuditEvent?{query}&_sort=-{name}")]
    assert newest_first == [event["id"] for event in officer.searches(f"AuditEvent?{query}")]
    url, paged = f"AuditEvent?{query}&_sort={name}&_count=2", []
    while url:
        told = officer.asks("GET", url).json()
        hospital.reads("Patient/anna")
        paged += shown(told)
        url = next((link["url"] for link in told["link"] if link["relation"] == "next"), "")
    assert paged == newest_first[::-1]


def test_the_order_holds_over_logs_and_whatever_index_answers(
    here: Town, hospital: Hospital, officer: Officer
):
    here.session().get(f"{here.base_url}/fhir/Patient/x", timeout=5)
    hospital.asks("GET", "Patient/nobody")
    for query in ("outcome=4", "action=R,E,C", "patient=Patient/anna", "date=ge2020", "type=rest"):
        until = page(officer, "_count=1")["entry"][0]["resource"]["recorded"]
        up, down = (page(officer, f"{query}&date=le{until}&_sort={sort}") for sort in ("date", "-date"))
        times = [one["resource"]["recorded"] for one in up["entry"]]
        assert times == sorted(times)
        assert set(shown(up)) == set(shown(down))


def test_events_are_asked_for_by_their_ids(officer: Officer, here: Town):
    first, second, *_ = shown(page(officer, "_count=5"))
    assert sorted(shown(page(officer, f"_id={first},{second}"))) == sorted([first, second])
    assert shown(page(officer, f"_id={first}&action=R,E,C&_sort=date")) == [first]
    for nothing in ("0-999999", "nonsense", "99-0"):
        assert page(officer, f"_id={nothing}")["total"] == 0
    other = here.officer("st-berta")
    assert shown(page(other, f"_id={first}")) == ([first] if first.startswith("0-") else [])


def test_totals_are_told_as_they_were_asked_for(officer: Officer):
    query = "type=rest&action=C,U"
    whole = page(officer, query)
    assert whole["total"] == len(whole["entry"]) == 2
    assert "total" not in page(officer, f"{query}&_total=none")
    for asked in ("_total=accurate", "_total=estimate", "_summary=count", "_count=0"):
        assert page(officer, f"{query}&{asked}")["total"] == 2
    for asked in ("_summary=count", "_count=0"):
        assert "entry" not in page(officer, f"{query}&{asked}")


def test_less_of_each_event_is_marked_as_less(officer: Officer):
    (event,) = page(officer, "_count=1&_elements=action,recorded")["entry"]
    told = event["resource"]
    assert "SUBSETTED" in {one["code"] for one in told["meta"]["tag"]}
    assert {"action", "recorded", "agent"} <= told.keys()
    assert "outcomeDesc" not in told


@pytest.mark.parametrize(
    "asked", ["_sort=agent", "_sort=date,agent", "_total=some", "_summary=all", "_sort=--date"]
)
def test_an_order_or_total_that_there_is_not_is_refused(officer: Officer, asked: str):
    assert officer.asks("GET", f"AuditEvent?{asked}").status_code == 400


def last(officer: Officer, who: Any, deed: str) -> dict[str, Any]:
    return officer.searches(f"AuditEvent?agent={who.client_id}&subtype={deed}")[0]


@pytest.mark.parametrize(
    ("path", "deed"),
    [("Patient/anna", "read"), ("Patient/anna/_history/1", "vread"), ("Patient?gender=female", "search")],
)
def test_law_4_a_look_that_ends_in_304_is_told_as_one(
    hospital: Hospital, officer: Officer, path: str, deed: str
):
    first = hospital.asks("GET", path)
    assert last(officer, hospital, deed)["outcomeDesc"] == "200"
    again = hospital.asks("GET", path, If_None_Match=first.headers["ETag"])
    told = last(officer, hospital, deed)
    assert (again.status_code, told["outcomeDesc"], told["outcome"]) == (304, "304", "0")
    if deed != "search":
        hospital.asks("GET", path, If_Modified_Since=first.headers["Last-Modified"])
        assert last(officer, hospital, deed)["outcomeDesc"] == "304"
    hospital.asks("GET", path, If_None_Match='W/"other"')
    assert last(officer, hospital, deed)["outcomeDesc"] == "200"


def test_law_4_so_is_a_search_whose_page_has_to_be_opened_first(hospital: Hospital, officer: Officer):
    query = "Patient?_sort=family"
    etag = hospital.asks("GET", query).headers["ETag"]
    assert hospital.asks("GET", query, If_None_Match=etag).status_code == 304
    told = [
        event["outcomeDesc"]
        for event in officer.searches(f"AuditEvent?agent={hospital.client_id}&subtype=search")
    ]
    assert told == ["304", "304", "200", "200"]


def test_law_4_an_officers_own_look_that_ends_in_304_is_told_as_one(hospital: Hospital, officer: Officer):
    query = f"AuditEvent?agent={hospital.client_id}"
    first = officer.asks("GET", query)
    assert officer.asks("GET", query, If_None_Match=first.headers["ETag"]).status_code == 304
    assert last(officer, officer, "search")["outcomeDesc"] == "304"
    one = f"AuditEvent/{shown(first.json())[0]}"
    assert officer.asks("GET", one, If_None_Match='W/"1"').status_code == 304
    assert last(officer, officer, "read")["outcomeDesc"] == "304"


def test_a_client_is_shown_by_its_id_and_by_its_name(hospital: Hospital, officer: Officer):
    agents = last(officer, hospital, "create")["agent"]
    mine = [one for one in agents if one["who"].get("identifier", {}).get("value") == hospital.client_id]
    assert [one["who"]["display"] for one in mine] == ["ehr of st-anna"] * 2
    assert {one["name"] for one in mine} == {"system", "ehr of st-anna"}
    registered = officer.searches("AuditEvent?subtype=client:add")[0]["agent"]
    assert "officer of st-anna" in {one.get("name") for one in registered}


def test_a_name_steers_nothing():
    assert printable("Ward\x1b[2J\n3\u202e") == "Ward\ufffd[2J\ufffd3\ufffd"


def test_law_2_a_deletion_by_criteria_that_match_nothing_names_nothing(hospital: Hospital, officer: Officer):
    assert hospital.asks("DELETE", "Patient?family=Nobody").status_code == 204
    told = last(officer, hospital, "delete")
    what = [one["what"] for one in told["entity"] if one["type"]["code"] == "2"]
    assert what == [{"type": "Patient"}]
