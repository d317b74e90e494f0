"""What is wanted of an answer: understood or refused, never dropped."""

from __future__ import annotations

import pytest

from gateway.refusal import Kind
from gateway.release.asking import May
from gateway.release.wanted import NEWEST_FIRST, Include, Wanted, is_wish, wanted
from mappers.r4.canonicals import definitions
from tests.desk import refusal

SOURCE = May(True, lambda type_: True, lambda type_, name: False)
OTHERS = May(False, lambda type_: True, lambda type_, name: name == "status")


def read(*pairs: tuple[str, str], may: May = SOURCE) -> Wanted:
    return wanted("Observation", pairs, may)


def include(text: str, value: str) -> Include:
    (one,) = read((text, value)).includes
    return one


def test_without_a_wish_the_newest_comes_first():
    assert read(("code", "x")) == Wanted(NEWEST_FIRST, (), None)


def test_wishes_are_told_from_criteria():
    for text in ("_sort", "_include", "_include:iterate", "_revinclude", "_revinclude:iterate", "_total"):
        assert is_wish(text)
    for text in ("_id", "code", "_sorting", "_has:Observation:patient:code", "_include.x"):
        assert not is_wish(text)


def test_an_order_has_several_keys():
    assert read(("_sort", "date,-_lastUpdated")).order == (("date", False), ("_lastUpdated", True))


@pytest.mark.parametrize("total", ["none", "estimate", "accurate"])
def test_a_total_is_one_of_three(total: str):
    assert read(("_total", total)).total == total


@pytest.mark.parametrize(
    ("text", "value", "made"),
    [
        ("_include", "Observation:subject", Include("Observation", "subject", None, False, False)),
        (
            "_include",
            "Observation:subject:Patient",
            Include("Observation", "subject", "Patient", False, False),
        ),
        ("_include:iterate", "Patient:link", Include("Patient", "link", None, False, True)),
        ("_include", "*", Include("*", "*", None, False, False)),
        ("_include", "Observation:*", Include("Observation", "*", None, False, False)),
        ("_revinclude", "Provenance:target", Include("Provenance", "target", None, True, False)),
        ("_revinclude:iterate", "Observation:*", Include("Observation", "*", None, True, True)),
    ],
)
def test_inclusions(text: str, value: str, made: Include):
    assert include(text, value) == made


@pytest.mark.parametrize(
    ("pair", "code"),
    [
        (("_sort", "nonsense"), "not-supported"),
        (("_sort", ""), "not-supported"),
        (("_sort", "date,"), "not-supported"),
        (("_sort", "code-value-quantity"), "not-supported"),
        (("_total", "x"), "value"),
        (("_include", "Observation"), "value"),
        (("_include", "Observation:subject:Patient:x"), "value"),
        (("_include", "Observation:code"), "not-supported"),
        (("_include", "Nonsense:subject"), "not-supported"),
        (("_include", "Observation:subject:Nonsense"), "not-supported"),
        (("_include", "Patient:link"), "value"),
        (("_include:recurse", "Observation:subject"), "not-supported"),
        (("_include:", "Observation:subject"), "not-supported"),
        (("_revinclude", "*"), "value"),
        (("_revinclude", "CarePlan:instantiates-uri"), "not-supported"),
    ],
)
def test_law_12_what_cannot_be_honoured_is_refused(pair: tuple[str, str], code: str):
    with refusal(Kind.INVALID, code):
        read(pair)


def test_an_order_and_a_total_are_given_once():
    for text, value in (("_sort", "date"), ("_total", "none")):
        with refusal(Kind.INVALID, "value"):
            read((text, value), (text, value))


def test_law_2_who_did_not_send_it_sorts_by_nothing_that_it_is_not_shown():
    for key in ("value-string", "status"):
        assert read(("_sort", key)).order
        with refusal(Kind.INVALID):
            read(("_sort", key), may=OTHERS)


def test_which_parameters_an_inclusion_follows_and_what_it_may_bring():
    every = include("_include", "Observation:*")
    assert {"subject", "encounter", "performer"} <= set(every.names("Observation"))
    assert every.names("Patient") == []
    links = {"general-practitioner", "link", "organization"}
    assert set(include("_include", "*").names("Patient")) == links
    assert every.brings() == frozenset(), "its focus may be anything"
    assert include("_include", "Observation:subject").brings() == {
        "Device",
        "Group",
        "Location",
        "Patient",
    }
    assert include("_include", "Observation:subject:Patient").brings() == {"Patient"}
    assert include("_include", "Observation:patient").brings() == {"Patient"}
    assert include("_revinclude", "Provenance:target").brings() == {"Provenance"}


def test_an_inclusion_follows_references_and_canonicals():
    asked = [("_include", "PlanDefinition:depends-on"), ("_include", "PlanDefinition:*")]
    one, every = wanted("PlanDefinition", asked, SOURCE).includes
    assert one.names("PlanDefinition") == ["depends-on"]
    assert one.names("Library") == []
    assert {"definition", "depends-on", "successor"} <= set(every.names("PlanDefinition"))
    assert not {"url", "_profile", "_source"} & set(every.names("PlanDefinition"))
    for name in ("url", "_profile", "name"):
        with refusal(Kind.INVALID):
            wanted("PlanDefinition", [("_include", f"PlanDefinition:{name}")], SOURCE)


def test_a_canonical_brings_definitions_only():
    def brings(value: str) -> frozenset[str]:
        (made,) = wanted(value.partition(":")[0], [("_include", value)], SOURCE).includes
        return made.brings()

    assert brings("QuestionnaireResponse:questionnaire") == {"Questionnaire"}
    assert brings("PlanDefinition:depends-on") == definitions()
    assert brings("PlanDefinition:depends-on:Library") == {"Library"}
    assert brings("Provenance:target") == frozenset(), "any type at all"
