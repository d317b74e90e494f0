"""Links: the way back to an EHR's own id, which opens in one place only."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.custody.errors import Tampered
from gateway.custody.identity import links
from gateway.custody.ids import StoredId, Tenant
from gateway.custody.keyring import IdentityKey

KEY = IdentityKey(1, {1: b"1" * 32})
HERE, ADA, ONE = Tenant(1), StoredId(b"a" * 16), StoredId(b"1" * 16)
SALT = bytes(16)


def test_a_link_opens_where_it_was_put_and_nowhere_else() -> None:
    link = links.seal_link(KEY, (HERE, ADA, ("Observation", ONE)), "obs-1", SALT)
    assert links.open_link(KEY, link) == "obs-1"
    assert b"obs-1" not in link.sealed
    for change in ({"id": ADA}, {"type": "Condition"}, {"compartment": ONE}, {"tenant": Tenant(2)}):
        with pytest.raises(Tampered):
            links.open_link(KEY, replace(link, **change))
