"""The command's edges: options are bounded, figures go to stdout, refusals are one line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bench.custody import Custody
from bench.ingest import NoPlan, Wanted
from bench.pusher import NotAccepted
from bench.rest import Measured
from bench.rest import Wanted as RestWanted
from gateway.cli import bench as command
from gateway.demo.server import NotRunning
from tests.unit.bench.test_figures import run
from tests.unit.bench.test_rest import measured


def called(*arguments: str) -> Result:
    return CliRunner().invoke(command.bench, arguments)


@pytest.fixture
def wanted(monkeypatch: pytest.MonkeyPatch) -> list[Wanted]:
    asked: list[Wanted] = []

    def pretend(what: Wanted, _today: object, tell) -> object:
        asked.append(what)
        tell("pushing")
        return run()

    monkeypatch.setattr(command, "run", pretend)
    return asked


def test_json_is_all_that_is_printed(wanted: list[Wanted]):
    assert json.loads(called("ingest", "--json").stdout)["resources_per_second"] == 2000


def test_a_person_gets_a_table(wanted: list[Wanted]):
    assert "resources per second" in called("ingest").stdout


def test_options_reach_the_run(wanted: list[Wanted], tmp_path: Path):
    called("ingest", "--bundles", "7", "--entries", "50", "--connections", "3", "--folder", str(tmp_path))
    assert wanted == [Wanted(7, 50, 3, tmp_path, None)]


@pytest.mark.parametrize(
    "arguments",
    [("--bundles", "0"), ("--bundles", "999999"), ("--connections", "999"), ("--folder", "/no/such/folder")],
)
def test_a_run_is_bounded(wanted: list[Wanted], arguments: tuple[str, str]):
    assert called("ingest", *arguments).exit_code == 2
    assert wanted == []


@pytest.mark.parametrize("error", [NotAccepted("refused"), NoPlan("no plan"), NotRunning("port in use")])
def test_what_went_wrong_is_one_line(monkeypatch: pytest.MonkeyPatch, error: Exception):
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(command, "run", fail)
    result = called("ingest")
    assert result.exit_code == 1
    assert result.stderr == f"Error: {error}\n"


@pytest.mark.parametrize(
    ("arguments", "word"), [(("--json",), "cpu_seconds_per_resource"), ((), "CPU per resource")]
)
def test_custody_is_printed(monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], word: str):
    measured = Custody(1, (("split", 0.00001),), (("both halves", 9.0),), (("split", 0.000009),))
    monkeypatch.setattr(command, "run_custody", lambda _bundles: measured)
    result = called("custody", "--bundles", "1", *arguments)
    assert word in result.stdout


def test_a_folder_without_bundles_is_told(tmp_path: Path):
    assert "holds no FHIR transaction" in called("custody", "--folder", str(tmp_path)).stderr


# --- single interactions ------------------------------------------------------------------------------------


def test_lists_of_numbers_reach_the_run(monkeypatch: pytest.MonkeyPatch):
    asked: list[RestWanted] = []

    def pretend(what: RestWanted, _today: object, _tell: object) -> list[Measured]:
        asked.append(what)
        return [measured()]

    monkeypatch.setattr(command, "run_rest", pretend)
    done = called("rest", "--clients", "1,8", "--grow", "1000,5000", "--seconds", "1", "--json")
    assert json.loads(done.stdout)[0]["interaction"] == "read"
    assert (asked[0].clients, asked[0].grow, asked[0].seconds) == ((1, 8), (1000, 5000), 1.0)
    assert "read" in called("rest").stdout
    assert [one.database for one in asked] == ["given", "given"]


def test_a_database_that_nobody_named_is_told_in_one_line(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("CARELOOM_DATABASE_URL", raising=False)
    result = called("rest", "--database", "both")
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: set CARELOOM_DATABASE_URL")
    assert called("rest", "--database", "another").exit_code == 2


@pytest.mark.parametrize("clients", ["0", "99", "many", "1;2"])
def test_a_run_of_single_interactions_is_bounded(clients: str):
    assert called("rest", "--clients", clients).exit_code == 2


def test_what_stopped_it_is_one_line(monkeypatch: pytest.MonkeyPatch):
    def fail(*_: object) -> None:
        raise NotAccepted("refused")

    monkeypatch.setattr(command, "run_rest", fail)
    assert called("rest").output.strip() == "Error: refused"
