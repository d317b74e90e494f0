"""Extensions that are known are checked wherever they stand, and may stand only where they say."""

from __future__ import annotations

from typing import Any

import pytest

from mappers.lossless import dumps, loads
from mappers.profiles.extensions import places
from mappers.profiles.library import Library
from tests.unit.mappers.profiles.conforming import LOCAL, definition, errors, held

KNOWN = LOCAL + "Known"


def known(*contexts: str, kind: str = "element") -> dict[str, Any]:
    return definition(
        "Extension",
        {"id": "Extension.url", "fixedUri": KNOWN},
        {"id": "Extension.value[x]", "min": 1, "type": [{"code": "code"}]},
        name="Known",
        context=[{"type": kind, "expression": one} for one in contexts],
    )


ANY = definition("Patient", {"id": "Patient"}, name="Any")
GOOD = {"url": KNOWN, "valueCode": "x"}
BAD = {"url": KNOWN, "valueString": "x"}


def found(resource: dict[str, Any], *contexts: str) -> list[str]:
    return [one.expression for one in errors(held(resource, ANY, known(*contexts)))]


def patient(extension: dict[str, Any], at: str) -> dict[str, Any]:
    """A patient that bears the extension at one of several places."""
    bearing = {"extension": [extension]}
    return {
        "resourceType": "Patient",
        **{
            "resource": bearing,
            "modifier": {"modifierExtension": [extension]},
            "name": {"name": [{"text": "a"}, bearing]},
            "primitive": {"birthDate": "2000", "_birthDate": bearing},
            "repeated": {"name": [{"given": ["a", "b"], "_given": [None, bearing]}]},
            "backbone": {"contact": [bearing]},
            "nested": {"extension": [{"url": "urn:outer", **bearing}]},
            "choice": {"deceasedDateTime": "2020", "_deceasedDateTime": bearing},
            "contained": {"contained": [{"resourceType": "Organization", "id": "o", "contact": [bearing]}]},
        }[at],
    }


WHERE = {
    "resource": ("Patient.extension[0]", "Patient"),
    "modifier": ("Patient.modifierExtension[0]", "Patient"),
    "name": ("Patient.name[1].extension[0]", "HumanName"),
    "primitive": ("Patient.birthDate.extension[0]", "Patient.birthDate"),
    "repeated": ("Patient.name[0].given[1].extension[0]", "HumanName.given"),
    "backbone": ("Patient.contact[0].extension[0]", "Patient.contact"),
    "nested": ("Patient.extension[0].extension[0]", "urn:outer"),
    "choice": ("Patient.deceased.extension[0]", "Patient.deceased[x]"),
    "contained": ("Patient.contained[0].contact[0].extension[0]", "Organization.contact"),
}


@pytest.mark.parametrize("at", WHERE)
def test_it_is_checked_wherever_it_stands(at: str):
    place, _ = WHERE[at]
    assert found(patient(GOOD, at)) == []
    assert found(patient(BAD, at)) == [f"{place}.value"]


@pytest.mark.parametrize("at", WHERE)
def test_it_may_stand_where_it_says_and_nowhere_else(at: str):
    place, context = WHERE[at]
    assert found(patient(GOOD, at), context) == []
    assert found(patient(GOOD, at), "Goal.note", context) == []
    assert found(patient(GOOD, at), "Goal.note") == [place]
    assert found(patient(GOOD, at), "Element") == []


def test_a_type_is_a_context_for_each_of_its_elements():
    assert found(patient(GOOD, "primitive"), "date") == []
    assert found(patient(GOOD, "primitive"), "string") == ["Patient.birthDate.extension[0]"]


def test_one_that_is_not_known_is_left_alone():
    assert found(patient({"url": "urn:other", "valueString": "x"}, "resource")) == []


def test_a_context_that_cannot_be_told_is_refused():
    (fault,) = Library([known("Patient.name.where(use = 'usual')", kind="fhirpath")]).refusals()
    assert "context by fhirpath" in fault


@pytest.mark.parametrize("broken", [{"url": 1}, {"url": None}, "x", None, [], {"extension": "x"}])
def test_what_is_no_extension_is_passed_over(broken: Any):
    resource = loads(dumps({"resourceType": "Patient", "extension": [broken], "name": broken}))
    assert list(places(resource, "Patient", lambda url: True)) == []
