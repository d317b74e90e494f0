"""``careloom policy check`` from the outside."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from gateway.cli.policy import policy
from gateway.privacy.policy import PolicyRefused


def test_the_shipped_policy_passes() -> None:
    result = CliRunner().invoke(policy, ["check", "--type", "Patient"])
    assert result.exit_code == 0
    assert "Patient.birthDate" in result.output
    assert "nothing dead, shadowed or undecided" in result.output


def test_json_holds_every_row() -> None:
    result = CliRunner().invoke(policy, ["check", "partner-limited", "--json"])
    report = json.loads(result.output)
    assert report["ok"] is True
    assert {"type", "path", "kind", "action", "line"} == report["rows"][0].keys()


def test_a_gap_ends_with_1(tmp_path: Path) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text('name = "mine"\nkind = "split"\n[types]\nboolean = "keep"\nstrnig = "keep"\n', "utf-8")
    result = CliRunner().invoke(policy, ["check", str(mine), "--type", "Patient"])
    assert result.exit_code == 1
    assert "dead strnig" in result.output
    assert "not fit for use" in result.output


@pytest.mark.parametrize("arguments", [["check", "no-such-policy"], ["check", "--type", "Hopkins"]])
def test_what_cannot_be_checked_is_said_in_one_line(arguments: list[str]) -> None:
    result = CliRunner().invoke(policy, arguments)
    assert result.exit_code == 1
    assert result.output.startswith("Error: ")
    assert not isinstance(result.exception, PolicyRefused)
