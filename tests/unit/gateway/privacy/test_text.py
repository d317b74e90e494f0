"""What the closed grammars take, and what they must not."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.privacy.codes import codes_of
from gateway.privacy.drugs import is_drug
from gateway.privacy.text import GRAMMARS, Grammar
from gateway.privacy.units import is_unit
from mappers.lossless import loads
from mappers.tables import rows
from tests.unit.gateway.privacy.cases import CANARY

DRUGS = """Hydrochlorothiazide 25 MG Oral Tablet
24 HR Metformin hydrochloride 500 MG Extended Release Oral Tablet
Acetaminophen 325 MG / Oxycodone Hydrochloride 5 MG Oral Tablet
Fluticasone propionate 0.25 MG/ACTUAT Metered Dose Inhaler [Flovent]
NDA020503 200 ACTUAT Albuterol 0.09 MG/ACTUAT Metered Dose Inhaler
NuvaRing 0.12/0.015 MG per 24HR 21 Day Vaginal Ring
Vitamin B 12 5 MG/ML Injectable Solution
insulin isophane, human 70 UNT/ML / insulin, regular, human 30 UNT/ML Pen Injector
Lasix 40mg
lisinopril 10mg tab
Metformin""".splitlines()
NO_DRUGS = """Metformin for Ms. Hopkins
Camila
Camila Hopkins
Metformin 12345678 MG
Metformin [Hopkins]
Hopkins 10 MG Oral Tablet
555 0100
10 MG""".splitlines()


@pytest.mark.parametrize("text", DRUGS)
def test_drugs(text: str) -> None:
    assert is_drug(text)


@pytest.mark.parametrize("text", [*NO_DRUGS, "", " ", "Metformin " * 60])
def test_what_is_more_than_a_drug(text: str) -> None:
    assert not is_drug(text)


def test_most_drugs_of_synthea_match(shared_data: Path) -> None:
    names = [
        coding["display"]
        for path in (shared_data / "fhir" / "synthea").glob("*.json")
        for entry in loads(path.read_bytes())["entry"]
        if entry["resource"]["resourceType"] == "MedicationRequest"
        for coding in entry["resource"]["medicationCodeableConcept"]["coding"]
    ]
    assert sum(map(is_drug, names)) > 0.95 * len(names)


@pytest.mark.parametrize(
    "text", ["mg/dL", "mm[Hg]", "mL/min/{1.73_m2}", "10*3/uL", "%", "/min", "{score}", "mmHg", "a"]
)
def test_units(text: str) -> None:
    assert is_unit(text)


@pytest.mark.parametrize("text", ["{Ms. Hopkins}", "mg for Hopkins", "Hopkins", "", "mg//dL", "12345678"])
def test_what_is_no_unit(text: str) -> None:
    assert not is_unit(text)


ACCEPTED = [
    ("variant", "*1/*2"),
    ("variant", "CYP2C19 *1/*17"),
    ("variant", "CYP2D6*4.001"),
    ("variant", "HLA-B*57:01"),
    ("variant", "HLA-A*01:01:01G+HLA-A*01:02^HLA-B*15:01:01G"),
    ("variant", "NM_000769.4:c.681G>A"),
    ("variant", "NC_000010.10:g.121551307G>A"),
    ("variant", "NM_001184.4:c.2878_2879insAGTAA"),
    ("variant", "NM_001354609.2:c.1802="),
    ("result", "1:80"),
    ("result", ">1:160"),
    ("result", "Poor metabolizer"),
    ("result", "Not detected"),
    ("version", "2.74"),
    ("version", "http://snomed.info/sct/731000124108/version/20190901"),
    ("mime", "application/pdf"),
    ("mime", "text/plain; charset=utf-8"),
    ("language", "en-US"),
    ("resource-type", "Patient"),
    ("currency", "USD"),
    ("confidentiality", "R"),
]
REFUSED = [
    ("variant", "*1/*2 Hopkins"),
    ("variant", "NM_000769.4(HOPKINS):c.681G>A"),
    ("variant", "HOPKINS *1"),
    ("result", "1:123456"),
    ("result", "positive for Hopkins"),
    ("version", "Hopkins"),
    ("mime", "application/hopkins"),
    ("language", "hopkins"),
    ("resource-type", "Hopkins"),
    ("currency", "dollars"),
    ("profile", "http://hl7.org/fhir/StructureDefinition/Hopkins"),
    ("profile", "http://hl7.org/fhir/StructureDefinition/Patient|hopkins"),
]


@pytest.mark.parametrize(("name", "text"), ACCEPTED)
def test_accepted(name: str, text: str) -> None:
    assert GRAMMARS[name](text)
    assert GRAMMARS[name](text), "and again, remembered"


@pytest.mark.parametrize(("name", "text"), REFUSED)
def test_refused(name: str, text: str) -> None:
    assert not GRAMMARS[name](text)


@pytest.mark.parametrize("name", sorted(GRAMMARS))
@pytest.mark.parametrize("value", [CANARY, "", None, 7, ["mg"], "mg\n"])
def test_law_2_no_grammar_takes_free_text(name: str, value: object) -> None:
    assert not GRAMMARS[name](value)


def test_a_grammar_remembers_only_what_it_accepted() -> None:
    asked: list[str] = []
    grammar = Grammar(lambda text: asked.append(text) or text == "yes")  # type: ignore[func-returns-value]
    assert [grammar("yes"), grammar("yes"), grammar("no"), grammar("no")] == [True, True, False, False]
    assert asked == ["yes", "no", "no"]


@pytest.mark.parametrize(
    ("system", "code"),
    [
        ("http://loinc.org", "4548-4"),
        ("http://loinc.org", "LA6576-8"),
        ("http://snomed.info/sct", "44054006"),
        ("http://hl7.org/fhir/sid/icd-10-cm", "E11.9"),
        ("http://hl7.org/fhir/sid/icd-10-cm", "S72.001A"),
        ("http://www.nlm.nih.gov/research/umls/rxnorm", "6809"),
        ("http://unitsofmeasure.org", "mm[Hg]"),
        ("http://terminology.hl7.org/CodeSystem/v3-ActCode", "AMB"),
        ("http://terminology.hl7.org/CodeSystem/condition-clinical", "active"),
    ],
)
def test_codes_that_have_the_shape_of_their_system(system: str, code: str) -> None:
    grammar = codes_of(system)
    assert grammar is not None
    assert grammar(code)


def test_an_unknown_system_has_no_codes() -> None:
    assert codes_of("http://ehr.example/local") is None
    assert codes_of(None) is None


KNOWLEDGE = Path(__file__).parents[4] / "workers/knowledge"
OFFERS = sorted(path.stem for path in KNOWLEDGE.glob("*/activity-definitions/*.json"))


@pytest.mark.parametrize("key", OFFERS)
def test_the_act_of_every_offer_of_ours_is_known(key: str) -> None:
    """A key with a new word in it: put the word into ``lexicon/acts.txt``, when it is nobody's name."""
    assert GRAMMARS["act"](f"urn:careloom:act:{key}")


