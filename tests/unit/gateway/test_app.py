"""The web side is put together in one place, and only there."""

from __future__ import annotations

import itertools

import pytest
from flask import Flask

from gateway.app import World, create_app, the_world
from gateway.custody.errors import CustodyError, StoreUnavailable
from gateway.custody.settings import Storage
from gateway.fhir.routes import ROUTES
from gateway.settings import Settings


@pytest.fixture
def app(sqlite_storage: Storage) -> Flask:
    made = create_app(Settings(sqlite_storage))
    yield made
    made.extensions["careloom_vault"].close()


def test_every_route_of_the_table_is_served(app: Flask):
    served = {(method, str(rule)) for rule in app.url_map.iter_rules() for method in rule.methods or ()}
    assert {(route.method, f"/fhir{route.path}") for route in ROUTES} <= served


def test_nothing_is_served_that_is_no_route_and_not_told(app: Flask):
    beside = {str(rule) for rule in app.url_map.iter_rules()} - {f"/fhir{route.path}" for route in ROUTES}
    pages = {"/", "/start/ehr", "/start/partner", "/sandbox", "/style.css", "/openapi.json"}
    operators = {"/healthz", "/readyz", "/metrics"}
    hooks = {"/cds-services", "/cds-services/<service>", "/cds-services/<service>/feedback"}
    console = {rule for rule in beside if rule.startswith("/console")}
    assert beside - console == pages | operators | hooks | {
        "/auth/token",
        "/auth/introspect",
        "/auth/revoke",
    }


def test_an_installation_that_was_never_started_is_named(tmp_path):
    settings = Settings.from_environ({"CARELOOM_DATA_DIR": str(tmp_path / "nowhere")})
    with pytest.raises(StoreUnavailable, match="careloom up"):
        create_app(settings)


def test_a_policy_that_does_not_exist_stops_the_start(sqlite_storage: Storage):
    with pytest.raises((CustodyError, ValueError), match="no-such-policy"):
        create_app(Settings(sqlite_storage, policy="no-such-policy"))


def test_law_11_time_and_randomness_come_from_the_world(sqlite_storage: Storage):
    draws = itertools.count(1)
    world = World(lambda: 1_760_000_000_000_000, lambda count: next(draws).to_bytes(count, "big"))
    made = create_app(Settings(sqlite_storage), world)
    answer = made.test_client().get("/fhir/metadata")
    assert answer.json["date"] == "2025-10-09T08:53:20.000Z"
    assert answer.headers["X-Request-Id"] == "00" * 15 + "01"
    made.extensions["careloom_vault"].close()


def test_the_world_moves():
    world = the_world()
    assert world.clock() <= world.clock()
    assert world.entropy(16) != world.entropy(16)
    assert len(world.entropy(16)) == 16


def test_two_applications_share_nothing(sqlite_storage: Storage):
    one, other = create_app(Settings(sqlite_storage)), create_app(Settings(sqlite_storage))
    one.test_client().get("/fhir/metadata")
    assert "capabilities" not in other.test_client().get("/metrics").text
    for each in (one, other):
        each.extensions["careloom_vault"].close()
