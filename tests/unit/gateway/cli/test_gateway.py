"""``careloom gateway``: how the server is set up, and what is said when it cannot be."""

from __future__ import annotations

import gc
import signal
import socket
from collections.abc import Iterator
from hashlib import sha256
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from gateway.cli import gateway as command
from gateway.cli.main import main
from gateway.custody.ids import SYSTEM
from gateway.custody.settings import Storage
from gateway.custody.tables import audit_event
from gateway.privacy.policy import load


class Server:
    """What waitress would make."""

    made: dict[str, Any]

    def __init__(self, app: Any, **options: Any) -> None:
        Server.made = {"app": app, **options}

    def run(self) -> None:
        Server.made["ran"] = True


@pytest.fixture
def place(sqlite_storage: Storage, monkeypatch: pytest.MonkeyPatch) -> Iterator[Storage]:
    monkeypatch.setenv("CARELOOM_DATA_DIR", str(sqlite_storage.data_dir))
    thresholds, before = gc.get_threshold(), signal.getsignal(signal.SIGTERM)
    yield sqlite_storage
    gc.set_threshold(*thresholds)
    gc.unfreeze()
    signal.signal(signal.SIGTERM, before)


def told(app: Any) -> list[str]:
    """The kinds in the system log."""
    c = audit_event.c
    with app.extensions["careloom_vault"].database.read() as conn:
        return list(conn.scalars(select(c.kind).where(c.log == SYSTEM).order_by(c.seq)))


def test_it_serves_what_was_asked_for(place: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.run.serving.create_server", Server)
    monkeypatch.setenv("CARELOOM_THREADS", "7")
    monkeypatch.setenv("CARELOOM_BODY_LIMIT", "4096")
    assert main(["gateway", "--host", "127.0.0.1", "--port", "8765"]) == 0
    made = Server.made
    assert (made["host"], made["port"], made["threads"]) == ("127.0.0.1", 8765, 7)
    assert made["ran"]
    assert made["connection_limit"] >= 800
    # The application answers what is too large, with an OperationOutcome, so it must see that it is.
    assert made["max_request_body_size"] == 4097
    assert made["ident"] is None, "the server does not say what it is made of"
    assert told(made["app"]) == ["system:start", "system:stop"]
    made["app"].extensions["careloom_vault"].close()


def test_the_policies_in_force_stand_in_the_trail_so_that_a_change_is_seen(
    place: Storage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    own = tmp_path / "own.toml"
    own.write_text(files("gateway.privacy").joinpath("policies", "clinical.toml").read_text("utf-8"))
    monkeypatch.setattr("gateway.run.serving.create_server", Server)
    monkeypatch.setenv("CARELOOM_POLICY", str(own))
    c, details = audit_event.c, []
    for line in ("", "# another line\n"):
        own.write_text(own.read_text("utf-8") + line)
        assert main(["gateway", "--port", "8765"]) == 0
        with Server.made["app"].extensions["careloom_vault"].database.read() as conn:
            mine = select(c.detail).where(c.kind == "system:start").order_by(c.seq.desc()).limit(1)
            details.append(conn.scalar(mine))
        Server.made["app"].extensions["careloom_vault"].close()
    released, digest = load("partner-limited"), sha256(own.read_bytes()).hexdigest()
    started = version("careloom")
    assert details[1] == f"{started}; clinical sha256:{digest}; partner-limited sha256:{released.digest}"
    assert details[0] == details[1].replace(digest, load("clinical").digest)


def test_on_term_it_lets_running_requests_finish_and_leaves_with_0(
    place: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.run.serving.create_server", Server)
    assert main(["gateway", "--port", "8765"]) == 0
    handler = signal.getsignal(signal.SIGTERM)
    assert callable(handler)
    with pytest.raises(SystemExit) as left:
        handler(signal.SIGTERM, None)
    assert left.value.code == 0
    Server.made["app"].extensions["careloom_vault"].close()


def test_a_port_that_is_taken_is_one_line_with_the_way_out(
    place: Storage, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert main(["gateway", "--port", port]) == 1
    said = capsys.readouterr().err
    assert [line for line in said.splitlines() if port in line and "--port" in line]
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("name", "value"), [("CARELOOM_THREADS", "0"), ("CARELOOM_BASE_URL", "x"), ("CARELOOM_THREAD", "4")]
)
def test_a_wrong_setting_is_one_line_that_names_it(
    place: Storage, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    monkeypatch.setattr("gateway.run.serving.create_server", lambda *_, **__: pytest.fail("it was served"))
    assert main(["gateway", "--port", "0"]) == 1
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert line.startswith(f"careloom: {name}")


def test_the_collector_is_calmed_and_not_switched_off(place: Storage) -> None:
    command._calm_collector()
    assert gc.isenabled()
    assert gc.get_threshold()[0] > 700
