"""A reference may be asked for by the whole url of what it names here."""

from __future__ import annotations

import pytest

from gateway.release.own_urls import both_forms

BASE = "https://here.example/fhir"


@pytest.mark.parametrize(
    ("type_", "name", "value", "asked"),
    [
        ("Observation", "subject", f"{BASE}/Patient/1", f"{BASE}/Patient/1,Patient/1"),
        ("Observation", "subject", f"Patient/2,{BASE}/Patient/1", f"Patient/2,{BASE}/Patient/1,Patient/1"),
        ("Observation", "subject:Patient", f"{BASE}/Patient/1", f"{BASE}/Patient/1,Patient/1"),
        ("Observation", "subject", "https://elsewhere.example/fhir/Patient/1", None),
        ("Observation", "subject", f"{BASE}/metadata", None),
        ("PlanDefinition", "url", f"{BASE}/PlanDefinition/1", None),
        ("Observation", "nonsense", f"{BASE}/Patient/1", None),
    ],
)
def test_both_forms_are_asked_for(type_: str, name: str, value: str, asked: str | None) -> None:
    assert both_forms(type_, [(name, value)], BASE) == [(name, asked or value)]


def test_without_a_base_nothing_changes() -> None:
    given = [("subject", f"{BASE}/Patient/1")]
    assert both_forms("Observation", given, "") is given
