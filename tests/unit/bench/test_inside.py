"""The stages are those of the real gateway, put together on an installation of its own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench.bundles import Bundle
from bench.inside import stages
from bench.pusher import NotAccepted
from bench.stages import REST, STAGES
from tests.unit.bench.test_custody import OBSERVATION, PATIENT


def bundle(number: int, **changes: object) -> Bundle:
    patient = {**PATIENT, "id": f"p-{number}", **changes}
    seen = {**OBSERVATION, "id": f"o-{number}", "subject": {"reference": f"Patient/p-{number}"}}
    entries = [
        {"resource": r, "request": {"method": "PUT", "url": f"{r['resourceType']}/{r['id']}"}}
        for r in (patient, seen)
    ]
    return Bundle(json.dumps({"resourceType": "Bundle", "type": "transaction", "entry": entries}).encode(), 2)


def test_the_stages_of_real_transactions_are_told(tmp_path: Path):
    told = stages([bundle(number) for number in range(40)], tmp_path / "data")
    assert set(told) <= {name for name, _ in STAGES} | {REST}
    assert sum(told.values()) > 0.0001
    assert all(0 < seconds < 0.1 for seconds in told.values())
    assert (tmp_path / "data" / "careloom.db").exists()


def test_a_bundle_that_is_refused_ends_the_measurement(tmp_path: Path):
    with pytest.raises(NotAccepted, match=r"400|422"):
        stages([bundle(1, gender="no such gender")], tmp_path / "data")
