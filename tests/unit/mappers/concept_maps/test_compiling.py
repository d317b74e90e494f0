"""Which maps are taken, and what each of R4's relations decides."""

from __future__ import annotations

from typing import Any

import pytest

from mappers.codes import LOINC, RXNORM, SNOMED, Code
from mappers.concept_maps import compiled
from tests.unit.mappers.concept_maps.drawn import OWN, mapped


@pytest.mark.parametrize(
    ("equivalence", "decides"),
    [
        ("equal", True),
        ("equivalent", True),
        ("wider", True),
        ("subsumes", True),
        ("narrower", False),
        ("specializes", False),
        ("inexact", False),
        ("relatedto", False),
        ("unmatched", False),
        ("disjoint", False),
    ],
)
def test_only_what_is_the_same_or_wider_decides(equivalence: str, decides: bool):
    found = compiled([mapped(("DM2", equivalence, "44054006"))])
    assert found.faults == ()
    assert (Code(OWN, "DM2") in found.maps.decided) is decides
    assert [(one.decided, one.undecided) for one in found.maps.described] == [(decides, not decides)]
    assert bool(found.notes) is not decides


TWO_PRODUCTS = (("MIX", "equivalent", "314076"), ("MIX", "equivalent", "860975"))
FAULTS: list[tuple[str, dict[str, Any], str]] = [
    ("draft", mapped(("A", "equal", "44054006"), status="draft"), "status must be active"),
    ("no url", mapped(("A", "equal", "44054006"), url=""), "url"),
    ("mistyped", mapped(("A", "equal", "44054007")), "is no code of"),
    ("mistyped lab", mapped(("A", "equal", "2160-1"), target=LOINC), "is no code of"),
    ("foreign target", mapped(("A", "equal", "1"), target="http://example.org/other"), "nothing here reads"),
    ("words", mapped(("Jane Doe", "equal", "44054006")), "is no code"),
    ("known already", mapped(("73211009", "equal", "44054006"), source=SNOMED), "is read already"),
    ("two equals", mapped(("A", "equal", "44054006"), ("A", "equal", "46635009")), "several things"),
    ("two products", mapped(*TWO_PRODUCTS, target=RXNORM), "several things"),
    ("two analytes", mapped(("A", "wider", "2160-0"), ("A", "wider", "2823-3"), target=LOINC), "several"),
    ("no group", mapped(group=[]), "ConceptMap.group"),
    ("no code", mapped(("A", "equal", "")), "names no target code"),
    ("another resource", {"resourceType": "ValueSet", "status": "active"}, "is no ConceptMap"),
]


@pytest.mark.parametrize(("name", "resource", "text"), FAULTS, ids=[name for name, _, _ in FAULTS])
def test_what_cannot_be_honoured_is_refused_with_its_place(name: str, resource: dict[str, Any], text: str):
    found = compiled([resource])
    assert any(text in fault for fault in found.faults), found.faults
    assert not found.maps.decided


@pytest.mark.parametrize(
    ("element", "value"),
    [("unmapped", {"mode": "fixed", "code": "1"}), ("unmapped", {"mode": "provided"})],
)
def test_what_would_be_passed_over_is_refused(element: str, value: dict[str, Any]):
    resource = mapped(("A", "equal", "44054006"))
    resource["group"][0][element] = value
    assert "not honoured" in " ".join(compiled([resource]).faults)


def test_a_meaning_that_depends_on_something_else_is_refused():
    resource = mapped(("A", "equal", "44054006"))
    target = resource["group"][0]["element"][0]["target"][0]
    target["dependsOn"] = [{"property": "http://example.org/x", "value": "1"}]
    assert "dependsOn is not honoured" in " ".join(compiled([resource]).faults)


def test_several_wider_terms_hold_at_once():
    found = compiled([mapped(("A", "wider", "44054006"), ("A", "wider", "38341003"))])
    assert len(found.maps.decided[Code(OWN, "A")]) == 2
    tablet = compiled([mapped(("T", "wider", "17767"), ("T", "wider", "6809"), target=RXNORM)])
    assert tablet.faults == ()
    assert "Each ingredient must be listed" in " ".join(tablet.notes)


def test_two_maps_may_not_bear_one_url():
    again = mapped(("B", "equal", "44054006"), version="2")
    assert "two maps bear this url" in " ".join(compiled([mapped(("A", "equal", "44054006")), again]).faults)


def test_the_digest_is_of_what_is_said_and_of_nothing_else():
    one = mapped(("A", "equal", "44054006"))
    other = mapped(("B", "equal", "38341003"), url="http://clinic.example/maps/two")
    digest = compiled([one, other]).maps.digest
    assert compiled([other, one]).maps.digest == digest
    assert digest != compiled([one]).maps.digest
    assert digest != compiled([one | {"version": "2"}, other]).maps.digest
    assert compiled([]).maps.digest == ""


def test_a_map_without_a_version_is_known_by_its_content():
    nameless = mapped(("A", "equal", "44054006"))
    del nameless["version"]
    (said,) = compiled([nameless]).maps.decided[Code(OWN, "A")]
    assert said.by.startswith("http://clinic.example/maps/one|sha256:")


def test_a_target_that_no_table_has_is_noted():
    found = compiled([mapped(("A", "equal", "195967001"), ("B", "equal", "62315008"))])
    assert found.maps.described[0].unread == 1
    assert "No table here has a name for these targets: 62315008." in found.notes


def test_long_numbers_are_noted():
    found = compiled([mapped(("5551234567", "equal", "44054006"))])
    assert "none may be a record number: 5551234567" in " ".join(found.notes)
