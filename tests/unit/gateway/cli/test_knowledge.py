"""``careloom knowledge``: what it prints, and when it fails."""

from __future__ import annotations

import json
import shutil
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner

from gateway.cli.knowledge import _told, knowledge
from workers.engine.knowledge import SHIPPED, load


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One of the packs that ship, in a folder of its own."""
    folder = tmp_path / "knowledge"
    shutil.copytree(SHIPPED / "cardiorenal-metabolic", folder / "cardiorenal-metabolic")
    return folder


@pytest.fixture
def spoiled(folder: Path) -> Path:
    path = folder / "cardiorenal-metabolic/plan-definitions/acr-due.json"
    path.write_text(path.read_text().replace("%urine_acr.recorded", "%urine_acr.recordet"))
    return folder


def test_list_names_every_rule_with_its_source():
    rows = json.loads(CliRunner().invoke(knowledge, ["list", "--json"]).output)
    assert "metformin-kidney" in {row["id"] for row in rows}
    assert all(row["source"]["url"] and row["review"] and row["strength"] for row in rows)


def test_list_is_a_table_for_people():
    told = CliRunner().invoke(knowledge, ["list"])
    assert told.exit_code == 0
    assert "Strength" in told.output


def test_check_passes_on_a_sound_folder(folder: Path):
    told = CliRunner().invoke(knowledge, ["check", "--folder", str(folder), "--json"])
    report = json.loads(told.output)
    assert told.exit_code == 0
    assert report["ok"]
    assert report["cases"] > report["rules"] > 0
    assert report["on"] == report["rules"]


def test_check_fails_and_names_the_fault(spoiled: Path):
    told = CliRunner().invoke(knowledge, ["check", "--folder", str(spoiled)])
    assert told.exit_code == 1
    assert "acr-due.json" in told.output
    assert "urine_acr.recordet" in told.output


def test_check_names_what_is_overdue_for_review(folder: Path):
    rules = load(folder).every
    assert not _told(rules, None, [], 0, date(2026, 11, 22))["review_overdue"]
    assert _told(rules, None, [], 0, date(2027, 11, 22))["review_overdue"]
