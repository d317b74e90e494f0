"""The OpenAPI document describes what the table serves, to the letter that tools need."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest

from gateway.fhir.openapi import _ANSWERS, document
from gateway.fhir.routes import PUBLIC, ROUTES
from gateway.settings import Settings
from mappers.r4.model import MODEL

SETTINGS = replace(Settings.from_environ({}), base_url="https://careloom.test")
TOLD = document(ROUTES, SETTINGS, "1.2.3")


def operations() -> list[tuple[str, str, dict[str, Any]]]:
    return [(path, method, one) for path, item in TOLD["paths"].items() for method, one in item.items()]


def test_every_route_is_described_once():
    described = {(method.upper(), path) for path, method, _ in operations() if path.startswith("/fhir")}
    assert described == {(r.method, "/fhir" + re.sub(r"<(\w+)>", r"{\1}", r.path)) for r in ROUTES}


def test_answers_are_told_of_the_interactions_that_there_are_and_of_no_other():
    assert _ANSWERS.keys() == {route.interaction for route in ROUTES}


def test_a_row_that_goes_takes_its_operation_along():
    fewer = [route for route in ROUTES if route.interaction != "update"]
    assert "put" not in document(fewer, SETTINGS, "1")["paths"]["/fhir/{type}/{id}"]


@pytest.mark.parametrize("interaction", sorted({route.interaction for route in ROUTES}))
def test_every_interaction_says_what_it_answers(interaction: str):
    (found, *_) = [one for _, _, one in operations() if one["operationId"].startswith(f"{interaction}-")]
    assert min(map(int, found["responses"].keys() - {"default"})) < 300


def test_every_place_in_a_path_is_a_parameter():
    for path, _, one in operations():
        places = set(re.findall(r"{(\w+)}", path))
        assert {p["name"] for p in one.get("parameters", ()) if p["in"] == "path"} == places


def test_types_are_those_of_r4():
    (type_,) = [p for p in TOLD["paths"]["/fhir/{type}"]["get"]["parameters"] if p["name"] == "type"]
    assert type_["schema"]["enum"] == sorted(MODEL.resources)


def test_law_12_only_what_is_public_needs_no_token():
    public = {f"/fhir{route.path}" for route in ROUTES if route.scope == PUBLIC}
    free = {path for path, _, one in operations() if path.startswith("/fhir") and one["security"] == []}
    assert free == public


def test_ids_of_operations_are_unique_and_references_lead_somewhere():
    ids = [one["operationId"] for _, _, one in operations()]
    assert len(ids) == len(set(ids))
    for name in re.findall(r'"#/components/schemas/(\w+)"', json.dumps(TOLD)):
        assert name in TOLD["components"]["schemas"]


def test_tokens_come_from_the_servers_own_address():
    flow = TOLD["components"]["securitySchemes"]["smart"]["flows"]["clientCredentials"]
    assert flow["tokenUrl"] == "https://careloom.test/auth/token"
    assert set(TOLD["paths"]) > {"/auth/token", "/auth/introspect", "/auth/revoke", "/healthz"}
