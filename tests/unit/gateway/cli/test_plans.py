"""``careloom plans``: what was counted; a rule that is declined too often flags itself."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import insert

from gateway.cli.knowledge import knowledge
from gateway.cli.plans import plans
from gateway.custody.database import Database, Side
from gateway.custody.deciding import Decision, count
from gateway.custody.founding import found
from gateway.custody.ids import Tenant
from gateway.custody.settings import Storage
from gateway.custody.tables import organization
from workers.engine.knowledge import load

HOSPITAL = Tenant(3)


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    """An installation in which one rule was declined 18 times of 20."""
    monkeypatch.setenv("CARELOOM_DATA_DIR", str(tmp_path))
    storage = Storage.from_environ({"CARELOOM_DATA_DIR": str(tmp_path)})
    found(storage)
    rule = next(one.rule for one in load().guidelines if one.rule.id == "statin-diabetes")
    made = Database.open(storage.database_url, Side.TRUSTED)
    outcomes = ["declined"] * 18 + ["accepted"] * 2
    with made.write() as conn:
        conn.execute(insert(organization).values(number=HOSPITAL, name="st-anna", created=1))
        decisions = [
            Decision(
                bytes([n]) * 16, rule.id, rule.version, outcome, "not-now" if outcome == "declined" else ""
            )
            for n, outcome in enumerate(outcomes)
        ]
        count(conn, HOSPITAL, decisions, time.time_ns() // 1000)
    made.close()
    return CliRunner()


def test_the_report_counts_by_hospital_rule_and_version(told: CliRunner) -> None:
    (row,) = json.loads(told.invoke(plans, ["report", "--json"]).output)["rules"]
    assert (row["organization"], row["rule"]) == ("st-anna", "statin-diabetes")
    assert (row["accepted"], row["declined"], row["ignored"], row["open"]) == (2, 18, 0, 0)
    assert (row["override_percent"], row["flagged"], row["reasons"]) == (90.0, True, {"not-now": 18})
    assert (
        json.loads(told.invoke(plans, ["report", "--json", "--organization", "other"]).output)["rules"] == []
    )


def test_the_report_is_told_to_people(told: CliRunner) -> None:
    shown = told.invoke(plans, ["report"], env={"COLUMNS": "160"}).output
    assert "90 % !" in shown


def test_the_rule_flags_itself_in_the_list_of_rules(told: CliRunner) -> None:
    rows = json.loads(told.invoke(knowledge, ["list", "--json"]).output)
    assert [row["id"] for row in rows if row["overridden"]] == ["statin-diabetes"]


def test_the_reasons_are_listed_for_people_and_programs() -> None:
    told = json.loads(CliRunner().invoke(plans, ["reasons", "--json"]).output)
    assert told["system"] == "urn:careloom:decision-reason"
    assert {"patient-declines", "not-now", "done-by-data"} <= {one["code"] for one in told["codes"]}
    assert "patient-declines" in CliRunner().invoke(plans, ["reasons"]).output
