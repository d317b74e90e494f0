"""Paths are held to R4 before anything runs."""

from __future__ import annotations

import pytest

from workers.engine.applying.paths import Reader
from workers.engine.applying.spelling import LONGEST, spell, tree
from workers.engine.grammar import ExpressionFault

VARIABLES = {"patient": "Patient", "encounter": "Encounter"}

SOUND = [
    "Patient.gender = 'female'",
    "Patient.birthDate <= %today - 65 years",
    "Patient.gender in ('female' | 'male')",
    "Observation.exists(value.ofType(Quantity).value > 7.5)",
    "Observation.where(code.coding.where(system = 'http://loinc.org' and code = '4548-4').exists()).exists()",
    "Condition.exists(code.coding.exists($this.code = 'x'))",
    "Patient.name.first().given.first().startsWith('A')",
    "Observation.where(status = 'final').select(value.ofType(Quantity)).all(value > 3)",
    "Observation.first().value is Quantity",
    "%patient.name[0].family.lower() = 'x'",
    "Patient.extension('urn:x').value.exists().not()",
    "Condition.count() > -1 + 2 * 3",
]
WRONG = {
    "Patient.gendre = 'female'": "no element gendre",
    "Observation.valueQuantity.exists()": "value.ofType(Quantity)",
    "gender = 'female'": "starts from one",
    "Patient.name.given = 'x'": "several values",
    "Patient.birthDate > '3'": "compares date with text",
    "Observation.first().value.ofType(Quantity) > 3": "compares",
    "Observation.first().value.ofType(Quantity) > 5 'mg'": "through facts",
    "now() > Patient.birthDate": "%today",
    "today() > Patient.birthDate": "%today",
    "iif(Patient.active, true, false)": "iif()",
    "Patient.generalPractitioner.resolve().exists()": "resolve()",
    "Condition.code.memberOf('urn:x').exists()": "memberOf()",
    "Patient.gender ~ 'female'": "~",
    "Patient.gender = 'female' tail": "to its end",
    "Patient.gender = 'female' // a name": "to its end",
    "%nobody.gender = 'female'": "%nobody",
    "Patient.gender and Patient.active": "not true or false",
    "Observation.first().value.ofType(Patient).exists()": "never Patient",
    "Patient.name[1 + 1].exists()": "whole number",
    "$this.exists()": "within brackets",
    "Patient.active.not(true)": "arguments",
    "-Patient.gender = 'x'": "sign",
    "Patient.gender + 1 = 2": "joined",
    "Patient.gender * 1 = 2": "multiplied",
    "Patient.gender.length() > 'x'": "compares",
    "Patient.(": "cannot be parsed",
    "a" * (LONGEST + 1): "longer",
}


@pytest.mark.parametrize("text", SOUND)
def test_what_r4_has_is_read_and_spelt_again(text: str):
    reader = Reader(VARIABLES)
    assert reader.read(tree(text)).kinds == {"truth value"}
    assert spell(tree(spell(tree(text)))) == spell(tree(text))


@pytest.mark.parametrize(("text", "why"), WRONG.items(), ids=[*list(WRONG)[:-1], "long"])
def test_what_r4_has_not_is_refused_with_its_reason(text: str, why: str):
    with pytest.raises(ExpressionFault) as refused:
        Reader(VARIABLES).read(tree(text))
    assert why in str(refused.value)


def test_a_reader_notes_what_an_expression_rests_on():
    reader = Reader(VARIABLES)
    reader.read(tree("Observation.exists(status = 'final') and %patient.gender = 'female'"))
    assert (reader.roots, reader.used) == (["Observation"], {"patient"})
    assert ("Observation", "status") in reader.asked
