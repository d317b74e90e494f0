"""A key for several: all of their keys make it, and without one of them nobody does."""

from __future__ import annotations

import hmac
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.custody.cipher import Place, generation_of, seal, unseal
from gateway.custody.errors import KeyGone, Tampered
from gateway.custody.ids import TENANT_COMPARTMENT, StoredId, Tenant
from gateway.custody.keyring import ClinicalKey, IdentityKey
from gateway.custody.sharing import SHARED_GENERATION, opening_key, sealing_key, subjects

ADA, BOB, EVE = (StoredId(bytes([number]) * 16) for number in (1, 2, 3))
EVERYBODY = (TENANT_COMPARTMENT, ADA, BOB, EVE)
KEYS = {one: ClinicalKey(1, {1: bytes([one[0] + 7]) * 32}) for one in EVERYBODY}
PLACE = Place(Tenant(3), TENANT_COMPARTMENT, "Group", ADA, 1, "clinical")


def sealed_for(*patients: StoredId) -> bytes:
    return seal(sealing_key(KEYS, TENANT_COMPARTMENT, patients), PLACE, b"group", os.urandom(16))


def opens(keys: dict[StoredId, ClinicalKey], sealed: bytes, *patients: StoredId) -> bytes:
    return unseal(opening_key(keys, TENANT_COMPARTMENT, patients, sealed), PLACE, sealed)


def test_what_is_of_one_or_of_nobody_is_sealed_as_it_ever_was() -> None:
    assert sealing_key(KEYS, ADA, ()) is KEYS[ADA]
    assert sealing_key(KEYS, ADA, (BOB,)) is KEYS[ADA], "somebody else is only named"
    assert sealing_key(KEYS, TENANT_COMPARTMENT, ()) is KEYS[TENANT_COMPARTMENT]
    assert subjects(ADA, (BOB,)) == {ADA}
    assert subjects(TENANT_COMPARTMENT, (ADA, BOB)) == {TENANT_COMPARTMENT, ADA, BOB}


@given(st.permutations([ADA, BOB, EVE]))
def test_the_order_does_not_matter(order: list[StoredId]) -> None:
    sealed = sealed_for(ADA, BOB, EVE)
    assert generation_of(sealed) == SHARED_GENERATION
    assert opens(KEYS, sealed, *order) == b"group"


@pytest.mark.parametrize("gone", EVERYBODY)
def test_law_3_without_any_one_of_the_keys_it_opens_no_more(gone: StoredId) -> None:
    sealed = sealed_for(ADA, BOB, EVE)
    left = {one: key for one, key in KEYS.items() if one != gone}
    with pytest.raises(KeyGone):
        opens(left, sealed, ADA, BOB, EVE)
    others = tuple(one for one in (ADA, BOB, EVE) if one != gone)
    if gone != TENANT_COMPARTMENT:
        with pytest.raises(Tampered):
            opens(left, sealed, *others)


@pytest.mark.parametrize("patients", [(), (ADA,), (ADA, EVE), (ADA, BOB, EVE)])
def test_it_opens_for_exactly_those_whom_it_names(patients: tuple[StoredId, ...]) -> None:
    sealed = sealed_for(ADA, BOB)
    with pytest.raises(Tampered):
        opens(KEYS, sealed, *patients)


def test_a_new_key_under_an_old_name_opens_nothing() -> None:
    sealed = sealed_for(ADA, BOB)
    with pytest.raises(Tampered):
        opens({**KEYS, ADA: ClinicalKey(1, {1: b"n" * 32})}, sealed, ADA, BOB)


def test_cells_from_before_open_under_the_tenants_key() -> None:
    old = seal(KEYS[TENANT_COMPARTMENT], PLACE, b"group", b"s" * 16)
    assert opens(KEYS, old, ADA, BOB) == b"group"
    assert opens({TENANT_COMPARTMENT: KEYS[TENANT_COMPARTMENT]}, old, ADA, BOB) == b"group"


def test_the_two_sides_stay_two() -> None:
    identity = {one: IdentityKey(1, dict(key.secrets)) for one, key in KEYS.items()}
    key = sealing_key(identity, TENANT_COMPARTMENT, (ADA, BOB))
    assert isinstance(key, IdentityKey)
    with pytest.raises(Tampered):
        unseal(key, PLACE, sealed_for(ADA, BOB))


def test_it_is_made_as_the_documentation_says() -> None:
    told = b"careloom/1/shared" + ADA + KEYS[ADA].secrets[1] + BOB + KEYS[BOB].secrets[1]
    by_hand = hmac.digest(KEYS[TENANT_COMPARTMENT].secrets[1], told, "sha256")
    assert sealing_key(KEYS, TENANT_COMPARTMENT, (BOB, ADA)).secrets[SHARED_GENERATION] == by_hand
