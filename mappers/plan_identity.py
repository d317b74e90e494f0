"""How Careloom's one plan per patient is told from every other CarePlan: by an identifier of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PLAN_SYSTEM = "urn:careloom:plan"
"""System of the identifier; its value is the plan's id as each side sees it."""

PLAN_NAME = ("CarePlan", "plan")
"""What its stored id is derived from, with its patient: one patient, one plan."""

PLAN_TOKEN = ("identifier", f"{PLAN_SYSTEM}|")
"""The search row by which the plan is found. It is a clinical row, as workers write it too."""


def bears_plan(resource: Mapping[str, Any]) -> bool:
    """Whether a resource claims to be Careloom's plan."""
    found = resource.get("identifier")
    if resource.get("resourceType") != "CarePlan" or not isinstance(found, list):
        return False
    return any(isinstance(i, dict) and i.get("system") == PLAN_SYSTEM for i in found)
