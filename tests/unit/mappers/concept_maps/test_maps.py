"""Charts read through a hospital's own maps: conditions, numbers, medicines, allergies, answers."""

from __future__ import annotations

import copy
from typing import Any

from mappers.codes import LOINC, RXNORM, SNOMED
from mappers.concept_maps import ConceptMaps, compiled
from mappers.facts import Evidence, Facts
from mappers.fhir_building import references
from mappers.fhir_to_facts import facts
from tests.unit.mappers.concept_maps.drawn import OWN, mapped
from tests.unit.mappers.fhir_to_facts.chart import (
    TODAY,
    allergy,
    code,
    diagnosis,
    lab,
    opened,
    prescription,
    resource,
)

BY = ("http://clinic.example/maps/one|1",)


def maps(*rows: tuple[str, str, str], target: str = SNOMED) -> ConceptMaps:
    found = compiled([mapped(*rows, target=target)])
    assert found.faults == ()
    return found.maps


def read(known: ConceptMaps, *bodies: dict[str, Any]) -> Facts:
    return facts([opened(body) for body in bodies], TODAY, maps=known)


def test_a_diagnosis_in_an_own_code_is_ours_and_says_by_which_map():
    body = diagnosis("DM2", system=OWN, id="a")
    (found,) = read(maps(("DM2", "equivalent", "44054006")), body).problems
    assert (found.key, found.system, found.code) == ("type_2_diabetes", SNOMED, "44054006")
    assert found.evidence == Evidence("Condition/a/_history/1", BY)


def test_a_wider_term_is_asserted_and_a_narrower_one_is_not():
    body = diagnosis("KID", system=OWN)
    (found,) = read(maps(("KID", "wider", "709044004")), body).problems
    assert found.key == "ckd"
    known = read(maps(("KID", "narrower", "709044004")), body)
    assert known.problems == ()
    assert [one.reason for one in known.unreadable] == ["has codes of no system that is read here"]


def test_a_number_in_an_own_code_is_measured_in_the_analytes_unit():
    body = lab("0", "88.4", "umol/L", on="2026-05-01", code=code(OWN, "KREA"))
    (found,) = read(maps(("KREA", "wider", "2160-0"), target=LOINC), body).measurements
    assert (found.analyte, found.unit, found.evidence.maps) == ("creatinine", "mg/dL", BY)


def test_a_drug_and_an_allergy_in_own_codes_have_their_ingredients():
    drugs = maps(("COMBI", "wider", "17767"), ("COMBI", "wider", "6809"), target=RXNORM)
    order = prescription(None, medicationCodeableConcept=code(OWN, "COMBI"), authoredOn="2026-01-01")
    (found,) = read(drugs, order).medicines
    assert (found.ingredients, found.evidence.maps) == (("amlodipine", "metformin"), BY)
    (against,) = read(drugs, allergy(code(OWN, "COMBI"))).allergies
    assert against.substances == ("amlodipine", "metformin")
    (penicillin,) = read(maps(("PEN", "equal", "91936005")), allergy(code(OWN, "PEN"))).allergies
    assert penicillin.classes == ("penicillin",)


def test_a_drug_by_reference_says_by_which_map_it_was_read():
    drug = resource("Medication", id="m", code=code(OWN, "MET"))
    order = prescription(None, medicationReference={"reference": "Medication/m"}, authoredOn="2026-01-01")
    (found,) = read(maps(("MET", "wider", "6809"), target=RXNORM), drug, order).medicines
    assert (found.ingredients, found.evidence.maps) == (("metformin",), BY)


def test_what_the_hospital_says_in_the_targets_system_itself_stands():
    said = [*code(OWN, "DM2")["coding"], *code(SNOMED, "38341003")["coding"]]
    both = diagnosis("0", code={"coding": said})
    (found,) = read(maps(("DM2", "equivalent", "44054006")), both).problems
    assert (found.key, found.evidence.maps) == ("hypertension", ())


def test_a_narrower_code_of_the_same_system_can_be_mapped():
    known = compiled([mapped(("62315008", "wider", "44054006"), source=SNOMED)]).maps
    (found,) = read(known, diagnosis("62315008")).problems
    assert found.key == "type_2_diabetes"


def test_a_resource_is_left_as_it_was_given():
    body = diagnosis("DM2", system=OWN, id="a")
    before = copy.deepcopy(body)
    known = maps(("DM2", "equivalent", "44054006"))
    assert known.read(body)[0] is not body
    assert body == before
    other = lab("2160-0", "1.0", "mg/dL", on="2026-05-01")
    assert known.read(other)[0] is other


def test_law_9_evidence_in_the_plan_names_the_map():
    (told,) = references([Evidence("Condition/a/_history/1", BY)])
    assert told == {"reference": "Condition/a/_history/1", "display": f"Read by {BY[0]}"}
    assert references([Evidence("Condition/a/_history/1")]) == [{"reference": "Condition/a/_history/1"}]
