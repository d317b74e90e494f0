"""Bundles to push are the same each time, and a folder without any is told."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from bench.bundles import NothingToPush, from_folder, generated

DAY = date(2026, 1, 15)
PATIENT = {"resource": {"resourceType": "Patient"}}
DEAD = {"resource": {"resourceType": "Patient", "deceasedDateTime": "2020-02-02"}}


def test_generated_bundles_are_transactions_of_the_size_asked_for():
    made = list(generated(2, 100, DAY))
    assert [bundle.resources for bundle in made] == [100, 100]
    for bundle in made:
        body = json.loads(bundle.body)
        assert body["type"] == "transaction"
        assert len(body["entry"]) == 100


def test_law_11_the_same_seed_and_day_give_the_same_bytes():
    assert list(generated(2, 50, DAY)) == list(generated(2, 50, DAY))
    first, second = generated(2, 50, DAY)
    assert first != second


def test_only_transactions_of_a_folder_are_taken(tmp_path: Path):
    for name, type_ in (
        ("a", "transaction"),
        ("b", "collection"),
        ("c", "transaction"),
        ("d", "transaction"),
    ):
        (tmp_path / f"{name}.json").write_text(json.dumps({"type": type_, "entry": [PATIENT, DEAD]}))
    assert [bundle.resources for bundle in from_folder(tmp_path, 2)] == [2, 2]


def test_a_folder_without_transactions_is_told(tmp_path: Path):
    with pytest.raises(NothingToPush, match="holds no FHIR transaction"):
        list(from_folder(tmp_path, 5))


@pytest.mark.parametrize(
    ("entry", "living"), [(PATIENT, True), (DEAD, False), ({"resource": {"resourceType": "List"}}, False)]
)
def test_only_the_living_are_waited_for(tmp_path: Path, entry: dict, living: bool):
    (tmp_path / "a.json").write_text(json.dumps({"type": "transaction", "entry": [entry]}))
    assert [bundle.living for bundle in from_folder(tmp_path, 1)] == [living]
