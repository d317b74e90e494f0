"""What a query may leave in the trail: codes, numbers, dates of care, pseudonyms; and nothing of anybody."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from gateway.custody.ids import parse_pseudonym, pseudonym
from gateway.refusal import Refused
from gateway.release.asking import May
from gateway.release.chaining import Grammar
from gateway.release.masked import CUT, LONGEST, MASK, masked
from gateway.release.wanted import is_wish
from mappers.r4.model import MODEL
from mappers.r4.search_terms import WHO

GRAMMAR = Grammar(May(True, lambda _type: True, lambda _type, _name: False))
IDENTIFYING = sorted(
    (type_, name)
    for type_, parameters in MODEL.search.items()
    for name, one in parameters.items()
    if any(path.leaf in WHO for path in one.paths) or name in ("birthdate", "death-date")
)
REFERENCES = sorted(
    (type_, name)
    for type_, parameters in MODEL.search.items()
    for name, one in parameters.items()
    if one.type == "reference" or name == "_id"
)


def known_as(type_: str, id_: str) -> str:
    return pseudonym(sha256(f"{type_}/{id_}".encode()).digest()[:16])


def told(type_: str, *parameters: tuple[str, str], name=known_as) -> str:
    read = [
        (text, value, None if is_wish(text) else GRAMMAR.criterion(type_, text, value))
        for text, value in parameters
    ]
    return masked(read, name, 20).removesuffix("&_count=20").removesuffix("_count=20")


ANNA = f"Patient/{known_as('Patient', 'anna')}"


@pytest.mark.parametrize(
    ("type_", "name", "value", "kept"),
    [
        ("Observation", "code", "http://loinc.org|4548-4", "http://loinc.org|4548-4"),
        ("Observation", "code", "http://loinc.org|4548-5", f"http://loinc.org|{MASK}"),
        ("Observation", "code", "http://loinc.org|", "http://loinc.org|"),
        ("Observation", "code", "urn:st-anna|4548-4", MASK),
        ("Observation", "code", "4548-4", "4548-4"),
        ("Observation", "code", "77310042", MASK),
        ("Observation", "code", "Muster", MASK),
        ("Observation", "code", "4548-4,Muster", f"4548-4,{MASK}"),
        ("Observation", "code:not", "4548-4", "4548-4"),
        ("Observation", "code:text", "4548-4", MASK),
        ("Observation", "code:missing", "true", "true"),
        ("Observation", "category", "laboratory", "laboratory"),
        ("Observation", "status", "final", "final"),
        ("Observation", "status", "finale", MASK),
        ("Observation", "status", "http://hl7.org/fhir/observation-status|final", None),
        ("Observation", "status", "urn:x|final", MASK),
        ("Observation", "date", "ge2026-03-01", "ge2026-03-01"),
        ("Observation", "date", "2026-03-01T10:00:00+01:00", "2026-03-01T10:00:00+01:00"),
        ("Observation", "_lastUpdated", "gt2026", "gt2026"),
        ("Observation", "value-quantity", "gt5.4", "gt5.4"),
        ("Observation", "value-quantity", "5.4|http://unitsofmeasure.org|mg", None),
        ("Observation", "value-quantity", "5.4||Muster", f"5.4|{MASK}"),
        ("Observation", "value-quantity", "77310042", MASK),
        ("Observation", "code-value-quantity", "8480-6$lt60", "8480-6$lt60"),
        ("Observation", "code-value-quantity", "Muster$lt60", f"{MASK}$lt60"),
        ("Observation", "patient", "anna", ANNA),
        ("Observation", "patient", "Patient/anna", ANNA),
        ("Observation", "patient", "Patient/anna/_history/2", ANNA),
        ("Observation", "subject:Patient", "anna", ANNA),
        ("Observation", "subject:identifier", "urn:mrn|77310042", MASK),
        ("Observation", "subject", "https://st-anna.example/Patient/77310042", MASK),
        ("Observation", "subject:Patient.family", "Muster", MASK),
        ("Observation", "subject:Patient.gender", "female", "female"),
        ("Observation", "patient.birthdate", "1970-01-01", MASK),
        ("Patient", "_has:Observation:patient:code", "4548-4", "4548-4"),
        ("Patient", "_has:Observation:patient:identifier", "77310042", MASK),
        ("Patient", "_id", "anna", ANNA),
        ("Patient", "gender", "female", "female"),
        ("Patient", "deceased", "true", "true"),
        ("Patient", "identifier", "urn:mrn|77310042", MASK),
        ("Patient", "identifier:missing", "false", "false"),
        ("CarePlan", "identifier", "urn:careloom:plan|", "urn:careloom:plan|"),
        ("CarePlan", "identifier", "urn:careloom:other|77310042", MASK),
        ("Patient", "_profile", "https://st-anna.example/77310042", MASK),
        ("Observation", "_sort", "-date,code", "-date,code"),
        ("Observation", "_include", "Observation:subject:Patient", "Observation:subject:Patient"),
        ("Observation", "_total", "accurate", "accurate"),
    ],
)
def test_what_stays_of_a_value(type_: str, name: str, value: str, kept: str | None):
    assert told(type_, (name, value)) == f"{name}={value if kept is None else kept}"


def test_a_plan_is_named_by_its_pseudonym():
    plan = f"CarePlan/{known_as('CarePlan', 'as-it-is-shown')}"
    asked = told("CarePlan", ("identifier", "urn:careloom:plan|as-it-is-shown"))
    assert asked == f"identifier=urn:careloom:plan|{plan}"


def test_an_id_alone_is_told_for_each_type_that_it_may_be_of():
    told_of = told("MedicationRequest", ("subject", "anna"))
    group = f"Group/{known_as('Group', 'anna')}"
    assert told_of == f"subject={group},{ANNA}"
    assert told("Observation", ("performer", "anna")) == f"performer={MASK}", "of too many types"


def test_an_id_that_is_nobodys_is_not_told():
    assert told("Observation", ("patient", "anna"), name=lambda *_: None) == f"patient={MASK}"
    assert told("Observation", ("_id", "anna"), name=lambda *_: None) == f"_id={MASK}"


def test_a_wish_that_was_not_understood_would_not_be_told():
    assert masked([("_sort", "Muster", None)], known_as, 7) == f"_sort={MASK}&_count=7"


@given(st.integers(1, 100))
def test_a_query_of_any_length_is_kept_to_a_bound(times: int):
    asked = told("Observation", *[("code", "http://loinc.org|4548-4")] * times)
    assert len(asked) <= LONGEST + len(CUT)
    assert asked.endswith(CUT) is (times * len("code=http://loinc.org|4548-4&") > LONGEST)


def test_of_many_alternatives_the_first_are_kept():
    asked = told("Observation", ("code", ",".join(["4548-4"] * 25)))
    assert asked.count("4548-4") == 20
    assert asked.endswith(",...")


marks = st.text(st.characters(codec="utf-8", exclude_characters=",&=|$:/?#\\*. "), min_size=6, max_size=40)


@given(st.sampled_from(IDENTIFYING), marks, st.sampled_from(["", "urn:mrn|", "|"]), st.data())
def test_law_2_no_value_of_an_identifying_parameter_is_ever_kept(place, mark, system, data):
    """Whatever it is, in whatever words: as it is, behind a system, as one of several."""
    type_, name = place
    modifier = data.draw(st.sampled_from(["", ":exact", ":contains", ":not", ":text"]))
    value = data.draw(st.sampled_from([f"{system}{mark}", f"x,{system}{mark}", f"{mark},4548-4"]))
    try:
        asked = told(type_, (name + modifier, value))
    except Refused:
        assume(False)
    assert mark not in asked
    assert set(asked.removeprefix(f"{name}{modifier}=")) <= {"*", ","}


@given(st.sampled_from(["birthdate", "death-date"]), st.dates())
def test_law_2_no_date_of_a_life_is_kept(name, day):
    assert told("Patient", (name, f"ge{day.isoformat()}")) == f"{name}={MASK}"


@given(st.sampled_from(REFERENCES), marks, st.sampled_from(["", "Patient/", "Group/", "Muster/"]))
def test_law_2_who_is_named_is_named_by_a_pseudonym(place, mark, before):
    type_, name = place
    try:
        asked = told(type_, (name, before + mark))
    except Refused:
        assume(False)
    assert mark not in asked
    for one in asked.removeprefix(f"{name}=").split(","):
        kind, _, id_ = one.rpartition("/")
        assert one == MASK or (kind in MODEL.resources and parse_pseudonym(id_) is not None)


@given(st.sampled_from(sorted(MODEL.search)), st.data(), st.text(max_size=60))
def test_no_value_breaks_out_of_its_place(type_, data, value):
    name = data.draw(st.sampled_from(sorted(MODEL.search[type_])))
    try:
        asked = told(type_, (name, value))
    except Refused:
        assume(False)
    assert asked.startswith(f"{name}=")
    assert not set("&=") & set(asked.removeprefix(f"{name}="))
