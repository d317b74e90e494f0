"""Chains and ``_has``: each step is a search of its own, and each is refused where its own would be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from gateway.refusal import Kind
from gateway.release.asking import Asked, Being, May, Pointing, Settled
from gateway.release.chaining import Chained, Grammar, Having, points, settled
from mappers.r4 import search
from mappers.r4.model import MODEL
from tests.desk import refusal

EVERYTHING = Grammar(May(True, lambda type_: True, lambda type_, name: False))


def name(type_: str, text: str) -> str | None:
    return None if text == "nobody" else f"{type_}-{text}"


STORE = [
    {"resourceType": "Patient", "id": "p1", "gender": "female",
     "managingOrganization": {"reference": "Organization/o1"}},
    {"resourceType": "Patient", "id": "p2", "gender": "male"},
    {"resourceType": "Group", "id": "g1", "code": {"coding": [{"code": "x"}]}},
    {"resourceType": "Organization", "id": "o1", "active": True},
    {"resourceType": "Observation", "id": "b1", "status": "final",
     "subject": {"reference": "Patient/p1/_history/2"}},
    {"resourceType": "Observation", "id": "b2", "status": "final", "subject": {"reference": "Group/g1"}},
    {"resourceType": "Observation", "id": "b3", "status": "amended", "subject": {"reference": "Patient/p2"}},
]  # fmt: skip


def find(type_: str, criteria: Sequence[Settled]) -> list[dict[str, Any]]:
    there = [one for one in STORE if one["resourceType"] == type_]
    return [one for one in there if all(criterion.holds(one, 0) for criterion in criteria)]


def asked(type_: str, text: str, grammar: Grammar = EVERYTHING) -> Any:
    parameter, _, value = text.partition("=")
    return grammar.criterion(type_, parameter, value)


def found(type_: str, text: str) -> set[str] | None:
    criteria = settled([asked(type_, text)], name, find)
    return None if criteria is None else {str(one["id"]) for one in find(type_, criteria)}


@pytest.mark.parametrize(
    ("type_", "text", "ids"),
    [
        ("Observation", "subject:Patient.gender=female", {"b1"}),
        ("Observation", "patient.gender=male", {"b3"}),
        ("Observation", "subject.code=x", {"b2"}),
        ("Observation", "patient.organization.active=true", {"b1"}),
        ("Observation", "patient.gender=other", None),
        ("Patient", "_has:Observation:patient:status=final", {"p1"}),
        ("Patient", "_has:Observation:subject:status=final,amended", {"p1", "p2"}),
        ("Patient", "_has:Observation:subject:status=cancelled", None),
        ("Group", "_has:Observation:subject:status=final", {"g1"}),
        ("Organization", "_has:Patient:organization:_has:Observation:patient:status=final", {"o1"}),
        ("Observation", "patient._has:Observation:patient:status=amended", {"b3"}),
        ("Observation", "patient._id=nobody", None),
    ],
)
def test_what_is_found(type_: str, text: str, ids: set[str] | None):
    assert found(type_, text) == ids


def test_a_chain_becomes_a_list_of_who_is_pointed_at():
    (one,) = settled([asked("Observation", "patient.gender=female")], name, find) or ()
    assert one == Pointing("Observation", "patient", frozenset({"Patient/p1"}))
    (has,) = settled([asked("Patient", "_has:Observation:patient:status=final")], name, find) or ()
    assert has == Being("Patient", frozenset({"p1"}))


def test_a_chain_without_a_type_is_tried_on_each_that_has_the_parameter():
    one = asked("Observation", "subject.code=x")
    assert isinstance(one, Chained)
    assert [type_ for type_, _ in one.inner] == ["Group"]
    named = asked("Observation", "subject.identifier=x")
    assert [type_ for type_, _ in named.inner] == ["Device", "Group", "Location", "Patient"]


def test_modifiers_stand_at_the_end():
    one = asked("Observation", "patient.family:exact=x")
    assert one.inner == (("Patient", Asked("Patient", "family", "exact", "x")),)
    has = asked("Patient", "_has:Observation:patient:code:not=x")
    assert isinstance(has, Having)
    assert has.inner == Asked("Observation", "code", "not", "x")


@pytest.mark.parametrize(
    ("type_", "text"),
    [
        ("Observation", "patient.gender=x"),
        ("Observation", "subject.identifier=x"),
        ("Patient", "_has:Observation:patient:status=x"),
        ("Observation", "encounter.patient.gender=x"),
    ],
)
def test_each_step_needs_its_scope(type_: str, text: str):
    for hidden in ("Patient", "Observation"):
        if (
            f"{hidden.lower()}." in text
            or f":{hidden}:" in text
            or (hidden == "Patient" and "subject" in text)
        ):
            grammar = Grammar(May(True, lambda one, hidden=hidden: one != hidden, lambda *_: False))
            with refusal(Kind.FORBIDDEN, "forbidden"):
                asked(type_, text, grammar)


def test_law_2_no_step_asks_for_what_is_hidden():
    for hidden in (("Observation", "patient"), ("Patient", "organization"), ("Organization", "active")):
        grammar = Grammar(May(True, lambda _: True, lambda *one, hidden=hidden: one == hidden))
        for type_, text in (
            ("Observation", "patient.organization.active=true"),
            ("Organization", "_has:Patient:organization:_has:Observation:patient:status=final"),
        ):
            if hidden != ("Organization", "active") or type_ == "Observation":
                with refusal(Kind.INVALID, "not-supported"):
                    asked(type_, text, grammar)


def test_law_2_only_the_source_chains_by_who_somebody_is():
    grammar = Grammar(May(False, lambda _: True, lambda *_: False))
    for type_, text in (
        ("Observation", "patient.family=x"),
        ("Observation", "patient.identifier=x"),
        ("Organization", "_has:Patient:organization:name=x"),
    ):
        with refusal(Kind.INVALID, "forbidden"):
            asked(type_, text, grammar)


@pytest.mark.parametrize(
    ("type_", "text", "code"),
    [
        ("Observation", "code.x=1", "not-supported"),
        ("Observation", "subject:Nonsense.code=1", "not-supported"),
        ("Observation", "subject.nonsense=1", "not-supported"),
        ("Observation", "subject.=1", "not-supported"),
        ("Observation", ".code=1", "not-supported"),
        ("Provenance", "target.status=1", "too-costly"),
        ("Observation", "patient.link.link.link.gender=x", "too-costly"),
        ("Patient", "_has:Observation:code:status=1", "not-supported"),
        ("Patient", "_has:Observation:encounter:status=1", "value"),
        ("Patient", "_has:Nonsense:patient:status=1", "not-supported"),
        ("Patient", "_has:Observation:patient=1", "not-supported"),
        ("Patient", "_has:=1", "not-supported"),
    ],
)
def test_law_12_what_cannot_be_followed_is_refused(type_: str, text: str, code: str):
    with refusal(Kind.INVALID, code):
        asked(type_, text)


@pytest.mark.parametrize("type_", sorted(MODEL.resources))
def test_only_references_begin_a_chain(type_: str):
    for parameter, known in search.parameters(type_).items():
        assert points(type_, parameter) <= (known.type == "reference")
