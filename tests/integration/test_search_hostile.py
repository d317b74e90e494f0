"""Questions that mean harm: of every size, full of marks. None may break or stall us."""

from __future__ import annotations

import random
from pathlib import Path
from urllib.parse import quote_plus, urlencode

import pytest

from gateway.extent import MOST_PARAMETERS, Extent
from gateway.settings import Settings
from mappers.r4 import search
from tests.actors import Hospital, Officer, Town
from tests.desk import observation, patient

FORM = {"Content_Type": "application/x-www-form-urlencoded"}
UCUM = "http://unitsofmeasure.org"
EXTENT = Extent()

NUMBERS = [
    "1e99999999",
    "-1e-99999999",
    "9" * 310,
    "1" * 1_000,
    "ap1.7e308",
    f"ge9e307|{UCUM}|kg",
    "0e99999999",
]
VALUES = [
    *NUMBERS,
    *(f"{prefix}{number}" for prefix in ("ne", "sa", "eb", "gt") for number in NUMBERS[:4]),
    "," * 999,
    "|" * 1_999,
    "$" * 1_999,
    "\\" * 1_999,
    "\\," * 900,
    "-",
    ".",
    "/",
    "%",
    "*",
    "_",
    "'",
    '"',
    "''--",
    "\x00",
    "\x01\x1f\x7f",
    "\u202e\u200d",
    "\ufdfa" * 100,
    "\U0001f9a0" * 500,
    "a\u0301" * 900,
    "\ud7ff\ue000",
    "x" * 2_000,
    "9999-12-31",
    "0001-01-01",
    "0000",
    "ge0001-01-01T00:00:00+14:00",
    "le9999-12-31T23:59:59-14:00",
    "2026-02-30",
    "NaN",
    "Infinity",
    "-Infinity",
    "sNaN",
    "1_0",
    "\u0661\u0662",
    "Patient/",
    "/Patient",
    "Patient/" * 200,
    "http://[",
    "http://a/_history/" + "9" * 500,
    "urn:uuid:",
    "#",
    "?",
    "||",
    "|a|",
    "a|b|c|d",
    " ",
    "\t\n\r",
    "true,false",
]
MODIFIERS = [
    "",
    ":exact",
    ":contains",
    ":missing",
    ":not",
    ":text",
    ":identifier",
    ":of-type",
    ":" + "x" * 2_000,
]
KINDS = ("Observation", "Patient", "RiskAssessment")


def stored(hospital: Hospital, value: str, name: str = "o1") -> int:
    body = f"""{{"resourceType":"Observation","id":"{name}","status":"final","code":{{"text":"any"}},
        "subject":{{"reference":"Patient/p1"}},
        "valueQuantity":{{"value":{value},"system":"{UCUM}","code":"mg"}}}}"""
    return hospital.asks("PUT", f"Observation/{name}", body.encode()).status_code


@pytest.fixture
def hospital(embedded: Town) -> Hospital:
    made = embedded.hospital()
    for one in (patient("p1"), observation("o0", "Patient/p1")):
        assert made.puts(one).status_code == 201
    return made


def kinds() -> list[tuple[str, str, str]]:
    """A parameter of each kind, on each of these types."""
    return [
        (type_, name, value)
        for type_ in KINDS
        for name in {
            getattr(one, "type", "composite"): one.name for one in search.known(type_).values()
        }.values()
        for value in VALUES
    ]


def test_a_huge_number_comes_back_as_it_was_sent_and_is_found(hospital: Hospital):
    assert stored(hospital, "1e99999999") == 201
    assert b"1e99999999" in hospital.asks("GET", "Observation/o1").content
    for query in ("ge1", f"ge1|{UCUM}|mg", f"gt1e300|{UCUM}|kg"):
        found = hospital.searches("Observation?" + urlencode({"value-quantity": query}))
        assert "o1" in [one["id"] for one in found]
    assert len(hospital.searches("Observation?_sort=value-quantity")) == 2
    assert len(hospital.searches("Observation?_sort=-value-quantity")) == 2


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("Observation?value-quantity=" + "1" * 310, 200),
        ("Observation?value-quantity=gt" + "1" * 1_000, 400),
        ("RiskAssessment?probability=" + "1" * 1_000, 400),
        ("RiskAssessment?probability=ap1.7e308", 200),
        (f"Observation?value-quantity=ge9e307|{UCUM}|kg", 200),
    ],
)
def test_numbers_beyond_a_double_are_answered_or_refused(hospital: Hospital, query: str, status: int):
    assert hospital.asks("GET", query).status_code == status


def refusal(hospital: Hospital | Officer, path: str, form: str | None = None) -> tuple[int, str]:
    way = "GET" if form is None else "POST"
    answer = hospital.asks(way, path, form and form.encode(), **({} if form is None else FORM))
    return answer.status_code, answer.json().get("issue", [{}])[0].get("code", "")


