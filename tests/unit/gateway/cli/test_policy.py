"""``careloom policy check`` from the outside."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from gateway.cli.policy import policy
from gateway.privacy.policy import PolicyRefused, load


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


def test_the_page_that_an_officer_signs_is_written(tmp_path: Path) -> None:
    page = tmp_path / "policy.html"
    result = CliRunner().invoke(policy, ["check", "--html", str(page)])
    assert (result.exit_code, result.output.count("\n")) == (0, 1)
    assert load("clinical").digest in page.read_text("utf-8")


def test_the_page_of_a_policy_that_is_not_fit_says_so_and_ends_with_1(tmp_path: Path) -> None:
    mine, page = tmp_path / "mine.toml", tmp_path / "policy.html"
    mine.write_text('name = "mine"\nkind = "split"\n[types]\nboolean = "keep"\n', "utf-8")
    result = CliRunner().invoke(policy, ["check", str(mine), "--html", str(page)])
    assert result.exit_code == 1
    assert "not fit for use" in page.read_text("utf-8")


def test_a_page_that_cannot_be_written_is_said_in_one_line(tmp_path: Path) -> None:
    result = CliRunner().invoke(policy, ["check", "--html", str(tmp_path / "none" / "policy.html")])
    assert (result.exit_code, result.output.count("\n")) == (1, 1)
    assert "cannot be written" in result.output
