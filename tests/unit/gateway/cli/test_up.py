"""``careloom up`` and ``careloom broker`` at the command line: what they hand on."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from gateway.cli.main import main
from gateway.run import everything, valkey
from gateway.run.everything import Plan
from gateway.run.trouble import Trouble


@pytest.fixture
def plans(monkeypatch: pytest.MonkeyPatch) -> list[Plan]:
    asked: list[Plan] = []
    monkeypatch.setattr(everything, "run", lambda plan, _say: asked.append(plan))
    monkeypatch.setattr(everything, "workers_by_default", lambda: 5)
    monkeypatch.setenv("CARELOOM_DATA_DIR", "elsewhere")
    monkeypatch.setenv("CARELOOM_GATEWAYS", "")
    return asked


def test_nothing_said_is_the_machine_itself(plans: list[Plan]) -> None:
    assert main(["up"]) == 0
    (plan,) = plans
    assert (plan.host, plan.port, plan.workers) == ("127.0.0.1", 8080, 5)


def test_what_is_said_is_handed_on(plans: list[Plan], tmp_path: Path) -> None:
    words = ["--host", "::1", "--port", "9000", "--workers", "2", "--gateways", "3"]
    words += ["--data-dir", str(tmp_path)]
    assert main(["up", *words]) == 0
    (plan,) = plans
    assert (plan.url, plan.workers) == ("http://[::1]:9000", 2)
    assert plan.environ["CARELOOM_DATA_DIR"] == str(tmp_path)
    assert plan.environ["CARELOOM_GATEWAYS"] == "3"


@pytest.mark.parametrize(
    "words", [("--workers", "0"), ("--gateways", "0"), ("--workers", "257"), ("--port", "eighty")]
)
def test_what_makes_no_sense_is_a_usage_error(plans: list[Plan], words: tuple[str, str]) -> None:
    assert main(["up", *words]) == 2
    assert plans == []


def test_trouble_is_one_line_and_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(_plan: Plan, _say: object) -> None:
        raise Trouble("Choose another port.")

    monkeypatch.setattr(everything, "run", run)
    assert main(["up"]) == 1
    assert capsys.readouterr().err == "careloom: Choose another port.\n"


def test_the_broker_serves_the_same_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    served: list[tuple[Path, Mapping[str, str]]] = []
    monkeypatch.setenv("CARELOOM_DATA_DIR", "elsewhere")
    monkeypatch.setattr(valkey, "serve", lambda folder, environ, _say: served.append((folder, environ)))
    assert main(["broker", "--data-dir", str(tmp_path)]) == 0
    assert [folder for folder, _ in served] == [tmp_path]