def test_a_value_has_an_end(hospital: Hospital):
    assert refusal(hospital, "Patient?name=" + "x" * EXTENT.length) == (200, "")
    for query in (
        "name=" + "x" * (EXTENT.length + 1),
        "name=a," + "x" * (EXTENT.length + 1),
        "x" * 2_001 + "=1",
    ):
        assert refusal(hospital, f"Patient?{query}") == (400, "too-long")
        assert refusal(hospital, "Patient/_search", query) == (400, "too-long")


def test_values_are_counted(hospital: Hospital):
    names = ",".join(["x"] * EXTENT.values)
    assert refusal(hospital, f"Patient?name={names}") == (200, "")
    assert refusal(hospital, f"Patient?name={names},x") == (400, "too-costly")
    assert refusal(hospital, f"Patient?name={names}&gender=male") == (400, "too-costly")
    many = "&".join(["name=x"] * (MOST_PARAMETERS + 1))
    assert refusal(hospital, f"Patient?{many}") == (400, "too-costly")


def test_a_lenient_question_has_the_same_end(hospital: Hospital):
    answer = hospital.asks("GET", "Patient?zz=" + "x" * 2_001, Prefer="handling=lenient")
    assert answer.status_code == 400


def test_a_form_has_an_end(hospital: Hospital):
    pairs = "&".join(["name=" + "x" * 1_900] * 90)
    assert refusal(hospital, "Patient/_search", pairs) == (200, "")
    assert refusal(hospital, "Patient/_search", f"{pairs}&{pairs}") == (413, "too-long")


def test_criteria_of_a_write_have_the_same_end(hospital: Hospital):
    long = "x" * (EXTENT.length + 1)
    body = {key: value for key, value in patient("p1").items() if key != "id"}
    assert hospital.asks("PUT", f"Patient?identifier={long}", body).status_code == 400
    assert hospital.asks("POST", "Patient", body, If_None_Exist=f"identifier={long}").status_code == 400
    assert hospital.asks("DELETE", f"Patient?identifier={'x,' * EXTENT.values}x").status_code == 400


def test_the_trail_is_asked_within_the_same_limits(embedded: Town):
    officer = embedded.officer()
    assert refusal(officer, "AuditEvent?address=" + "x" * 2_001) == (400, "too-long")
    assert refusal(officer, "AuditEvent?address=" + "x," * 1_000) == (400, "too-costly")


def test_limits_are_settings(tmp_path: Path):
    given = {"CARELOOM_DATA_DIR": str(tmp_path)}
    assert Settings.from_environ(given).extent == EXTENT
    given |= {"CARELOOM_SEARCH_LENGTH": "100", "CARELOOM_SEARCH_VALUES": "10"}
    assert Settings.from_environ(given).extent == Extent(length=100, values=10)


def test_hostile_values_of_every_kind_never_break(hospital: Hospital):
    """Drawn with a fixed seed: each kind with a third of the values, each with a modifier."""
    draw = random.Random(4)
    for text in ("1e99999999", "-1e-99999999", "0e99999999"):
        assert stored(hospital, text) in (200, 201)
    asked = draw.sample(kinds(), len(kinds()) // 3)
    for type_, name, value in asked:
        modifier = draw.choice(MODIFIERS) if draw.random() < 0.3 else ""
        query = f"{type_}?{name}{modifier}={quote_plus(value, errors='replace')}&_count=1"
        status = hospital.asks("GET", query).status_code
        assert status in (200, 400, 403), (type_, name, modifier, VALUES.index(value))


@pytest.mark.parametrize(
    "name",
    [
        "_id",
        "_lastUpdated",
        "_sort",
        "_include",
        "_revinclude",
        "_has",
        "_count",
        "_total",
        "_summary",
        "_elements",
        "patient.name",
        "_has:Observation:patient:code",
        "_page",
        "_tag",
        "_security",
    ],
)
def test_hostile_values_of_what_is_no_parameter_never_break(hospital: Hospital, name: str):
    for value in VALUES[::2]:
        status = hospital.asks("GET", f"Patient?{name}={quote_plus(value, errors='replace')}").status_code
        assert status in (200, 400, 403, 404, 410), VALUES.index(value)


@pytest.mark.parametrize("digits", [10, 30, 5_000])
def test_a_reference_to_a_version_that_cannot_be_brings_nothing(hospital: Hospital, digits: int):
    one = observation("o1", f"Patient/p1/_history/{'9' * digits}")
    answer = hospital.puts(one)
    assert answer.status_code in (201, 400)
    found = hospital.asks("GET", "Observation?_id=o1&_include=Observation:subject")
    assert found.status_code == 200
    assert [entry["search"]["mode"] for entry in found.json().get("entry", [])] in ([], ["match"])
