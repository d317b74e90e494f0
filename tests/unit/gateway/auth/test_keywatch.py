"""A client that publishes other keys than before is seen to, once, by whichever gateway fetches them."""

from __future__ import annotations

import os

import pytest

from gateway.auth.actor import Role
from gateway.auth.jwks import public_keys
from gateway.auth.keysource import Fetched, KeySource
from gateway.auth.keywatch import KIND, KeyWatch
from gateway.auth.registration import Registration
from gateway.auth.registry import Client, Draft
from gateway.auth.scopes import parse
from gateway.custody.audit import Event
from gateway.custody.tables import audit_event
from tests.unit.gateway.auth.desks import Desk, desk
from tests.unit.gateway.auth.keys import ec, jwks, rsa

__all__ = ["desk"]

URL = "https://hospital.test/jwks"
OLD, NEW = jwks(ec("a")), jwks(ec("a"), rsa("b"))


@pytest.fixture
def client(desk: Desk) -> Client:
    draft = Draft("n", Role.EHR, parse("system/*.cruds"), jwks_url=URL)
    return Registration(desk.database, desk.clock, os.urandom).add_client(draft, "st-anna")


def told(desk: Desk) -> list[tuple[str, str, str]]:
    with desk.database.read() as conn:
        events = [Event(*row[2:]) for row in conn.execute(audit_event.select()) if row.kind == KIND]
    return [(one.client_id or "", one.action, one.detail or "") for one in events]


def test_law_4_other_keys_are_an_event_and_the_same_keys_are_none(desk: Desk, client: Client):
    watch, again = (KeyWatch(desk.database, desk.clock) for _ in range(2))
    for document in (OLD, OLD, NEW, NEW):
        for one in (watch, again):
            one(client, public_keys(document))
    first, changed = told(desk)
    assert first[:2] == (client.client_id, "C")
    assert changed[:2] == (client.client_id, "U")
    old, new = public_keys(OLD), public_keys(NEW)
    assert first[2] == f"careloom-gateway; published keys first seen: {old[0].thumbprint()}"
    assert "; published keys changed: " in changed[2]
    assert all(key.thumbprint() in changed[2] for key in new)


def test_the_order_of_keys_and_their_names_are_no_change(desk: Desk, client: Client):
    watch = KeyWatch(desk.database, desk.clock)
    keys = public_keys(NEW)
    watch(client, keys)
    watch(client, keys[::-1])
    assert len(told(desk)) == 1


def test_of_very_many_keys_some_are_named_and_the_rest_counted(desk: Desk, client: Client):
    KeyWatch(desk.database, desk.clock)(client, public_keys(jwks(*(ec(str(n)) for n in range(11)))))
    ((_, _, detail),) = told(desk)
    assert detail.endswith(" and 3 more")


def test_it_is_told_of_what_is_fetched_and_of_nothing_else(client: Client):
    heard: list[int] = []
    source = KeySource(
        lambda _: Fetched(NEW, "max-age=60"), lambda: 0, lambda _client, keys: heard.append(len(keys))
    )
    source.keys(client, "a")
    source.keys(client, "a")
    assert heard == [2]
