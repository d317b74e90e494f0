"""Rows find everything that a query means; the opened resource says what it really means."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path as File
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mappers.lossless import loads, number_text
from mappers.r4.model import MODEL, Path
from mappers.r4.search import (
    MalformedValue,
    Query,
    Rows,
    Side,
    UnknownParameter,
    UnsupportedModifier,
    clinical_rows,
    identity_rows,
    matches,
    parameters,
    queries,
    query,
    reference_names,
    source_rows,
)
from mappers.r4.search_rows import _CLINICAL, _IDENTITY, identifier_texts, texts_of
from mappers.r4.search_terms import IN_THE_STORE, WHO, found, plain, split
from tests.unit.mappers.r4.generated import any_resource

SLOW_TO_DRAW = settings(
    deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)

OBSERVATION = {
    "resourceType": "Observation",
    "id": "o1",
    "meta": {"tag": [{"system": "urn:t", "code": "x"}], "profile": ["http://example.org/p|1.0"]},
    "status": "final",
    "code": {"coding": [{"system": "http://loinc.org", "code": "4548-4"}, {"code": "local"}]},
    "subject": {"reference": "Patient/p1/_history/2", "identifier": {"system": "urn:mrn", "value": "7"}},
    "effectiveDateTime": "2021-03-01T23:30:00-05:00",
    "valueQuantity": {
        "value": msgspec.Raw("6.10"), "unit": "%", "system": "http://unitsofmeasure.org", "code": "%"
    },
    "component": [{"code": {"coding": [{"system": "http://loinc.org", "code": "8480-6"}]},
                   "valueQuantity": {"value": 120}}],
    "instantiatesCanonical": "x",
}  # fmt: skip
PATIENT = {
    "resourceType": "Patient",
    "id": "p1",
    "identifier": [{"system": "urn:mrn", "value": "A|7"}, {"value": "bare"}],
    "name": [{"family": "Müller-Lüdenscheidt", "given": ["Jörg", "K"], "text": "Herr Müller"}],
    "telecom": [{"system": "phone", "value": "555-1234"}, {"system": "email", "value": "Joe@Example.org"}],
    "gender": "male",
    "birthDate": "1980-05-06",
    "address": [{"line": ["Main St 1"], "city": "Bern"}],
    "generalPractitioner": [{"reference": "https://example.org/fhir/Practitioner/9"}],
}


def rows_for(resource: dict[str, Any], whose: Side) -> Rows:
    return clinical_rows(resource) if whose is Side.CLINICAL else identity_rows(resource)


def is_candidate(resource: dict[str, Any], asked: Query) -> bool:
    """What the store answers: one of the tokens, or a range that overlaps."""
    rows = rows_for(resource, asked.side)
    return (
        asked.everything
        or bool(set(asked.tokens) & set(rows.tokens))
        or any(
            name == other and low <= to and since <= high
            for name, low, high in asked.ranges
            for other, since, to in rows.ranges
        )
    )


def finds(resource: dict[str, Any], text: str) -> bool:
    """``name:modifier=value``, as candidates and as truth; a hit that is no candidate would be lost."""
    left, _, value = text.partition("=")
    name, _, modifier = left.partition(":")
    kind = resource["resourceType"]
    true = matches(resource, kind, name, modifier or None, value)
    assert not true or is_candidate(resource, query(kind, name, modifier or None, value))
    return true


# --- what finds what -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "status=final", "status=amended,final", "status=http://hl7.org/fhir/observation-status|final",
        "status:not=amended",
        "code=4548-4", "code=http://loinc.org|4548-4", "code=http://loinc.org|", "code=|local", "code=local",
        "code:missing=false", "combo-code=8480-6", "component-code=8480-6", "value-concept:missing=true",
        "subject=Patient/p1", "subject=p1", "subject:Patient=p1", "patient=p1", "patient=Patient/p1",
        "patient=Patient/p1/_history/2", "subject:identifier=urn:mrn|7", "subject:identifier=7",
        "date=2021-03-01", "date=2021-03", "date=2021", "date=ge2021-03-01", "date=le2021-03-01",
        "date=gt2021-02",
        "date=lt2021-04", "date=sa2021-02-28", "date=eb2021-03-02", "date=ne2021-03-02", "date=ap2021-03-02",
        "date=2021-03-02T04:30:00Z", "date=2021-03-01T23:30", "date=gt2021-03-02T04:00:00Z",
        "value-quantity=6.1", "value-quantity=6.10|http://unitsofmeasure.org|%", "value-quantity=6.1||%",
        "value-quantity=gt6", "value-quantity=ge6.10", "value-quantity=lt7", "value-quantity=le6.10",
        "value-quantity=sa6", "value-quantity=eb7", "value-quantity=ap6.5", "value-quantity=ne5",
        "value-quantity=6", "combo-value-quantity=120", "component-value-quantity=gt100",
        "_tag=urn:t|x", "_profile=http://example.org/p", "_profile=http://example.org/p|1.0",
    ],
)  # fmt: skip
def test_an_observation_is_found_by(text: str) -> None:
    assert finds(OBSERVATION, text)


@pytest.mark.parametrize(
    "text",
    [
        "status=amended", "status=urn:x|final", "status:not=final", "status:not=final,amended",
        "code=4548", "code=|4548-4", "code=urn:x|4548-4", "code=urn:x|", "code:missing=true",
        "component-code=4548-4", "subject=Group/p1", "subject=Patient/p2", "subject:Group=p1",
        "subject:identifier=8",
        "date=2021-03-02", "date=2020", "date=gt2021-03-01", "date=lt2021-03-01", "date=ne2021-03-01",
        "date=sa2021-03-01", "date=eb2021-03-01", "date=2021-03-01T23:30:00Z", "date=ap2021-03-05",
        "value-quantity=6.2", "value-quantity=6.1||mmol/mol", "value-quantity=6.1|urn:x|%",
        "value-quantity=gt6.1",
        "value-quantity=lt6.1", "value-quantity=ap9", "combo-value-quantity=121",
        "_tag=urn:t|y", "_profile=http://example.org/p|2.0",
    ],
)  # fmt: skip
def test_an_observation_is_not_found_by(text: str) -> None:
    assert not finds(OBSERVATION, text)


@pytest.mark.parametrize(
    "text",
    [
        "identifier=bare", "identifier=|bare", r"identifier=urn:mrn|A\|7", "identifier=urn:mrn|", "name=mull",
        "name=JORG", "name=herr", "family=muller-ludenscheidt", "family:exact=Müller-Lüdenscheidt",
        "family:contains=luden", "given=k", "phone=555-1234", "email=joe@example.ORG",
        "telecom=email|joe@example.org",
        "address=main", "address-city=BERN", "gender=male", "birthdate=1980-05-06", "birthdate=1980",
        "birthdate=1990,1980-05-06", "deceased=false", "death-date:missing=true",
        "general-practitioner=https://example.org/fhir/Practitioner/9",
    ],
)  # fmt: skip
def test_a_patient_is_found_by(text: str) -> None:
    assert finds(PATIENT, text)


@pytest.mark.parametrize(
    "text",
    [
        "identifier=A", "identifier=urn:mrn|bare", "identifier=|A", "family=luden", "family:exact=müller",
        "given=x", "phone=joe@example.org", "email=555-1234", "birthdate=1980-05-07",
        "birthdate=gt1980-05-06",
        "deceased=true", "address-city=Bernau", "general-practitioner=Practitioner/9",
    ],
)  # fmt: skip
def test_a_patient_is_not_found_by(text: str) -> None:
    assert not finds(PATIENT, text)


def test_the_dead_are_found_however_it_is_said() -> None:
    dead = {"resourceType": "Patient", "deceasedDateTime": "2020"}
    assert finds(dead, "deceased=true")
    assert not finds(dead, "deceased=false")
    assert finds({"resourceType": "Patient", "deceasedBoolean": False}, "deceased=false")
    assert finds({"resourceType": "Patient", "deceasedBoolean": True}, "deceased=true")


@pytest.mark.parametrize(
    ("period", "text", "told"),
    [
        ({"start": "2020-01-10", "end": "2020-01-20"}, "date=2020-01", True),
        ({"start": "2020-01-10", "end": "2020-01-20"}, "date=2020-01-15", False),
        ({"start": "2020-01-10", "end": "2020-01-20"}, "date=ge2020-01-15", True),
        ({"start": "2020-01-10", "end": "2020-01-20"}, "date=le2020-01-15", True),
        ({"start": "2020-01-10", "end": "2020-01-20"}, "date=sa2020-01-09", True),
        ({"start": "2020-01-10"}, "date=gt2999", True),
        ({"start": "2020-01-10"}, "date=lt2020-01-09", False),
        ({"end": "2020-01-10"}, "date=lt1900", True),
        (
            {"start": "2020-01-10T00:00:00+14:00", "end": "2020-01-10T20:00:00Z"},
            "date=2020-01-09T12:00:00Z",
            False,
        ),
        ({"id": "nothing"}, "date=ge1900", False),
    ],
)
def test_periods_are_stretches(period: dict[str, str], text: str, told: bool) -> None:
    encounter = {"resourceType": "Encounter", "period": period}
    assert finds(encounter, text) is told


def test_about_a_day_is_the_day_before_and_after() -> None:
    day = {"resourceType": "Observation", "effectiveDateTime": "2021-03-01"}
    assert finds(day, "date=ap2021-03-02")
    assert finds(day, "date=ap2021-02-28")
    assert not finds(day, "date=ap2021-03-03")


def test_timings_are_their_events_and_bounds() -> None:
    request = {"resourceType": "ServiceRequest", "occurrenceTiming": {"event": ["2020-01-01", "2020-03-01"]}}
    assert finds(request, "occurrence=2020-03-01")
    assert not finds(request, "occurrence=2020-02-01")
    bounded = {
        "resourceType": "ServiceRequest",
        "occurrenceTiming": {"repeat": {"boundsPeriod": {"start": "2020"}}},
    }
    assert finds(bounded, "occurrence=gt2021")


def test_comparators_leave_one_end_open() -> None:
    below = {**OBSERVATION, "valueQuantity": {"value": 5, "comparator": "<"}}
    assert finds(below, "value-quantity=lt1")
    assert not finds(below, "value-quantity=gt5")
    assert not finds(below, "value-quantity=5")


def test_numbers_are_found_as_quantities_are() -> None:
    risk = {"resourceType": "RiskAssessment", "prediction": [{"probabilityDecimal": msgspec.Raw("0.02")}]}
    assert finds(risk, "probability=gt0.01")
    assert not finds(risk, "probability=0.03")


def test_our_own_identifiers_are_found_without_the_identity_side() -> None:
    plan = {"resourceType": "CarePlan", "identifier": [{"system": "urn:careloom:plan", "value": "abc"}]}
    asked = query("CarePlan", "identifier", None, "urn:careloom:plan|")
    assert asked.side is Side.CLINICAL
    assert finds(plan, "identifier=urn:careloom:plan|")
    assert finds(plan, "identifier=urn:careloom:plan|abc")
    other = {"resourceType": "CarePlan", "identifier": [{"system": "urn:mrn", "value": "abc"}]}
    assert clinical_rows(other).tokens == []


# --- sides, and what is refused --------------------------------------------------------------------------


def test_law_2_the_clinical_side_has_no_rows_of_names_and_identifiers() -> None:
    told = str(clinical_rows(PATIENT))
    for secret in ("A|7", "bare", "ller", "555", "joe", "bern", "1980-05-06"):
        assert secret not in told.lower()
    for name in ("identifier", "name", "phone", "address", "family"):
        assert query("Patient", name, None, "x").side is Side.IDENTITY


def test_every_kind_of_place_has_rows() -> None:
    leaves = {path.leaf for kind in MODEL.search.values() for one in kind.values() for path in one.paths}
    assert leaves <= set(_CLINICAL) | set(_IDENTITY)
    assert set(_IDENTITY) - {"Reference"} == set(WHO)


def test_no_parameter_looks_on_both_sides() -> None:
    for kind in MODEL.search.values():
        for one in kind.values():
            assert len({path.leaf in WHO for path in one.paths}) == 1


@pytest.mark.parametrize("call", [lambda *a: queries(*a), lambda *a: matches(OBSERVATION, *a)])
def test_nothing_is_dropped_in_silence(call: Any) -> None:
    with pytest.raises(UnknownParameter):
        call("Observation", "colour", None, "red")
    with pytest.raises(UnknownParameter):
        call("Nonsense", "code", None, "x")
    for name, modifier in [
        ("code", "in"),
        ("code", "above"),
        ("status", "of-type"),
        ("code-value-quantity", "missing"),
        ("date", "not"),
        ("subject", "Nonsense"),
        ("status", ""),
    ]:
        with pytest.raises(UnsupportedModifier):
            call("Observation", name, modifier, "x")
    for name, modifier, value in [("date", None, "yesterday"), ("date", None, "2021-02-30"),
                                  ("code", None, ""),
                                  ("date", None, "2021-02-30T10:00"), ("value-quantity", None, "much"),
                                  ("value-quantity", None, "5|kg"), ("value-quantity", None, "NaN"),
                                  ("value-quantity", None, "1e9999"), ("code", None, "a|b|c"),
                                  ("code-value-quantity", None, "a"), ("code-value-quantity", None, "a$1$2"),
                                  ("code-value-quantity", None, "a$"),
                                  ("code", "missing", "perhaps")]:  # fmt: skip
        with pytest.raises(MalformedValue):
            call("Observation", name, modifier, value)


def test_an_identifier_is_found_by_its_type() -> None:
    card = {
        "type": {"coding": [{"system": "urn:t", "code": "MR", "display": "Record"}], "text": "Chart"},
        "system": "urn:mrn",
        "value": "7",
    }
    known = {"resourceType": "Patient", "identifier": [card, {"value": "8"}]}
    assert finds(known, "identifier:of-type=urn:t|MR|7")
    assert not finds(known, "identifier:of-type=urn:t|MR|8")
    assert finds(known, "identifier:text=chart")
    with pytest.raises(MalformedValue):
        query("Patient", "identifier", "of-type", "a|b")


def test_a_code_is_found_by_what_is_said_beside_it() -> None:
    coding = {"system": "urn:c", "code": "x", "display": "Hämoglobin A1c"}
    said = {"resourceType": "Observation", "code": {"coding": [coding], "text": "long-term sugar"}}
    assert finds(said, "code:text=hamo")
    assert finds(said, "code:text=LONG")
    assert not finds(said, "code:text=sugar")
    assert not finds(said, "code:text=")
    assert query("Observation", "code", "text", "x").side is Side.IDENTITY


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("value-quantity=5|http://unitsofmeasure.org|g", True),
        ("value-quantity=5000|http://unitsofmeasure.org|mg", True),
        ("value-quantity=gt0.004|http://unitsofmeasure.org|kg", True),
        ("value-quantity=lt5000001|http://unitsofmeasure.org|ug", True),
        ("value-quantity=5|http://unitsofmeasure.org|L", False),
        ("value-quantity=5||g", False),
        ("value-quantity=5000||mg", True),
        ("value-quantity=5|urn:other|g", False),
    ],
)
def test_quantities_are_compared_in_the_unit_that_was_asked_for(text: str, held: bool) -> None:
    value = {"value": 5000, "unit": "mg", "system": "http://unitsofmeasure.org", "code": "mg"}
    assert finds({"resourceType": "Observation", "valueQuantity": value}, text) is held


def test_the_source_has_rows_of_what_it_names() -> None:
    whole = source_rows(OBSERVATION)
    assert set(whole.ranges) == set(clinical_rows(OBSERVATION).ranges)
    assert set(source_rows(OBSERVATION, {"status"}).tokens) == {("status", "final")}
    assert source_rows(OBSERVATION, {"effectiveDateTime"}).ranges == [
        one for one in whole.ranges if one[0] == "date"
    ]
    assert "subject" in reference_names("Observation")
    assert "code" not in reference_names("Observation")


def test_commas_and_bars_can_be_escaped() -> None:
    assert split(r"a\,b,c\|d\\,e", ",") == [r"a\,b", r"c\|d\\", "e"]
    assert split(r"a\|b|c", "|") == [r"a\|b", "c"]
    assert split("", ",") == [""]
    assert plain(r"a\,b\|c\\d\$\e") == r"a,b|c\d$\e"
    odd = {"resourceType": "Patient", "identifier": [{"system": "s\\", "value": "a|b,c\\"}]}
    assert finds(odd, r"identifier=x,s\\|a\|b\,c\\")


# --- whatever the resource -------------------------------------------------------------------------------


def escaped(text: str) -> str:
    return "".join(f"\\{letter}" if letter in "\\,|$" else letter for letter in text)


def own_queries(path: Path, value: Any) -> Iterator[str]:
    """Queries that this value must answer."""
    if path.leaf == "CodeableConcept":
        for coding in value.get("coding", ()):
            yield from _of_coding(coding)
    elif path.leaf in ("string", "markdown", "HumanName", "Address"):
        yield from (escaped(text) for text in texts_of(value))
    elif isinstance(value, str):
        yield escaped(value)
        yield from (
            f"{prefix}{value}" for prefix in ("ge", "le") if path.leaf in ("date", "dateTime", "instant")
        )
    elif isinstance(value, dict) and path.target is None:
        yield from OWN.get(path.leaf, lambda value: [])(value)


def _of_coding(coding: dict[str, Any]) -> list[str]:
    code, system = escaped(coding.get("code", "")), escaped(coding.get("system", ""))
    return [code, f"{system}|{code}"] if code else []


def _of_reference(value: dict[str, Any]) -> list[str]:
    text = value.get("reference", "#")
    return [] if text.startswith("#") else [escaped(text)]


OWN: dict[str, Callable[[dict[str, Any]], list[str]]] = {
    "Coding": _of_coding,
    "ContactPoint": lambda value: [escaped(value["value"])] if "value" in value else [],
    "Identifier": lambda value: ["|".join(map(escaped, text.split("|"))) for text in identifier_texts(value)],
    "Quantity": lambda value: (
        [number_text(value["value"])] if "value" in value and "comparator" not in value else []
    ),
    "Reference": _of_reference,
}


@SLOW_TO_DRAW
@given(any_resource())
def test_every_resource_is_found_by_what_stands_in_it(resource: dict[str, Any]) -> None:
    kind = resource["resourceType"]
    for name, one in parameters(kind).items():
        for path in one.paths:
            for value in found(resource, path):
                for text in own_queries(path, value):
                    assert matches(resource, kind, name, None, text), (name, text)
                    if name not in IN_THE_STORE:
                        assert is_candidate(resource, query(kind, name, None, text)), (name, text)


PREFIXES = st.sampled_from(["", "eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap"])
ASKED = st.fixed_dictionaries(
    {
        "date": st.tuples(PREFIXES, st.dates()).map(lambda drawn: f"{drawn[0]}{drawn[1]}"),
        "number": st.tuples(PREFIXES, st.integers(-9, 10**6)).map(lambda drawn: f"{drawn[0]}{drawn[1]}"),
        "quantity": st.tuples(PREFIXES, st.integers(-9, 10**6)).map(lambda drawn: f"{drawn[0]}{drawn[1]}"),
        "token": st.sampled_from(["final", "active", "true", "false", "x|y"]),
    }
)


@SLOW_TO_DRAW
@given(any_resource(), ASKED)
def test_whatever_matches_is_a_candidate(resource: dict[str, Any], asked: dict[str, str]) -> None:
    kind = resource["resourceType"]
    for name, one in parameters(kind).items():
        value = asked.get(one.type, "CANARY")
        if matches(resource, kind, name, None, value):
            assert is_candidate(resource, query(kind, name, None, value)), (name, value)


@SLOW_TO_DRAW
@given(any_resource())
def test_equal_resources_have_equal_rows_each_once(resource: dict[str, Any]) -> None:
    turned = dict(reversed(resource.items()))
    for rows_of in (clinical_rows, identity_rows):
        rows = rows_of(resource)
        assert rows == rows_of(turned)
        assert len(set(rows.tokens)) == len(rows.tokens)
        assert len(set(rows.ranges)) == len(rows.ranges)


def test_rows_are_few(shared_data: File) -> None:
    bundle = loads(next((shared_data / "fhir" / "synthea").glob("*.json")).read_bytes())
    resources = [entry["resource"] for entry in bundle["entry"]]
    counted = [len(rows.tokens) + len(rows.ranges) for rows in map(clinical_rows, resources)]
    assert sum(counted) / len(counted) < 14


@pytest.mark.parametrize("day", ["0001-01-01", "0001", "9999-12-31", "9999"])
@pytest.mark.parametrize("prefix", ["", "ap", "ge", "lt", "ne"])
def test_the_first_and_the_last_day_of_the_calendar_can_be_asked_for(day: str, prefix: str):
    claim = {"resourceType": "Claim", "created": day}
    query("Claim", "created", None, prefix + day)
    assert matches(claim, "Claim", "created", None, prefix + day) is (prefix not in ("lt", "ne"))
