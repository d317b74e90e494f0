"""Urls of this server's own are told relative to it; all others, and all that is no link, stay."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.intake.local import localised, may_hold, relative
from mappers import lossless

BASE = "https://here.example/fhir"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (f"{BASE}/Patient/mrn-1", "Patient/mrn-1"),
        (f"{BASE}/Patient/mrn-1/_history/2", "Patient/mrn-1/_history/2"),
        (f"{BASE}/Patient?identifier=s|1", "Patient?identifier=s|1"),
        (f"{BASE}", BASE),
        (f"{BASE}/", f"{BASE}/"),
        (f"{BASE}/metadata", f"{BASE}/metadata"),
        (f"{BASE}/Patience/1", f"{BASE}/Patience/1"),
        (f"{BASE}2/Patient/1", f"{BASE}2/Patient/1"),
        ("https://elsewhere.example/fhir/Patient/1", "https://elsewhere.example/fhir/Patient/1"),
        ("Patient/1", "Patient/1"),
        ("#a", "#a"),
    ],
)
def test_what_lies_below_the_base_is_relative(text: str, told: str) -> None:
    assert relative(text, BASE) == told


def test_references_and_requests_of_a_bundle_are_local_and_nothing_else() -> None:
    resource: dict[str, Any] = {
        "resourceType": "Observation",
        "subject": {"reference": f"{BASE}/Patient/1"},
        "performer": [{"reference": "https://elsewhere.example/fhir/Practitioner/1"}],
        "instantiatesCanonical": f"{BASE}/PlanDefinition/1",
        "note": [{"text": f"{BASE}/Patient/1"}],
        "contained": [{"resourceType": "Specimen", "id": "s", "subject": {"reference": f"{BASE}/Patient/1"}}],
    }
    entry = {"fullUrl": f"{BASE}/Observation/1", "resource": resource}
    sent = {
        "resourceType": "Bundle",
        "entry": [
            {**entry, "request": {"method": "PUT", "url": f"{BASE}/Observation/1"}},
            {"request": {"method": "GET", "url": f"{BASE}/Patient?family=x"}},
            {"request": {"method": "GET", "url": "https://elsewhere.example/fhir/Patient/1"}},
            "no entry",
        ],
    }
    before = lossless.dumps(sent)
    made = localised(sent, BASE)
    assert lossless.dumps(sent) == before, "what was given stays as it was"
    assert [one["request"]["url"] for one in made["entry"][:3]] == [
        "Observation/1",
        "Patient?family=x",
        "https://elsewhere.example/fhir/Patient/1",
    ]
    told = made["entry"][0]["resource"]
    assert (told["subject"], told["contained"][0]["subject"]) == ({"reference": "Patient/1"},) * 2
    assert {k: v for k, v in told.items() if k not in ("subject", "contained")} == {
        k: v for k, v in resource.items() if k not in ("subject", "contained")
    }
    assert made["entry"][0]["fullUrl"] == entry["fullUrl"]


@pytest.mark.parametrize("sent", [{"resourceType": "Patient", "id": "1"}, [], None, "x", {"entry": 3}])
def test_where_there_is_nothing_to_do_it_is_the_very_same(sent: Any) -> None:
    assert localised(sent, BASE) is sent
    assert localised(sent, "") is sent


def test_bytes_are_looked_at_first() -> None:
    escaped = rb'{"reference": "https:\/\/here.example\/fhir\/Patient\/1"}'
    assert may_hold(f'"{BASE}/Patient/1"'.encode(), BASE)
    assert may_hold(escaped, BASE), "a slash may be spelt in more than one way"
    assert not may_hold(b'{"reference": "Patient/1"}', BASE)
    assert localised(lossless.loads(escaped), BASE) == {"reference": "Patient/1"}