@pytest.mark.parametrize(
    "text",
    [
        "urn:careloom:act:hopkins",
        "urn:careloom:act:measure",
        "urn:careloom:act:measure-",
        "urn:careloom:act:measure-hopkins",
        "urn:careloom:act:hba1c-measure",
        "urn:careloom:act:measure-hba1c-hopkins",
        "urn:careloom:act:measure-hba1c-hba1c-hba1c-hba1c-hba1c-hba1c",
        "urn:careloom:act:Measure-HbA1c",
        "urn:careloom:act:measure-hba1c ",
        "urn:careloom:act:measure-hba1c:hopkins",
        "x urn:careloom:act:measure-hba1c",
        "urn:careloom:activity:measure-hba1c",
        "measure-hba1c",
    ],
)
def test_law_2_no_other_address_is_an_act_of_ours(text: str) -> None:
    assert not GRAMMARS["act"](text)


QUESTIONS = {row["question_loinc"] for row in rows("answers.csv")} | {
    row["item_loinc"] for row in rows("survey_answers.csv")
}


@pytest.mark.parametrize("code", sorted(QUESTIONS))
def test_every_question_that_the_mappers_read_is_known(code: str) -> None:
    """A question with a new code: put the code into ``lexicon/questions.txt``."""
    assert GRAMMARS["question"](code)
    assert GRAMMARS["question"](f"/{code}")
    assert GRAMMARS["question"](f"/93025-5/{code}")


@pytest.mark.parametrize(
    "text",
    [
        "hopkins",
        "",
        "/",
        "44250-9/hopkins",
        "/hopkins/44250-9",
        "//44250-9",
        "44250-9 ",
        "123456-7",
        "44250-9/44250-9/44250-9/44250-9/44250-9",
        "Patient/44250-9",
    ],
)
def test_law_2_no_other_link_is_a_question(text: str) -> None:
    assert not GRAMMARS["question"](text)
