"""Law 2 for codings: a listed system is no way past the split for words, names and numbers of people."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.privacy import lexicon
from gateway.privacy.codes import codes_of
from gateway.privacy.policy import CLINICAL, PARTNER_LIMITED, load
from gateway.privacy.project import project
from gateway.privacy.split import split
from mappers.check_digits import is_loinc, is_snomed, is_unii
from tests.unit.gateway.privacy.cases import holds, pseudonym_of

ROOT = Path(__file__).resolve().parents[4]
POLICY = load(CLINICAL)
PARTNER = load(PARTNER_LIMITED)
SYSTEMS = sorted(lexicon.table("systems"))
LISTED = sorted(system for system, form in lexicon.table("systems").items() if form == "listed")
V2, V3 = ("http://terminology.hl7.org/CodeSystem/v2-", "http://terminology.hl7.org/CodeSystem/v3-")

FIRST = ("Alois", "Bohumila", "Camila", "Eleanor", "Fatima", "Giuseppe", "Hannah", "Kateřina", "Mehmet")
LAST = (
    "Muellerova",
    "Hopkins",
    "Nguyen",
    "O'Brien",
    "Garcia-Lopez",
    "Smith",
    "Christensen",
    "Hansens",
    "Dayton",
)
NAMES = (
    *(
        "{first}",
        "{last}",
        "{first}{last}",
        "{first}-{last}",
        "{last}_{first}",
        "{last}.{first}",
        "{first}/{last}",
    ),
    *("{first[0]}.{last}", "{last},{first}", "Mr.{last}", "{last}1964", "{last}*"),
)
CASES = (str, str.upper, str.lower)
PHONES = (
    *(
        "{area}{exchange}{line}",
        "{area}-{exchange}-{line}",
        "{area}.{exchange}.{line}",
        "({area}){exchange}-{line}",
    ),
    *("+1{area}{exchange}{line}", "+44{area}{exchange}{line}", "tel:+1-{area}-{exchange}-{line}"),
    *("{exchange}-{line}", "{area}{exchange}{line}x12"),
)

TAKES_A_NUMBER_OF_ITS_FORM = {
    "http://hl7.org/fhir/sid/ndc": "16175550199",
    "urn:oid:2.16.840.1.113883.6.69": "16175550199",
    "http://www.ama-assn.org/go/cpt": "10001",
    "http://www.genenames.org": "10001",
    "http://www.nlm.nih.gov/research/umls/rxnorm": "10001",
    "urn:oid:2.16.840.1.113883.6.88": "10001",
    "http://www.ncbi.nlm.nih.gov/clinvar": "10001",
    "urn:iso:std:iso:11073:10101": "10001",
}
"""Systems whose codes are plain numbers, each with one that a person may have; all are in docs/privacy.md."""


@st.composite
def names(draw: st.DrawFn) -> str:
    """A name as somebody types it into a field for a code."""
    form, case = draw(st.sampled_from(NAMES)), draw(st.sampled_from(CASES))
    return case(form.format(first=draw(st.sampled_from(FIRST)), last=draw(st.sampled_from(LAST))))


@st.composite
def phones(draw: st.DrawFn) -> str:
    """A North American number with its area, and others."""
    area, exchange = (draw(st.integers(200, 999)) for _ in range(2))
    line = f"{draw(st.integers(0, 9999)):04}"
    return draw(st.sampled_from(PHONES)).format(area=area, exchange=exchange, line=line)


def bearing(code: str) -> dict[str, Any]:
    """A resource that holds the code in every system and in every kind of place for one."""
    codings = [{"system": system, "code": code} for system in SYSTEMS]
    return {
        "resourceType": "Observation",
        "meta": {"security": codings, "tag": codings},
        "status": "final",
        "category": [{"coding": codings}],
        "code": {"coding": codings},
        "valueQuantity": {"value": 1, "system": "http://unitsofmeasure.org", "code": code},
        "component": [{"code": {"coding": [coding]}} for coding in codings],
    }


def assert_nowhere(code: str) -> None:
    clinical = split(bearing(code), POLICY, pseudonym_of).clinical
    assert clinical is not None
    assert not holds(clinical, code)
    assert not holds(project(clinical, PARTNER), code)


def takers(code: str) -> set[str]:
    return {system for system in SYSTEMS if (grammar := codes_of(system)) is not None and grammar(code)}


@settings(max_examples=300, deadline=None)
@given(st.one_of(names(), phones()))
def test_law_2_no_listed_system_takes_a_name_or_a_telephone_number(code: str) -> None:
    assert takers(code) == set()


@settings(max_examples=300, deadline=None)
@given(st.from_regex("[A-Za-z]{5,20}", fullmatch=True))
def test_law_2_a_word_is_taken_only_where_it_is_listed(word: str) -> None:
    assert {system for system in takers(word) if word not in lexicon.codes().get(system, ())} == set()


@settings(max_examples=10, deadline=None)
@given(st.one_of(names(), phones()))
def test_law_2_no_name_or_telephone_number_is_a_code_in_the_clinical_half(code: str) -> None:
    assert_nowhere(code)


@pytest.mark.parametrize(
    "code", ["Muellerova", "John-Smith", "6175550199", "617-555-0199", "212-55-0142", "5550199"]
)
def test_law_2_what_is_about_somebody_is_no_code_in_the_clinical_half(code: str) -> None:
    assert_nowhere(code)


@pytest.mark.parametrize("code", ["16175550199", "10001"])
def test_law_2_only_known_systems_take_a_number_of_their_form(code: str) -> None:
    assert takers(code) == {
        system for system, example in TAKES_A_NUMBER_OF_ITS_FORM.items() if example == code
    }


@pytest.mark.parametrize("system", [*TAKES_A_NUMBER_OF_ITS_FORM, "http://snomed.info/sct"])
def test_systems_of_plain_numbers_are_told_to_officers(system: str) -> None:
    assert f"`{system}`" in (ROOT / "docs/privacy.md").read_text("utf-8")


def test_every_listed_system_has_its_codes_and_every_list_is_used() -> None:
    grammars = {"urn:iso:std:iso:4217", "urn:ietf:bcp:47"}
    assert set(lexicon.codes()) == {*LISTED, *grammars}
    assert all(lexicon.codes().values())


@pytest.mark.parametrize(
    "prefix", [V2, V3, "http://terminology.hl7.org/", "http://hl7.org/fhir/us/core/CodeSystem/"]
)
def test_finite_systems_are_listed_code_by_code(prefix: str) -> None:
    assert [system for system in SYSTEMS if system.startswith(prefix) and system not in LISTED] == []


@pytest.mark.parametrize(
    ("system", "code"),
    [
        (f"{V2}0203", "MR"),
        (f"{V3}ActCode", "AMB"),
        (f"{V3}Confidentiality", "R"),
        (f"{V3}MaritalStatus", "M"),
        (f"{V3}ActReason", "HTEST"),
        ("urn:oid:2.16.840.1.113883.6.238", "2106-3"),
        ("urn:oid:2.16.840.1.113883.6.238", "2186-5"),
        ("http://terminology.hl7.org/CodeSystem/condition-category", "encounter-diagnosis"),
        ("http://dicom.nema.org/resources/ontology/DCM", "CT"),
        ("urn:iso:std:iso:3166", "USA"),
        ("urn:ietf:bcp:47", "en-US"),
        ("http://hl7.org/fhir/sid/cvx", "140"),
        ("http://hl7.org/fhir/sid/ndc", "49281-012-88"),
        ("http://hl7.org/fhir/sid/icd-10-cm", "W44.A0XA"),
        ("http://www.cms.gov/Medicare/Coding/ICD10", "0DTJ4ZZ"),
        ("http://www.cms.gov/Medicare/Coding/ICD10", "30233N1"),
        ("http://www.genenames.org/geneId", "HGNC:2621"),
    ],
)
def test_real_codes_are_taken(system: str, code: str) -> None:
    assert system in takers(code)


@pytest.mark.parametrize(
    ("system", "code"),
    [
        (f"{V3}Confidentiality", "HOPKINS"),
        ("urn:ietf:bcp:47", "en-XQ"),
        ("urn:ietf:bcp:47", "kim"),
        ("urn:iso:std:iso:4217", "KIM"),
        ("http://hl7.org/fhir/sid/mvx", "LEE"),
        ("http://hl7.org/fhir/sid/cvx", "1402"),
        ("http://hl7.org/fhir/sid/ndc", "02115-1234"),
        ("http://www.nlm.nih.gov/research/umls/rxnorm", "5550199"),
        ("http://www.ncbi.nlm.nih.gov/snp", "6175550199"),
        ("http://glstring.org", "hla#3.23.0#HLA-HOPKINS"),
        ("http://www.cms.gov/Medicare/Coding/ICD10", "HANSENS"),
        ("http://unitsofmeasure.org", "617.555.0199"),
    ],
)
def test_what_a_system_cannot_have_is_not_taken(system: str, code: str) -> None:
    assert system not in takers(code)


@pytest.mark.parametrize(
    ("check", "right"),
    [
        (
            is_loinc,
            ["4548-4", "2160-0", "100822-6", "LA6576-8", "LA32-8", "LA4-4", "LP29684-5", "LP173421-1"],
        ),
        (is_snomed, ["44054006", "344001", "409002", "1015401000000102", "840539006", "1119302008"]),
        (is_unii, ["9100L32L2N", "R16CO5Y76E"]),
    ],
)
def test_a_check_digit_is_right_for_one_character_alone(check: Any, right: list[str]) -> None:
    for code in right:
        assert check(code), code
        assert [digit for digit in "0123456789" if check(code[:-1] + digit)] == [code[-1]][
            : code[-1].isdigit()
        ]


def test_the_lists_are_what_the_definitions_compile_to(
    shared_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", [str(ROOT / "scripts"), *sys.path])
    script = import_module("compile_code_lists")
    folder = shared_data / "fhir" / "definitions"
    sources = list(script.present(folder))
    assert "valuesets" in sources
    for source in sources:
        shipped = (script.LEXICON / f"codes-{source}.txt").read_text("utf-8")
        assert script.compile_list(folder, source, script.listed_systems(script.LEXICON)) == shipped
