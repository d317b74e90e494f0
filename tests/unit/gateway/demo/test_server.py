"""A demo's server is a child with an end: whatever happens, it is gone, and its last words are told."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from gateway.demo import server
from gateway.demo.server import NotRunning, careloom_up

READY = """
import http.server, json, os, sys
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/readyz" else 404)
        self.end_headers()
    def log_message(self, *_): pass
http.server.HTTPServer(("127.0.0.1", int(sys.argv[sys.argv.index("--port") + 1])), Answer).serve_forever()
"""


def pretend(monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    def command_line(*arguments: str) -> Sequence[str]:
        return (sys.executable, "-c", script, *arguments)

    monkeypatch.setattr(server, "command_line", command_line)


def test_it_is_there_inside_the_block_and_gone_after_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    pretend(monkeypatch, READY)
    with careloom_up(tmp_path) as running:
        assert running.process.poll() is None
        running.check()
    assert running.process.poll() is not None


def test_it_is_gone_when_the_block_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    pretend(monkeypatch, READY)
    with pytest.raises(ZeroDivisionError), careloom_up(tmp_path) as running:
        raise ZeroDivisionError
    assert running.process.poll() is not None


def test_its_last_words_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    pretend(monkeypatch, "import sys; print('starting', flush=True); sys.exit('careloom: the disk is full')")
    with pytest.raises(NotRunning, match="the disk is full"), careloom_up(tmp_path):
        pass


def test_what_says_nothing_is_told_as_such(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    pretend(monkeypatch, "raise SystemExit(3)")
    with pytest.raises(NotRunning, match="said nothing"), careloom_up(tmp_path):
        pass


def test_what_never_gets_ready_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    pretend(monkeypatch, "import time; time.sleep(60)")
    monkeypatch.setattr(server, "START_SECONDS", 0.3)
    with pytest.raises(NotRunning, match="not ready"), careloom_up(tmp_path):
        pass


def test_what_does_not_listen_to_reason_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    pretend(monkeypatch, "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)" + READY)
    monkeypatch.setattr(server, "STOP_SECONDS", 0.3)
    with careloom_up(tmp_path) as running:
        pass
    assert running.process.poll() is not None


def test_it_has_its_own_folder_and_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    pretend(monkeypatch, READY)
    monkeypatch.setenv("CARELOOM_DATA_DIR", "/elsewhere")
    with careloom_up(tmp_path, settings={"CARELOOM_RATE": "7"}) as running:
        assert running.environ["CARELOOM_DATA_DIR"] == str(tmp_path / "data")
        assert running.environ["CARELOOM_BASE_URL"] == running.base_url
        assert running.environ["CARELOOM_RATE"] == "7"


def test_a_command_that_fails_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    pretend(monkeypatch, READY)
    with careloom_up(tmp_path) as running:
        pretend(monkeypatch, "import sys; sys.exit('careloom: no such client')")
        with pytest.raises(NotRunning, match="careloom grant add: careloom: no such client"):
            running.command("grant", "add", "--client", "x")


def test_a_commands_json_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    pretend(monkeypatch, READY)
    with careloom_up(tmp_path) as running:
        pretend(monkeypatch, "import json, sys; print(json.dumps(sys.argv[1:]))")
        assert running.command("audit", "verify") == ["audit", "verify", "--json"]
