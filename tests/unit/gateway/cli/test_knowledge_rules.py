"""``careloom knowledge switch|recall|shadow|list``: what an operator types, and what it prints."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from gateway.auth import registry
from gateway.cli.knowledge import knowledge
from gateway.custody.settings import Storage
from gateway.custody.tables import audit_event
from gateway.rulebook import shelf
from gateway.rulebook.refused import Refused
from gateway.run.trouble import Trouble
from tests.desk import NOW, Desk
from workers.engine.knowledge import SHIPPED, load

RULE = "obesity-help"
WHY = ("--reason", "ward round of 3 March")
AT = ("--organization", "St Anna")


@pytest.fixture
def desk(sqlite_storage: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """An installation with one hospital, whose knowledge is one small pack."""
    base = tmp_path / "base"
    shutil.copytree(SHIPPED / "lifestyle", base / "lifestyle")
    known = load(base)
    monkeypatch.setattr(shelf, "SHIPPED", base)
    monkeypatch.setattr(shelf, "_shipped", lambda: known)
    monkeypatch.setenv("CARELOOM_DATA_DIR", str(sqlite_storage.data_dir))
    desk = Desk(sqlite_storage)
    with desk.vault.database.write() as conn:
        registry.add_organization(conn, "St Anna", NOW)
    yield desk
    desk.close()


def types(*words: str) -> Result:
    return CliRunner().invoke(knowledge, list(words))


def prints(*words: str) -> Any:
    told = types(*words, "--json")
    assert told.exit_code == 0, told.exception
    return json.loads(told.stdout)


def refuses(*words: str) -> str:
    told = types(*words)
    assert isinstance(told.exception, (Refused, Trouble)), told.output
    return str(told.exception)


def listed(*more: str) -> dict[str, Any]:
    return {row["id"]: row for row in prints("list", *more)}


def test_a_rule_is_switched_for_one_hospital_and_listed_so(desk: Desk):
    told = prints("switch", RULE, *AT, "--on", "--threshold", "bmi=27.5", *WHY)
    assert (told["state"], told["version"]) == ("on", "1.0.0+bmi-27.5")
    assert told["thresholds"][0]["value"] == "27.5"
    assert listed()[RULE]["state"] == "off"
    here = listed(*AT)[RULE]
    assert (here["state"], here["version"]) == ("on", "1.0.0+bmi-27.5")
    limits = {name: here["thresholds"][0][name] for name in ("published", "from", "to", "unit")}
    assert limits == {"published": "30", "from": "27.5", "to": "35", "unit": "kg/m2"}
    assert prints("switch", RULE, *AT, "--published", *WHY)["state"] == "off"
    assert listed(*AT)[RULE]["state"] == "off"


def test_the_trail_says_who_switched_what_to_what_and_why(desk: Desk):
    types("switch", RULE, *AT, "--shadow", *WHY)
    (event,) = (one for one in desk.rows(audit_event) if one.kind == "knowledge:switch")
    assert event.detail == f"{RULE}@1.0.0: shadow; ward round of 3 March"
    assert event.user.startswith("urn:careloom:login|")


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("switch", RULE, *AT, *WHY), "Say --on, --off, --shadow or --published"),
        (("switch", "nothing", *AT, "--on", *WHY), "no such rule"),
        (("switch", RULE, "--organization", "Nowhere", "--on", *WHY), "No organization has this name"),
        (("switch", RULE, *AT, "--threshold", "bmi=50", *WHY), "from 27.5 to 35"),
        (("switch", RULE, *AT, "--threshold", "bmi=NaN", *WHY), "from 27.5 to 35"),
        (("switch", RULE, *AT, "--threshold", "height=2", *WHY), "it has: bmi"),
        (("switch", "tobacco-ask", *AT, "--threshold", "bmi=30", *WHY), "it has: none"),
        (("switch", RULE, *AT, "--on", "--reason", "a\nb"), "one line"),
        (("recall", RULE, *WHY), "RULE@VERSION"),
        (("shadow", RULE, *AT), "not in shadow there"),
    ],
)
def test_what_cannot_be_is_refused_with_what_to_do(desk: Desk, words: tuple[str, ...], why: str):
    assert why in refuses(*words)
    assert not [one for one in desk.rows(audit_event) if one.kind.startswith("knowledge:")]


def test_a_threshold_that_is_no_number_is_refused(desk: Desk):
    told = types("switch", RULE, *AT, "--threshold", "bmi=high", *WHY)
    assert told.exit_code == 2
    assert "NAME=NUMBER" in told.output


def test_a_recall_is_listed_for_everybody_and_repeats_quietly(desk: Desk):
    types("switch", RULE, *AT, "--on", *WHY)
    told = prints("recall", f"{RULE}@1.0.0", *WHY)
    assert told == {"rule": RULE, "version": "1.0.0", "new": True, "waiting": 0, "accepted": []}
    assert not prints("recall", f"{RULE}@1.0.0", "--reason", "another")["new"]
    assert listed()[RULE]["state"] == listed(*AT)[RULE]["state"] == "recalled"
    assert "was already recalled" in types("recall", f"{RULE}@1.0.0", *WHY).output


def test_another_version_is_not_recalled_with_it(desk: Desk):
    prints("recall", f"{RULE}@0.9.0", *WHY)
    assert listed()[RULE]["state"] == "off"


def test_a_rule_in_shadow_is_counted(desk: Desk):
    types("switch", RULE, *AT, "--shadow", *WHY)
    told = prints("shadow", RULE, *AT)
    assert (told["true"], told["false"], told["unknown"]) == (0, 0, 0)
    assert "would speak for 0 patient(s)" in types("shadow", RULE, *AT).output


def test_without_an_installation_what_ships_is_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CARELOOM_DATA_DIR", str(tmp_path / "none"))
    monkeypatch.delenv("CARELOOM_DATABASE_URL", raising=False)
    assert "No organization has this name" in refuses("list", *AT)
    assert not (tmp_path / "none").exists()
