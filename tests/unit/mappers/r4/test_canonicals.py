"""What a canonical names: a url, perhaps a version, and definitions of the types that R4 says."""

from __future__ import annotations

from typing import Any

import pytest

from mappers.r4 import canonicals
from mappers.r4.canonicals import Cited, cites, definitions, own
from mappers.r4.model import MODEL
from mappers.r4.search import parameters

LIBRARY = frozenset({"Library"})


def cited(name: str, **resource: Any) -> list[Cited]:
    return list(canonicals.cited(resource, name))


def test_definitions_are_what_is_published_under_a_url():
    assert {
        "ActivityDefinition",
        "Library",
        "Questionnaire",
        "StructureDefinition",
        "ValueSet",
    } <= definitions()
    # These have a url of another kind: of a contract's text, of a device on the net, of a receiver.
    assert definitions().isdisjoint({"Contract", "Device", "DeviceDefinition", "Patient", "Subscription"})
    assert len(definitions()) == 28


@pytest.mark.parametrize(
    ("type_", "name", "does"),
    [
        ("PlanDefinition", "depends-on", True),
        ("PlanDefinition", "definition", True),
        ("Measure", "depends-on", True),
        ("QuestionnaireResponse", "questionnaire", True),
        ("CapabilityStatement", "guide", True),
        ("ConceptMap", "source-uri", True),
        ("QuestionnaireResponse", "subject", False),
        ("Library", "url", False),
        ("Library", "_profile", False),
        ("Library", "nothing", False),
    ],
)
def test_which_parameters_find_canonicals(type_: str, name: str, does: bool):
    assert cites(type_, name) is does


def test_a_version_stands_behind_a_bar():
    found = cited(
        "questionnaire", resourceType="QuestionnaireResponse", questionnaire="http://a.example/q|2.0"
    )
    assert found == [Cited("http://a.example/q", "2.0", frozenset({"Questionnaire"}))]
    found = cited("questionnaire", resourceType="QuestionnaireResponse", questionnaire="http://a.example/q")
    assert found == [Cited("http://a.example/q", None, frozenset({"Questionnaire"}))]


def test_each_place_names_definitions_of_its_own_types():
    found = cited(
        "depends-on",
        resourceType="Measure",
        library=["http://a.example/l|1"],
        relatedArtifact=[
            {"type": "depends-on", "resource": "http://a.example/any"},
            {"type": "successor", "resource": "http://a.example/no"},
            {"type": "depends-on"},
        ],
    )
    assert sorted(found, key=str) == [
        Cited("http://a.example/any", None, definitions()),
        Cited("http://a.example/l", "1", LIBRARY),
    ]


def test_a_choice_is_canonical_or_uri_and_a_uri_is_taken_to_the_letter():
    steps = [{"definitionCanonical": "http://a.example/s|3"}, {"definitionUri": "http://a.example/s|3"}]
    types = frozenset({"ActivityDefinition", "PlanDefinition", "Questionnaire"})
    assert cited("definition", resourceType="PlanDefinition", action=steps) == [
        Cited("http://a.example/s", "3", types),
        Cited("http://a.example/s|3", None, types),
    ]


def test_a_text_that_is_none_names_nothing():
    missing = {"resourceType": "QuestionnaireResponse", "questionnaire": None}
    assert list(canonicals.cited(missing, "questionnaire")) == []
    assert cited("subject", resourceType="QuestionnaireResponse", subject={"reference": "Patient/1"}) == []


def test_every_place_in_r4_names_some_definition():
    """A place whose types were none would be followed to nothing in silence."""
    for type_ in MODEL.resources:
        for name, known in parameters(type_).items():
            if cites(type_, name):
                for path in known.paths:
                    types = canonicals.cited_types(type_, path)
                    assert types, (type_, name)
                    assert types <= definitions()


def test_what_a_definition_says_that_it_is():
    assert own({"url": "http://a.example/q", "version": "2"}) == ("http://a.example/q", "2")
    assert own({"url": "http://a.example/q"}) == ("http://a.example/q", None)
    assert own({"version": "2"}) is None
