"""What a search looks like over HTTP: entries and their modes, links, what was left out, how much is told."""

from __future__ import annotations

from typing import Any

import pytest

from tests.actors import Hospital, Town
from tests.desk import observation, patient

LENIENT = {"Prefer": "handling=lenient"}


@pytest.fixture
def hospital(embedded: Town) -> Hospital:
    made = embedded.hospital()
    for one in (
        patient("p1"),
        observation("o1", "Patient/p1"),
        observation("o2", "Patient/p1", "2160-0", "1.0"),
    ):
        assert made.puts(one).status_code == 201
    return made


def modes(bundle: dict[str, Any]) -> list[tuple[str, str]]:
    return [(e["search"]["mode"], e["resource"].get("id", "")) for e in bundle.get("entry", ())]


def link(bundle: dict[str, Any], relation: str) -> str:
    return next((one["url"] for one in bundle["link"] if one["relation"] == relation), "")


def test_what_comes_along_is_marked_and_not_counted(hospital: Hospital):
    bundle = hospital.asks("GET", "Observation?_include=Observation:subject&_sort=_lastUpdated").json()
    assert modes(bundle) == [("match", "o1"), ("match", "o2"), ("include", "p1")]
    assert bundle["total"] == 2


@pytest.mark.parametrize("query", ["_count=0", "_summary=count"])
def test_a_total_alone(hospital: Hospital, query: str):
    bundle = hospital.asks("GET", f"Observation?{query}").json()
    assert (bundle["total"], bundle.get("entry"), link(bundle, "next")) == (2, None, "")


def test_a_summary_says_that_it_is_one(hospital: Hospital):
    bundle = hospital.asks("GET", "Observation?_summary=true&_include=Observation:subject").json()
    for one in bundle["entry"]:
        (tag,) = one["resource"]["meta"]["tag"]
        assert tag["code"] == "SUBSETTED"
        assert one["resource"]["meta"]["versionId"] == "1"
    assert "tag" not in hospital.reads("Observation/o1").get("meta", {}), "what is stored is whole"


def test_elements_are_those_that_were_named(hospital: Hospital):
    (found,) = hospital.searches("Patient?_elements=gender")
    assert set(found) == {"resourceType", "id", "meta", "gender"}


def test_pages_keep_what_was_asked_of_them(hospital: Hospital):
    first = hospital.asks(
        "GET", "Observation?_sort=-date&_count=1&_elements=status&_include=Observation:subject"
    ).json()
    assert "_elements" not in link(first, "next")
    second = hospital.asks("GET", link(first, "next")).json()
    assert [mode for mode, _ in modes(second)] == ["match", "include"]
    assert first["total"] == second["total"] == 2
    assert "valueQuantity" not in second["entry"][0]["resource"]


def test_each_parameter_is_honoured_or_refused(hospital: Hospital):
    for query in (
        "shoe=44",
        "code:above=x",
        "_sort=shoe",
        "_elements=shoe",
        "_text=x",
        "_include:recurse=Patient:link",
    ):
        for prefer in ({}, {"Prefer": "handling=strict"}):
            assert hospital.asks("GET", f"Observation?{query}", **prefer).status_code == 400
    assert hospital.asks("GET", "Observation", Prefer="handling=loose").status_code == 400


def test_a_lenient_search_says_what_it_left_out(hospital: Hospital):
    query = "Observation?code=4548-4&shoe=44&code:above=x&_sort=shoe&_elements=shoe"
    bundle = hospital.asks("GET", query, **LENIENT).json()
    assert modes(bundle) == [("match", "o1"), ("outcome", "")]
    (issue,) = bundle["entry"][1]["resource"]["issue"]
    for name in ("shoe", "code", "_sort", "_elements"):
        assert name in issue["diagnostics"]
    assert "44" not in issue["diagnostics"]
    assert link(bundle, "self").endswith("Observation?code=4548-4")


def test_a_lenient_search_refuses_what_is_malformed(hospital: Hospital):
    for query in ("date=yesterday", "_count=many", "_summary=perhaps", "_total=some"):
        assert hospital.asks("GET", f"Observation?{query}", **LENIENT).status_code == 400


def test_a_form_asks_like_an_address(hospital: Hospital):
    form = b"patient.family=Hopkins&code=4548-4"
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    bundle = hospital.asks("POST", "Observation/_search", form, **kind).json()
    assert modes(bundle) == [("match", "o1")]


def test_law_2_no_link_and_no_refusal_repeats_who_is_asked_for(hospital: Hospital):
    first = hospital.asks("GET", "Observation?patient.family=Hopkins&_count=1").json()
    assert "Hopkins" not in link(first, "next")
    refused = hospital.asks("GET", "Observation?patient.family=Hopkins&shoe=44")
    assert "Hopkins" not in refused.text
