"""Every kind of event is said in words, and a sentence says who, what, whose, why and how it ended."""

from __future__ import annotations

from msgspec.structs import replace

from gateway.console import words
from gateway.console.filters import GROUPS, kinds_of
from gateway.custody.audit import Event
from gateway.custody.ids import StoredId, Tenant
from gateway.custody.operator import typed_by
from gateway.fhir.balp import PATTERNS

NAMES = words.Names(
    lambda id_: {"c1": "Ward system"}.get(id_), {Tenant(1): "St. Anna"}, lambda _type, _id: "p1"
)
READ = Event(
    time=0,
    kind="rest:read",
    action="R",
    outcome="0",
    status=200,
    client_id="c1",
    organization=Tenant(1),
    user="st-anna|npi-12",
    purpose="TREAT",
    type="Observation",
    patient=StoredId(bytes(16)),
)


def said(**changed: object) -> str:
    return words.sentence(replace(READ, **changed), NAMES)


def test_a_sentence_says_who_what_whose_and_why():
    assert said() == "npi-12 through Ward system (St. Anna) read an Observation of patient p1, for treatment."


def test_a_sentence_says_how_it_ended():
    assert said(outcome="4", status=403).endswith(", for treatment: refused (403).")
    assert said(outcome="4", status=404).endswith(": nothing was found (404).")
    assert said(outcome="12", status=500).endswith(": what was met had been altered (500).")


def test_who_is_named_as_far_as_they_are_known():
    assert said(user=None).startswith("Ward system (St. Anna) read")
    assert said(user=None, client_id="unknown", organization=None).startswith("unknown read")
    assert said(user=None, client_id="careloom-worker").startswith("The engine read")
    assert said(user=None, client_id=None, organization=None).startswith("Somebody unknown read")
    assert said(user=typed_by("root").user, client_id=None, organization=None).startswith("root read")


def test_a_log_in_that_was_refused_was_tried():
    assert "tried to log in" in said(kind="console:login", outcome="4", status=401)


def test_every_kind_has_words_and_a_group():
    for kind in PATTERNS:
        assert "did " not in words.deed(replace(READ, kind=kind)), kind
    grouped = {kind for group in GROUPS for kind in kinds_of(group)}
    assert grouped == set(PATTERNS)


def test_nouns_are_english():
    assert words.deed(replace(READ, kind="rest:search", type="Family")) == "searched for Families"
    assert words.deed(replace(READ, kind="rest:search", type="Address")) == "searched for Addresses"
    assert words.deed(replace(READ, kind="rest:read", type="Patient")) == "read a Patient"
