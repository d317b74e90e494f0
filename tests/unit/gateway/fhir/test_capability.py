"""The capability statement lists what is served, and only that."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from fhir.resources.R4B.capabilitystatement import CapabilityStatement

from gateway.fhir.capability import smart, statement
from gateway.fhir.routes import ROUTES
from gateway.release.asking import May
from gateway.release.wanted import wanted
from gateway.settings import Settings
from mappers.r4 import search
from mappers.r4.model import MODEL

SETTINGS = replace(Settings.from_environ({}), base_url="https://careloom.test")


@cache
def told() -> dict[str, Any]:
    return statement(ROUTES, SETTINGS, "1.2.3", 1_760_000_000_000_000)


def resource(type_: str) -> dict[str, Any]:
    (found,) = [each for each in told()["rest"][0]["resource"] if each["type"] == type_]
    return found


def test_it_is_valid():
    CapabilityStatement.model_validate(told())
    assert told()["fhirVersion"] == "4.0.1"
    assert told()["implementation"]["url"] == "https://careloom.test/fhir"
    assert told()["software"]["version"] == "1.2.3"


def test_every_type_of_r4_is_served():
    types = [each["type"] for each in told()["rest"][0]["resource"]]
    assert types == sorted(MODEL.resources)
    assert len(types) == 146


def test_interactions_are_those_of_the_table():
    codes = {route.interaction for route in ROUTES if "<type>" in route.path and not route.operation}
    assert {each["code"] for each in resource("Patient")["interaction"]} == codes
    whole = [each["code"] for each in told()["rest"][0]["interaction"]]
    assert whole == ["transaction", "batch", "history-system"]


def test_operations_are_listed_with_their_definitions_where_they_are_served():
    definitions = "http://hl7.org/fhir/OperationDefinition"
    every = [
        {"name": "validate", "definition": f"{definitions}/Resource-validate"},
        {"name": "meta", "definition": f"{definitions}/Resource-meta"},
    ]
    assert resource("Observation")["operation"] == every
    mine = {"name": "everything", "definition": f"{definitions}/Patient-everything"}
    assert resource("Patient")["operation"] == [mine, *every]
    assert "operation" not in {each["code"] for each in resource("Patient")["interaction"]}
    assert "operation" not in resource("AuditEvent")


def test_the_trail_can_only_be_looked_at():
    assert [each["code"] for each in resource("AuditEvent")["interaction"]] == ["read", "search-type"]
    assert "updateCreate" not in resource("AuditEvent")


@pytest.mark.parametrize("type_", ["Patient", "Observation", "CarePlan", "Bundle"])
def test_search_parameters_are_those_that_search_knows(type_: str):
    names = [each["name"] for each in resource(type_)["searchParam"]]
    assert names == sorted(search.known(type_))


def test_composites_and_inclusions_are_told():
    kinds = {each["name"]: each["type"] for each in resource("Observation")["searchParam"]}
    assert kinds["code-value-quantity"] == "composite"
    assert {"*", "Observation:*", "Observation:subject"} <= set(resource("Observation")["searchInclude"])
    assert "Observation:code" not in resource("Observation")["searchInclude"]
    assert {"Observation:subject", "CarePlan:patient"} <= set(resource("Patient")["searchRevInclude"])
    assert {"*", "PlanDefinition:depends-on"} <= set(resource("PlanDefinition")["searchInclude"])
    assert "QuestionnaireResponse:questionnaire" in resource("Questionnaire")["searchRevInclude"]
    assert "searchInclude" not in resource("AuditEvent")


@pytest.mark.parametrize("type_", ["Patient", "Observation", "CarePlan"])
def test_every_inclusion_that_is_told_is_honoured(type_: str):
    may = May(True, lambda _: True, lambda *_: False)
    for text, told_ in (("_include", "searchInclude"), ("_revinclude", "searchRevInclude")):
        for value in resource(type_)[told_]:
            assert len(wanted(type_, [(text, value)], may).includes) == 1


def test_a_row_that_goes_takes_its_interaction_along():
    fewer = statement([r for r in ROUTES if r.interaction != "delete"], SETTINGS, "1", 0)
    codes = {each["code"] for each in fewer["rest"][0]["resource"][0]["interaction"]}
    assert "delete" not in codes


def test_the_token_endpoint_is_told_in_both_documents():
    (extension,) = told()["rest"][0]["security"]["extension"]
    assert extension["extension"][0]["valueUri"] == smart(SETTINGS)["token_endpoint"]
    assert smart(SETTINGS)["token_endpoint"] == "https://careloom.test/auth/token"


def test_the_discovery_document_is_that_of_backend_services():
    document = smart(SETTINGS)
    assert document["grant_types_supported"] == ["client_credentials"]
    assert document["token_endpoint_auth_methods_supported"] == ["private_key_jwt"]
    assert document["token_endpoint_auth_signing_alg_values_supported"] == ["RS384", "ES384"]
    assert "client-confidential-asymmetric" in document["capabilities"]
