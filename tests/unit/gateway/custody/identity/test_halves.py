"""Withheld halves: sealed for one place, opened from what lies in the database."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.custody.cipher import Place
from gateway.custody.errors import Tampered
from gateway.custody.identity import halves
from gateway.custody.ids import StoredId, Tenant
from gateway.custody.keyring import IdentityKey
from gateway.custody.records import StoredVersion

KEY = IdentityKey(1, {1: b"1" * 32})
HERE, ADA, ONE = Tenant(1), StoredId(b"a" * 16), StoredId(b"1" * 16)
STORED = StoredVersion(1, HERE, "Observation", ONE, 3, ADA, 0, "ehr", False, b"", None)
SALT = bytes(16)


def test_a_withheld_half_opens_for_the_version_that_it_belongs_to() -> None:
    place = Place(HERE, ADA, "Observation", ONE, 3, halves.COLUMN)
    sealed = halves.seal_withheld(KEY, place, b"free text", SALT)
    assert halves.open_withheld(KEY, STORED, sealed) == b"free text"
    for other in (replace(STORED, version=4), replace(STORED, id=ADA), replace(STORED, tenant=Tenant(2))):
        with pytest.raises(Tampered):
            halves.open_withheld(KEY, other, sealed)
