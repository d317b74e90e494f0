"""The table says what R4 says, and nothing else: it can be compiled again from HL7's definitions."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

import pytest
import zstandard

from mappers.r4 import model
from mappers.r4.model import MODEL

SCRIPTS = Path(__file__).resolve().parents[4] / "scripts"


def shipped() -> bytes:
    table = Path(model.__file__).with_name(model.TABLE)
    return zstandard.ZstdDecompressor().decompress(table.read_bytes())


def test_the_table_is_what_the_definitions_compile_to(
    shared_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", [str(SCRIPTS), *sys.path])
    compiled = import_module("compile_r4").compile_table(shared_data / "fhir" / "definitions")
    assert compiled == shipped()


def test_the_table_is_small_and_says_where_it_comes_from() -> None:
    assert Path(model.__file__).with_name(model.TABLE).stat().st_size < 200_000
    assert MODEL.version == "4.0.1"
    assert "CC0" in MODEL.source


def test_there_are_146_resource_types() -> None:
    assert len(MODEL.resources) == 146
    assert {"Patient", "Observation", "Bundle", "Binary", "Parameters", "EvidenceVariable"} <= MODEL.resources
    assert not {"Resource", "DomainResource", "SubscriptionStatus", "Citation"} & MODEL.resources


def test_every_type_that_an_element_names_is_there() -> None:
    for kind in MODEL.types.values():
        for key, (element, leaf) in MODEL.json_names(kind.name).items():
            assert leaf in MODEL.types or leaf == "Resource", (kind.name, key)
            assert element.choice or len(element.types) == 1, (kind.name, key)


def test_elements_are_found_by_path() -> None:
    family = MODEL.element("Patient.contact.name.family")
    assert family is not None
    assert family.types == ("string",)
    value = MODEL.element("Observation.value")
    assert value is not None
    assert value.choice
    assert dict(value.json_names())["valueQuantity"] == "Quantity"
    subject = MODEL.element("Observation.subject")
    assert subject is not None
    assert subject.targets == ("Device", "Group", "Location", "Patient")
    assert MODEL.element("Patient.nickname") is None
    assert MODEL.element("Patient.name.family.length") is None
    assert MODEL.element("Nonsense.name") is None


def test_content_references_lead_to_the_type_they_mean() -> None:
    item = MODEL.element("Questionnaire.item.item")
    assert item is not None
    assert item.types == ("Questionnaire.item",)


def test_required_bindings_bear_their_codes() -> None:
    gender = MODEL.element("Patient.gender")
    assert gender is not None
    assert gender.codes is not None
    assert MODEL.codes[gender.codes] == {
        "http://hl7.org/fhir/administrative-gender": ("male", "female", "other", "unknown")
    }
    language = MODEL.element("Patient.language")
    assert language is not None
    assert language.codes is None


@pytest.mark.parametrize(
    "path",
    ["Meta.project", "Binary.url", "ResearchStudy.progressStatus", "DeviceDefinition.classification",
     "EvidenceVariable.characteristic.definitionByCombination"],
)  # fmt: skip
def test_elements_that_packagers_added_are_not_in_the_table(path: str) -> None:
    assert MODEL.element(path) is None


def test_evidence_variables_are_those_of_r4() -> None:
    definition = MODEL.element("EvidenceVariable.characteristic.definition")
    assert definition is not None
    assert definition.choice
    assert MODEL.element("EvidenceVariable.characteristic.participantEffective") is not None


def test_the_patient_compartment_names_search_parameters_that_exist() -> None:
    assert MODEL.compartment["Observation"] == ("subject", "performer")
    for resource, names in MODEL.compartment.items():
        assert set(names) <= set(MODEL.search[resource]), resource


def test_search_expressions_became_paths_over_json_names() -> None:
    patient = MODEL.search["Observation"]["patient"]
    assert [(path.steps, path.leaf, path.target) for path in patient.paths] == [
        (("subject",), "Reference", "Patient")
    ]
    phone = MODEL.search["Patient"]["phone"]
    assert phone.paths[0].steps == ("telecom", ("system", "phone"))
    date = MODEL.search["Observation"]["date"]
    assert {path.steps for path in date.paths} >= {("effectiveDateTime",), ("effectivePeriod",)}
    assert "_tag" in MODEL.search["Patient"]


def test_what_is_left_unchecked_is_said() -> None:
    assert "ctm-1" in MODEL.unchecked
    assert not {"obs-6", "obs-7", "pat-1", "per-1", "ext-1"} & set(MODEL.unchecked)


def test_each_part_of_a_composite_parameter_has_a_place() -> None:
    composites = [one for known in MODEL.composites.values() for one in known.values()]
    assert len(composites) == 72
    assert all(one.bases and all(part.paths for part in one.parts) for one in composites)
    relationship = MODEL.composites["DocumentReference"]["relationship"]
    assert [part.type for part in relationship.parts] == ["token", "reference"]


def test_the_table_knows_what_a_summary_shows() -> None:
    shown = {one.name for one in MODEL.types["Patient"].elements.values() if one.summary}
    assert {"identifier", "name", "birthDate"} <= shown
    assert not {"photo", "text", "contact"} & shown
