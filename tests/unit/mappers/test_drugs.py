"""Drugs by ingredient: by code, by product, by the closed grammar, which names drugs and can name nobody."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.privacy.drugs import is_drug
from gateway.privacy.policy import CLINICAL, load
from gateway.privacy.split import split
from mappers import drug_words, drugs
from mappers.codes import RXNORM, Code, codes
from mappers.fhir_to_facts.displays import displays
from mappers.tables import parts, rows

POLICY = load(CLINICAL)
WORDS = ["metformin", "500", "MG", "/", "Oral", "Tablet", "Lasix", "hydrochloride", "[Lasix]", "24", "Camila"]


@pytest.mark.parametrize(
    ("display", "expected"),
    [
        ("Metformin hydrochloride 500 MG Oral Tablet", ("metformin",)),
        ("24 HR metoprolol succinate 100 MG Extended Release Oral Tablet [Toprol]", ("metoprolol",)),
        ("Sacubitril 24 MG / Valsartan 26 MG Oral Tablet", ("sacubitril", "valsartan")),
        ("insulin, regular, human 100 UNT/ML Injectable Solution", ("insulin human",)),
        ("NDA020503 200 ACTUAT Albuterol 0.09 MG/ACTUAT Metered Dose Inhaler", ("albuterol",)),
        ("Lasix 40mg", ("furosemide",)),
        ("Paracetamol 500 mg tablets", ("acetaminophen",)),
        ("LISINOPRIL", ("lisinopril",)),
        ("Amoxicillin 250 MG / Clavulanate 125 MG Oral Tablet", ("amoxicillin", "clavulanate")),
    ],
)
def test_a_display_of_the_grammar_names_its_ingredients(display, expected):
    assert drugs.by_display(display) == expected


@pytest.mark.parametrize(
    "display",
    [
        "",
        "John Smith 500 MG Oral Tablet",
        "Metformin 500 MG Oral Tablet for John Smith",
        "Metformin 500 MG, call 555-123-4567",
        "Metformin 5551234567 MG",
        "Metformin 12345",
        "Mirena",
        "500 MG Oral Tablet",
        "metformin " * 100,
        "Metformin\u200b500 MG",
        "Camila 28 Day Pack",
    ],
)
def test_law_2_a_display_with_any_other_word_is_no_drug_name(display):
    assert drugs.by_display(display) is None


@given(st.text(alphabet=st.characters(categories=("L",)), min_size=3, max_size=20))
def test_law_2_no_word_from_outside_of_the_vocabulary_passes(word):
    known = drugs.by_display(f"metformin {word} 500 MG") is not None
    assert not known or drugs.by_display(f"metformin {word.casefold()} 500 MG") is not None
    if known:
        vocabulary = {part for name in drugs.ingredients() for part in name.split()}
        vocabulary |= {
            part for row in rows("ingredients.csv") for part in row["aliases"].replace(";", " ").split()
        }
        vocabulary |= {row["brand"] for row in rows("drug_brands.csv")}
        vocabulary |= drugs._vocabulary() | drugs._units()
        assert word.casefold() in vocabulary


def test_an_ingredient_and_a_product_are_known_by_code():
    assert drugs.by_code("6809") == ("metformin",)
    assert drugs.by_code("1043400") == ("acetaminophen", "dextromethorphan", "doxylamine")
    assert drugs.by_code("0") is None


@pytest.mark.parametrize(
    ("code", "display", "expected"),
    [
        ("6809", "Metformin 500 MG Oral Tablet", ("metformin",)),
        ("6809", "something in nobody's grammar", ("metformin",)),
        ("562251", "Amoxicillin 250 MG", ("amoxicillin", "clavulanate")),
        ("999999999", "lisinopril", ("lisinopril",)),
        ("999999999", "John", None),
    ],
)
def test_the_code_says_what_it_is_and_else_the_display(code, display, expected):
    assert drugs.resolve([Code(RXNORM, code)], [display]) == expected


@pytest.mark.parametrize(
    "display", ["lisinopril 10 MG Oral Tablet", "Metformin 500 MG / Glipizide 5 MG Oral Tablet"]
)
def test_law_8_a_display_that_contradicts_its_code_leaves_the_drug_unknown(display):
    assert drugs.resolve([Code(RXNORM, "6809")], [display]) is None


def test_a_code_of_a_foreign_system_says_nothing():
    assert drugs.resolve([Code("http://example.org", "6809")], ["lisinopril"]) == ("lisinopril",)


def test_classes_come_from_every_ingredient():
    assert drugs.classes_of(("valsartan", "sacubitril")) == ("arb", "neprilysin_inhibitor", "ras_inhibitor")
    assert drugs.classes_of(None) == ()


def test_every_name_and_alias_of_an_ingredient_is_in_the_grammar():
    for row in rows("ingredients.csv"):
        for name in (row["name"], *parts(row["aliases"])):
            assert drugs.by_display(f"{name} 10 MG Oral Tablet") == (row["name"],), name


def test_nineteen_of_twenty_prescriptions_are_resolved_by_code_alone_and_by_display_alone(shared_data):
    met: Counter[str] = Counter()
    for path in sorted((shared_data / "fhir" / "synthea").glob("*.json")):
        for entry in json.loads(path.read_bytes())["entry"]:
            concept = entry["resource"].get("medicationCodeableConcept")
            if entry["resource"]["resourceType"] == "MedicationRequest":
                coding = concept["coding"][0]
                met["all"] += 1
                met["code"] += drugs.by_code(coding["code"]) is not None
                met["display"] += drugs.by_display(coding["display"]) is not None
    assert met["all"] == 260
    assert met["code"] >= 0.95 * met["all"]
    assert met["display"] >= 0.95 * met["all"]


def test_law_8_codes_that_contradict_one_another_leave_the_drug_unknown():
    def coded(*said: str) -> tuple[str, ...] | None:
        return drugs.resolve([Code(RXNORM, one) for one in said], [])

    assert coded("6809", "17767") == ("amlodipine", "metformin")
    assert coded("314076", "29046") == ("lisinopril",)
    assert coded("314076", "6809") is None
    assert coded("314076", "0") == ("lisinopril",)


def test_a_brand_that_is_a_given_name_needs_a_strength():
    assert drugs.by_display("Camila 0.35 MG Oral Tablet") == ("norethindrone",)
    assert drugs.by_display("Yasmin 28 Day Pack") is None


def test_a_name_is_known_whatever_its_case_and_blanks():
    assert drug_words.name_of(" Vitamin  K ") == "phytonadione"
    assert drug_words.name_of("Paracetamol") == "acetaminophen"
    assert drug_words.name_of("somebody") is None


@given(st.lists(st.sampled_from(WORDS), min_size=1, max_size=6).map(" ".join))
def test_what_the_policy_lets_through_can_be_read(display: str):
    assert not is_drug(display) or drugs.by_display(display) is not None


def resources(folder: Path) -> Iterator[list[dict[str, Any]]]:
    """The resources of each world: of a bundle, or of the single files of a folder."""
    loose: dict[Path, list[dict[str, Any]]] = {}
    for path in sorted(folder.rglob("*.json")):
        body = json.loads(path.read_bytes())
        kind = body.get("resourceType") if isinstance(body, dict) else None
        if kind == "Bundle":
            yield [entry["resource"] for entry in body.get("entry", ()) if "resource" in entry]
        elif kind in {"MedicationRequest", "Medication"}:
            loose.setdefault(path.parent, []).append(body)
    yield from loose.values()


def ingredients(order: dict[str, Any], world: list[dict[str, Any]]) -> tuple[str, ...] | None:
    """What is left of an order's drug behind the policy, resolved."""
    half = split(order, POLICY, lambda _, text: text).clinical or {}
    reference = half.get("medicationReference", {}).get("reference", "")
    named = {f"#{one['id']}": one for one in half.get("contained", ())}
    named |= {f"Medication/{one['id']}": one for one in world if one["resourceType"] == "Medication"}
    drug = split(named.get(reference, {}), POLICY, lambda _, text: text).clinical or {}
    concept = half.get("medicationCodeableConcept") or drug.get("code")
    return drugs.resolve(tuple(codes(concept)), displays(concept))


def test_nineteen_of_twenty_of_all_shared_prescriptions_are_resolved_behind_the_policy(shared_data: Path):
    met: Counter[bool] = Counter()
    for world in resources(shared_data / "fhir"):
        orders = [one for one in world if one["resourceType"] == "MedicationRequest"]
        met.update(ingredients(one, world) is not None for one in orders)
    assert met.total() >= 280
    assert met[True] >= 0.95 * met.total()
