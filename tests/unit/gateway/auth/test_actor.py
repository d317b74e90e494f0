"""The most that a role can ever be given."""

from __future__ import annotations

import dataclasses

import pytest

from gateway.auth.actor import CEILING, Actor, Role
from gateway.auth.scopes import LETTERS, TRAIL, parse
from gateway.custody.ids import Tenant


def test_law_12_every_role_has_a_ceiling_that_allows_something():
    assert set(CEILING) == set(Role)
    assert all(CEILING.values())


@pytest.mark.parametrize("letter", "cud")
def test_a_partner_never_writes(letter: str):
    assert not parse("system/*.cruds").within(CEILING[Role.PARTNER]).allows("Patient", letter)


@pytest.mark.parametrize("role", [Role.EHR, Role.PARTNER])
@pytest.mark.parametrize("letter", LETTERS)
def test_only_officers_see_the_trail(role: Role, letter: str):
    assert not parse("system/AuditEvent.cruds system/*.cruds").within(CEILING[role]).allows(TRAIL, letter)


@pytest.mark.parametrize("letter", "cud")
def test_nobody_writes_the_trail(letter: str):
    for role in Role:
        assert not parse("system/AuditEvent.cruds").within(CEILING[role]).allows(TRAIL, letter)


@pytest.mark.parametrize("type_", ["Patient", "CarePlan", "Observation"])
def test_an_officer_sees_nothing_else(type_: str):
    assert not parse("system/*.cruds").within(CEILING[Role.OFFICER]).allows(type_, "r")


def test_an_actor_cannot_be_changed():
    actor = Actor("c", Role.EHR, Tenant(1), parse("system/*.rs"), "127.0.0.1", "r-1")
    with pytest.raises(dataclasses.FrozenInstanceError):
        actor.role = Role.OFFICER  # type: ignore[misc]
