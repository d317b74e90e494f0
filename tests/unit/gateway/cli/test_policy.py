"""``careloom policy check`` from the outside."""

from __future__ import annotations

import json
from importlib.resources import files
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


def loosened(tmp_path: Path) -> str:
    mine = tmp_path / "mine.toml"
    text = files("gateway.privacy").joinpath("policies", "clinical.toml").read_text("utf-8")
    assert text.count('\nstring = "withhold"\n') == 1
    mine.write_text(text.replace('\nstring = "withhold"\n', '\nstring = "keep"\n'), "utf-8")
    return str(mine)


def test_a_loosened_policy_is_well_formed_and_said_to_be_looser(tmp_path: Path) -> None:
    result = CliRunner().invoke(policy, ["check", loosened(tmp_path), "--type", "Account"])
    assert result.exit_code == 0
    assert "well-formed" in result.output
    assert "fit for use" not in result.output
    assert "looser Account.name: keep; shipped: withhold" in result.output
    assert "looser Appointment" not in result.output
    assert "547 elements are kept that the shipped policy clinical withholds" in result.output


def test_strict_ends_with_1_where_something_is_looser(tmp_path: Path) -> None:
    assert CliRunner().invoke(policy, ["check", loosened(tmp_path), "--strict", "--json"]).exit_code == 1
    assert CliRunner().invoke(policy, ["check", "--strict", "--json"]).exit_code == 0


def test_the_page_and_json_tell_the_differences(tmp_path: Path) -> None:
    page, mine = tmp_path / "policy.html", loosened(tmp_path)
    result = CliRunner().invoke(policy, ["check", mine, "--json", "--html", str(page)])
    found = json.loads(result.output)["differences"]
    assert (found["shipped"], found["uncovered"], found["looser"], found["tighter"]) == (
        "clinical",
        547,
        547,
        0,
    )
    assert {"way": "looser", "action": "keep", "shipped": "withhold"}.items() <= found["rows"][0].items()
    text = page.read_text("utf-8")
    assert text.count('<td class="bad">looser</td>') == 547
    assert '<span class="bad">547 elements are kept' in text


def test_a_release_is_compared_with_the_profile_that_is_named() -> None:
    limited = CliRunner().invoke(
        policy, ["check", "partner-limited", "--against", "partner-shifted", "--strict"]
    )
    assert limited.exit_code == 1
    assert "looser CarePlan.created: keep; shipped: year" in limited.output
    other = CliRunner().invoke(policy, ["check", "partner-limited", "--against", "clinical"])
    assert (other.exit_code, other.output.startswith("Error: ")) == (1, True)


def test_a_gap_ends_with_1(tmp_path: Path) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text('name = "mine"\nkind = "split"\n[types]\nboolean = "keep"\nstrnig = "keep"\n', "utf-8")
    result = CliRunner().invoke(policy, ["check", str(mine), "--type", "Patient"])
    assert result.exit_code == 1
    assert "dead strnig" in result.output
    assert "not well-formed" in result.output


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
    assert "not well-formed" in page.read_text("utf-8")


def test_a_page_that_cannot_be_written_is_said_in_one_line(tmp_path: Path) -> None:
    result = CliRunner().invoke(policy, ["check", "--html", str(tmp_path / "none" / "policy.html")])
    assert (result.exit_code, result.output.count("\n")) == (1, 1)
    assert "cannot be written" in result.output
