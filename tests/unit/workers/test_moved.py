"""A line moves by its draft and by data; where line and draft both speak, the line does."""

from __future__ import annotations

from collections.abc import Set
from typing import Any

import pytest

from gateway.custody.ids import StoredId, pseudonym
from mappers.facts import Evidence
from workers.moved import draft_of, moved, nothing_closes
from workers.reading import Derived

ID = StoredId(b"d" * 16)
REF = ("ServiceRequest", ID)
FOUND = Evidence("Observation/new/_history/1")


def line(status: str = "not-started", **more: Any) -> dict[str, Any]:
    link = {"url": "urn:careloom:draft", "valueReference": {"reference": f"ServiceRequest/{pseudonym(ID)}"}}
    detail = {
        "extension": [link],
        "kind": "ServiceRequest",
        "instantiatesUri": ["urn:careloom:act:measure-hba1c", "https://example.org"],
        "reasonReference": [{"reference": "Observation/old/_history/1"}],
        "status": status,
    }
    return {"detail": {**detail, **more}}


def signed(status: str, **more: Any) -> dict[tuple[str, StoredId], Derived]:
    return {REF: Derived(2, 1, {"status": "draft"}, {"status": status, **more}, True)}


def closes(act: str, rested_on: Set[str]) -> tuple[Evidence, ...]:
    assert (act, rested_on) == ("urn:careloom:act:measure-hba1c", {"Observation/old/_history/1"})
    return (FOUND,)


def test_a_line_names_its_draft() -> None:
    assert draft_of(line()) == REF
    assert draft_of({"detail": {"status": "not-started"}}) is None


@pytest.mark.parametrize(
    ("draft", "at"),
    [
        ("active", "scheduled"),
        ("requested", "scheduled"),
        ("in-progress", "in-progress"),
        ("on-hold", "on-hold"),
        ("completed", "completed"),
        ("revoked", "cancelled"),
        ("entered-in-error", "cancelled"),
        ("draft", "not-started"),
        ("unknown", "not-started"),
    ],
)
def test_signing_a_draft_moves_its_line(draft: str, at: str) -> None:
    assert moved(line(), signed(draft), "draft", nothing_closes)["detail"]["status"] == at


def test_a_draft_that_is_declined_gives_its_reason_to_the_line() -> None:
    reason = {"coding": [{"system": "urn:careloom:decision-reason", "code": "not-now"}]}
    found = moved(line(), signed("cancelled", statusReason=reason), "draft", nothing_closes)
    assert found["detail"]["statusReason"] == reason


@pytest.mark.parametrize(
    ("at", "draft", "then"),
    [
        ("cancelled", "active", "cancelled"),
        ("completed", "revoked", "completed"),
        ("in-progress", "active", "in-progress"),
        ("in-progress", "completed", "completed"),
        ("scheduled", "revoked", "cancelled"),
    ],
)
def test_where_both_speak_the_line_does_until_the_draft_ends(at: str, draft: str, then: str) -> None:
    assert moved(line(at), signed(draft), "active", nothing_closes)["detail"]["status"] == then


def test_a_draft_that_nobody_touched_says_nothing() -> None:
    untouched = {REF: Derived(1, 1, {"status": "draft"})}
    assert moved(line(), untouched, "draft", nothing_closes) == line()


@pytest.mark.parametrize(
    ("at", "plan"), [("scheduled", "draft"), ("in-progress", "active"), ("not-started", "active")]
)
def test_what_was_accepted_and_is_done_is_completed_with_its_evidence(at: str, plan: str) -> None:
    found = moved(line(at), {}, plan, closes)
    assert found["outcomeReference"] == [{"reference": FOUND.reference}]
    assert found["detail"]["status"] == "completed"
    assert found["detail"]["statusReason"]["coding"][0]["code"] == "done-by-data"


@pytest.mark.parametrize(("at", "plan"), [("not-started", "draft"), ("cancelled", "active")])
def test_what_nobody_accepted_is_not_completed(at: str, plan: str) -> None:
    assert moved(line(at), {}, plan, closes) == line(at)


def test_a_line_that_is_not_ours_is_left_alone() -> None:
    theirs = line("in-progress", instantiatesUri=["https://example.org"])
    assert moved(theirs, {}, "active", closes) == theirs
