"""The commands that become another process: what they turn into, and with which environment."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.cli.main import main
from gateway.run import processes

SECRETS = {
    "CARELOOM_IDENTITY_KEY_FILE": "/keys/identity.key",
    "CARELOOM_AUDIT_KEY_FILE": "/keys/audit.key",
    "CARELOOM_CLINICAL_KEY_FILE": "/keys/clinical.key",
    "SOMEBODYS_PASSWORD": "hunter2",
}
Became = tuple[str, list[str], dict[str, str]]


@pytest.fixture
def becoming(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Became]:
    """Run a command that ends in ``execve`` and say what it would have become."""
    became: list[Became] = []
    monkeypatch.setattr(os, "execve", lambda *arguments: became.append(arguments))
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("CARELOOM_DATA_DIR", "elsewhere")

    def run(*words: str) -> Became:
        assert main([*words, "--data-dir", str(tmp_path)]) == 0
        (found,) = became
        return found

    return run


@pytest.mark.parametrize("name", ["worker", "relay"])
def test_law_3_the_clinical_side_becomes_a_process_that_knows_of_no_identity_key(
    becoming: Callable[..., Became], name: str, tmp_path: Path
) -> None:
    program, line, environ = becoming(name)
    assert program == line[0]
    assert environ["CARELOOM_DATA_DIR"] == str(tmp_path)
    told = "\n".join([*line, *environ, *environ.values()])
    assert not [word for word in ("identity", "IDENTITY", "audit.key", "hunter2") if word in told]
    assert environ.keys() <= processes.WORKER_VARIABLES | {"REMAP_SIGTERM"}


def test_the_worker_holds_the_clinical_key_and_the_relay_none(becoming: Callable[..., Became]) -> None:
    assert becoming("worker")[2]["CARELOOM_CLINICAL_KEY_FILE"] == "/keys/clinical.key"


def test_the_relay_holds_no_key(becoming: Callable[..., Became]) -> None:
    assert not [name for name in becoming("relay")[2] if "KEY" in name]


def test_the_courier_is_of_the_trusted_side(becoming: Callable[..., Became]) -> None:
    _, line, environ = becoming("courier")
    assert "gateway.courier" in line
    assert SECRETS.items() <= environ.items()


def test_the_worker_takes_a_number_of_processes(becoming: Callable[..., Became]) -> None:
    _, line, _ = becoming("worker", "--workers", "7")
    assert line[line.index("--concurrency") + 1] == "7"


@pytest.mark.parametrize("number", ["0", "-1", "257", "many"])
def test_a_number_that_makes_no_sense_is_a_usage_error(
    monkeypatch: pytest.MonkeyPatch, number: str, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(os, "execve", lambda *_: pytest.fail("it was started"))
    assert main(["worker", "--workers", number]) == 2
    assert "--workers" in capsys.readouterr().err
