"""Whom an assertion names: believed of clients that are trusted to say so, and never more than an id."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from gateway.auth.oauth import TokenRefused
from gateway.auth.registry import RegistryRefused
from gateway.auth.users import NO_TRUST, Human, Trust, human
from gateway.custody.tables import audit_event
from tests.unit.gateway.auth.desks import Desk, desk

__all__ = ["desk"]

SYSTEM = "urn:oid:2.16.840.1.113883.5.8"
USERS, GLASS = Trust(users=True), Trust(users=True, break_glass=True)


def b2b(purpose: str = "TREAT", own: Any = None, **changes: Any) -> dict[str, Any]:
    said = {
        "version": "1",
        "organization_id": "https://st-anna.example",
        "subject_id": "npi-12",
        "purpose_of_use": [f"{SYSTEM}#{purpose}"],
    }
    kept = {name: value for name, value in (said | changes).items() if value is not None}
    return {"extensions": {"hl7-b2b": kept, **({"careloom": own} if own is not None else {})}}


def test_a_trusted_client_names_its_user_and_purpose():
    assert human(b2b(), USERS) == Human("https://st-anna.example|npi-12", "TREAT", None)


def test_a_bare_code_names_a_purpose_too():
    assert human(b2b(purpose_of_use=["ETREAT"]), USERS).purpose == "ETREAT"


def test_a_machine_has_a_purpose_and_no_user():
    assert human(b2b(subject_id=None), USERS) == Human(None, "TREAT", None)


def test_of_a_client_that_is_not_trusted_nothing_is_taken():
    assert human(b2b(), NO_TRUST) == Human()


def test_who_says_nothing_is_nobody():
    assert human({}, GLASS) == human({"extensions": {}}, GLASS) == Human()


@pytest.mark.parametrize(
    "claims",
    [
        {"extensions": []},
        {"extensions": {"hl7-b2b": "x"}},
        {"extensions": {"hl7-b2b": {}}},
        b2b(version="2"),
        b2b(subject_id="Erika Mustermann"),
        b2b(subject_id=7),
        b2b(subject_id="x" * 129),
        b2b(organization_id="st anna"),
        b2b(purpose_of_use=[]),
        b2b(purpose_of_use="TREAT"),
        b2b(purpose_of_use=["TREAT", "HPAYMT"]),
        b2b(purpose="CURIOSITY"),
        b2b(purpose_of_use=["urn:oid:1.2.3#TREAT"]),
        b2b(purpose_of_use=[None]),
        b2b(purpose_of_use=None),
    ],
)
def test_law_12_what_is_not_said_properly_is_refused(claims: dict[str, Any]):
    with pytest.raises(TokenRefused) as refusal:
        human(claims, USERS)
    assert "Mustermann" not in refusal.value.text


def test_the_glass_is_broken_with_leave_and_a_reason():
    assert human(b2b("BTG", {"reason": "unable-to-consent"}), GLASS).reason == "unable-to-consent"


def test_the_glass_is_not_broken_without_leave():
    with pytest.raises(TokenRefused) as refusal:
        human(b2b("BTG", {"reason": "unconscious"}), USERS)
    assert refusal.value.error == "unauthorized_client"


@pytest.mark.parametrize(
    "own",
    [
        *(None, {}, "unconscious", {"reason": ""}, {"reason": 5}, {"reason": ["unconscious"]}),
        *({"reason": text} for text in ("Anne Hopkins unconscious", "patient 1234567", "Unconscious", "ab")),
    ],
)
def test_the_glass_is_not_broken_without_a_reason_that_may_stand_in_the_trail(own: Any):
    with pytest.raises(TokenRefused, match="invalid_request"):
        human(b2b("BTG", own), GLASS)


def test_a_reason_is_kept_for_break_glass_only():
    assert human(b2b("TREAT", {"reason": "unconscious"}), GLASS).reason is None


json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=16), inner, max_size=3),
    max_leaves=8,
)
extension = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("version", "subject_id", "organization_id", "purpose_of_use"), json)
)


@given(st.fixed_dictionaries({"extensions": json | st.fixed_dictionaries({"hl7-b2b": extension | json})}))
def test_whatever_comes_is_read_or_refused(claims: dict[str, Any]):
    try:
        found = human(claims, GLASS)
    except TokenRefused:
        return
    assert found.user is None or " " not in found.user


# --- at the desk ------------------------------------------------------------------------------------------


def test_the_user_and_the_purpose_go_with_the_token(desk: Desk):
    hospital = desk.register(trust=USERS)
    actor = desk.knows(desk.asks(hospital, **b2b()).token)
    assert actor is not None
    assert (actor.user, actor.purpose) == ("https://st-anna.example|npi-12", "TREAT")


def test_a_token_of_a_client_that_is_not_trusted_is_nobodys(desk: Desk):
    actor = desk.knows(desk.asks(desk.register(), **b2b()).token)
    assert actor is not None
    assert (actor.user, actor.purpose) == (None, None)


def test_law_4_a_broken_glass_stands_in_the_trail_with_its_reason(desk: Desk):
    hospital = desk.register(trust=GLASS)
    desk.asks(hospital, **b2b("BTG", {"reason": "unconscious"}))
    with pytest.raises(TokenRefused):
        desk.asks(hospital, **b2b("BTG"))
    with desk.database.read() as conn:
        rows = conn.execute(select(audit_event).where(audit_event.c.kind.startswith("token:"))).all()
    assert [(row.kind, row.purpose, row.user) for row in rows] == [
        ("token:issue", "BTG", "https://st-anna.example|npi-12"),
        ("token:refuse", None, None),
    ]
    assert rows[0].detail == "unconscious"


def test_nobody_breaks_the_glass_without_a_name(desk: Desk):
    with pytest.raises(RegistryRefused, match="--trust-users"):
        desk.register(trust=Trust(break_glass=True))
