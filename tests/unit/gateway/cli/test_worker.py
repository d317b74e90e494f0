"""The commands that become another process: what they turn into, and with which environment."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.cli.main import main
from gateway.custody.identity.vault import open_vault
from gateway.custody.ids import SYSTEM
from gateway.custody.providers import keyfile
from gateway.custody.settings import Storage
from gateway.run import checks, processes

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
    for name in ("worker", "relay", "courier"):
        monkeypatch.setattr(checks, name, lambda _environ: None)
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


# --- what is not there is said before anything becomes another process ------------------------------------

PARTS = pytest.mark.parametrize("name", ["worker", "relay", "courier"])


@pytest.fixture
def refused(
    monkeypatch: pytest.MonkeyPatch, sqlite_storage: Storage, capsys: pytest.CaptureFixture[str]
) -> Callable[[str], str]:
    """The one line with which a command gives up."""
    monkeypatch.setattr(os, "execve", lambda *_: pytest.fail("it was started"))
    monkeypatch.setenv("CARELOOM_DATA_DIR", str(sqlite_storage.data_dir))
    monkeypatch.setenv("CARELOOM_BROKER_URL", "redis://127.0.0.1:1/0")

    def run(name: str) -> str:
        assert main([name]) == 1
        (line,) = capsys.readouterr().err.splitlines()
        return line

    return run


@PARTS
def test_without_a_broker(refused: Callable[[str], str], monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.delenv("CARELOOM_BROKER_URL")
    assert "CARELOOM_BROKER_URL" in refused(name)


@PARTS
def test_without_a_database_server(
    refused: Callable[[str], str], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("CARELOOM_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nothing")
    assert refused(name) == "careloom: The database server does not answer."


@PARTS
def test_without_a_database(refused: Callable[[str], str], sqlite_storage: Storage, name: str) -> None:
    (sqlite_storage.data_dir / "careloom.db").unlink()
    assert "missing" in refused(name)


@pytest.mark.parametrize("name", ["worker", "courier", "gateway"])
def test_with_a_key_that_is_another_ones(
    refused: Callable[[str], str], sqlite_storage: Storage, name: str
) -> None:
    vault = open_vault(sqlite_storage)
    vault.of(SYSTEM)
    vault.close()
    sqlite_storage.key_paths.clinical.unlink()
    keyfile.create(sqlite_storage.key_paths.clinical)
    assert "clinical.key is not the key that this key store was made with" in refused(name)


@PARTS
def test_with_a_setting_that_is_misspelt(
    refused: Callable[[str], str], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("CARELOOM_BODY_LIMT", "3")
    assert "did you mean CARELOOM_BODY_LIMIT?" in refused(name)


@pytest.mark.parametrize("app", ["workers.app", "gateway.courier"])
@pytest.mark.parametrize("spoilt", [{}, {"CARELOOM_BODY_LIMT": "3"}], ids=["no broker", "misspelt"])
def test_celery_itself_says_it_in_one_line_too(tmp_path: Path, app: str, spoilt: dict[str, str]) -> None:
    own = {name: value for name, value in os.environ.items() if not name.startswith("CARELOOM_")}
    ran = subprocess.run(
        [sys.executable, "-m", "celery", "-A", app, "worker"],
        env={**own, "CARELOOM_DATA_DIR": str(tmp_path), **spoilt},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 1
    (line,) = ran.stderr.strip().splitlines()
    assert line.startswith("careloom: ")
