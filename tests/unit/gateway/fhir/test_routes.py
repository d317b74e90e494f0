"""The route table: every row says what it needs and what it leaves behind."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import gateway.fhir
from gateway.auth.actor import CEILING, Role
from gateway.auth.scopes import TRAIL
from gateway.fhir.routes import ENTRIES, PUBLIC, ROUTES, UNRECORDED, Route

FOLDER = Path(gateway.fhir.__file__).parent
BY_LETTER = {
    "create": "c",
    "read": "r",
    "vread": "r",
    "history-instance": "r",
    "history-type": "s",
    "history-system": ENTRIES,
    "operation": "r",
    "update": "u",
    "patch": "u",
    "delete": "d",
    "search-type": "s",
    "transaction": ENTRIES,
    "async-status": ENTRIES,
    "async-withdraw": ENTRIES,
}


def view(*_: object) -> None:
    """A view that is never called."""


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_law_12_every_route_needs_the_scope_of_its_interaction(route: Route):
    assert route.scope == BY_LETTER.get(route.interaction, PUBLIC)


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_law_4_every_route_leaves_a_trace_or_is_public(route: Route):
    assert (route.audit == UNRECORDED) == (route.scope == PUBLIC)
    assert route.audit.startswith("rest:") or route.scope == PUBLIC


@pytest.mark.parametrize("scope", ["", "x", "rs", "*", "none"])
def test_law_12_a_row_without_a_scope_does_not_start(scope: str):
    with pytest.raises(ValueError, match="needs and leaves"):
        Route("GET", "/<type>", "search-type", scope, "rest:search", view)


def test_law_12_a_row_without_a_trace_does_not_start():
    with pytest.raises(ValueError, match="needs and leaves"):
        Route("GET", "/<type>", "search-type", "s", "", view)
    with pytest.raises(ValueError, match="public"):
        Route("GET", "/<type>", "search-type", "s", UNRECORDED, view)
    with pytest.raises(ValueError, match="public"):
        Route("GET", "/metadata", "capabilities", PUBLIC, "rest:read", view)


def test_no_two_rows_answer_the_same():
    assert len({(route.method, route.path) for route in ROUTES}) == len(ROUTES)


def test_only_what_tells_nothing_of_anybody_is_public():
    public = {route.path for route in ROUTES if route.scope == PUBLIC}
    assert public == {"/metadata", "/.well-known/smart-configuration"}


def test_an_operation_says_by_which_definition_it_is_one():
    operations = {(route.type, route.operation) for route in ROUTES if route.interaction == "operation"}
    every = {("", "Resource-validate"), ("", "Resource-meta")}
    applied = {(one, f"{one}-apply") for one in ("PlanDefinition", "ActivityDefinition")}
    assert operations == {("Patient", "Patient-everything"), *every, *applied}
    assert not [r for r in ROUTES if r.operation and r.interaction != "operation"]


def test_no_row_writes_the_trail():
    rows = [route for route in ROUTES if route.type == TRAIL]
    assert {route.interaction for route in rows} == {"read", "search-type"}
    assert not any(CEILING[role].allows(TRAIL, letter) for role in Role for letter in "cud")


@pytest.mark.parametrize("name", sorted({route.view.__module__ for route in ROUTES}))
def test_views_are_short(name: str):
    tree = ast.parse((FOLDER.parent.parent / f"{name.replace('.', '/')}.py").read_text("utf-8"))
    views = {route.view.__name__ for route in ROUTES}
    sizes = {
        node.name: (node.end_lineno or 0) - node.lineno + 1
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and node.name in views
    }
    assert sizes
    assert max(sizes.values()) <= 40
