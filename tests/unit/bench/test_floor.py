"""The floor does the work that it claims to do."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

from bench.floor import floor

NAME = "Hermiston"


def bundle(count: int) -> bytes:
    patient = {"resourceType": "Patient", "name": [{"family": NAME}]}
    entries = [{"fullUrl": f"urn:uuid:{number}", "resource": patient} for number in range(count)]
    return json.dumps({"resourceType": "Bundle", "entry": entries}).encode()


def test_every_resource_is_stored_sealed(tmp_path: Path):
    measured = floor([bundle(3), bundle(2)], tmp_path)
    rows = sqlite3.connect(tmp_path / "floor.db").execute("SELECT id, sealed FROM resource").fetchall()
    assert measured.resources == len(rows) == 5
    assert not [sealed for _, sealed in rows if NAME.encode() in sealed]
    assert {len(id_) for id_, _ in rows} == {16}


def test_it_says_what_it_took(tmp_path: Path):
    measured = floor([bundle(10)], tmp_path)
    assert measured.seconds > 0
    assert measured.per_second == 10 / measured.seconds
    assert measured.bytes == (tmp_path / "floor.db").stat().st_size
