"""What must not be given: present and unreadable is never absent."""

from __future__ import annotations

import pytest

from mappers.codes import RXNORM, SNOMED
from tests.unit.mappers.fhir_to_facts.chart import allergy, code, read, text_only, verified

PENICILLIN, PEANUT, NONE_KNOWN, NO_DRUG = "91936005", "91935009", "716186003", "409137002"


def test_an_allergy_to_a_class_names_the_class():
    (one,) = read(allergy(code(SNOMED, PENICILLIN))).allergies
    assert (one.substances, one.classes, one.active) == (("penicillin",), ("penicillin",), True)


def test_an_allergy_to_an_ingredient_has_its_classes():
    (one,) = read(allergy(code(RXNORM, "29046"), type="intolerance")).allergies
    assert (one.substances, one.classes) == (("lisinopril",), ("ace_inhibitor", "ras_inhibitor"))
    assert one.intolerance


def test_law_8_an_allergy_known_only_as_text_is_present_and_unreadable():
    known = read(allergy(text_only()))
    assert known.allergies[0].substances is None
    assert known.allergies[0].active
    assert known.unreadable[0].reason == "is known only as text"


def test_law_8_an_allergy_with_an_unknown_code_could_be_against_anything():
    known = read(allergy(code(SNOMED, "1")))
    assert known.allergies[0].substances is None
    assert known.unreadable[0].reason == "has a code that is not known"


@pytest.mark.parametrize(
    ("category", "readable"), [(["food"], True), (["food", "medication"], False), ([], False)]
)
def test_a_coded_food_allergy_is_against_no_drug(category, readable):
    known = read(allergy(code(SNOMED, "1"), category=category))
    assert (known.allergies[0].substances is not None) is readable


def test_the_substance_of_a_reaction_serves_where_the_code_does_not():
    reaction = [{"substance": code(RXNORM, "723")}]
    assert read(allergy(text_only(), reaction=reaction)).allergies[0].substances == ("amoxicillin",)


@pytest.mark.parametrize("denial", [NONE_KNOWN, NO_DRUG])
def test_no_known_allergy_is_a_statement(denial):
    assert read(allergy(code(SNOMED, denial))).no_known_allergies
    assert not read().no_known_allergies
    assert not read(allergy(code(SNOMED, denial), "inactive")).no_known_allergies


def test_an_allergy_outweighs_the_statement_that_there_is_none():
    known = read(allergy(code(SNOMED, NONE_KNOWN)), allergy(code(SNOMED, PEANUT)))
    assert not known.no_known_allergies


def test_a_resolved_allergy_is_not_active():
    assert not read(allergy(code(SNOMED, PENICILLIN), "resolved")).allergies[0].active


@pytest.mark.parametrize("status", ["refuted", "entered-in-error"])
def test_what_is_refuted_is_no_evidence(status):
    known = read(allergy(code(SNOMED, PENICILLIN), verificationStatus=verified(status)))
    assert not known.allergies
    assert len(known.set_aside) == 1
