"""The play with stand-ins for the server and its clients: its scenes, and every way in which it ends."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
from click.testing import CliRunner, Result

from gateway.cli import demo as command
from gateway.demo import session
from gateway.demo.client import Declined
from gateway.demo.server import NotRunning
from gateway.demo.session import Arrival, Cast

ADA = Arrival("Patient/1", "Ada Lovelace", "1970-12-10", living=True)
EVE = Arrival("Patient/2", "Eve Nobody", "1920-01-01", living=False)
DETAIL = {"code": {"text": "Measure HbA1c"}, "description": "Routine.\nWhy: It is a year old."}
PLAN = {"subject": {"reference": "Patient/1"}, "activity": [{"detail": DETAIL}]}


class Somebody:
    def token(self) -> str:
        return "token"

    def get(self, _reference: str) -> dict:
        return {"code": {"text": "Type 2 diabetes"}}


class Server:
    base_url = "http://127.0.0.1:1234"

    def __init__(self, failure: BaseException | None) -> None:
        self.failure = failure
        self.stopped = False

    def command(self, *arguments: str) -> dict:
        if arguments[:2] == ("officer", "add"):
            return {"link": "http://127.0.0.1/console/welcome/once"}
        assert arguments == ("audit", "verify")
        return {"ok": True}

    def check(self) -> None:
        if self.failure is not None:
            raise self.failure


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Server:
    server = Server(None)

    @contextmanager
    def careloom_up(folder: Path, _port: int, _settings: object) -> Iterator[Server]:
        assert folder.is_dir()
        try:
            yield server
        finally:
            server.stopped = True

    cast = Cast(Somebody(), Somebody(), Somebody())  # type: ignore[arg-type]
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    monkeypatch.setattr(command, "careloom_up", careloom_up)
    monkeypatch.setattr(command, "LOOK_SECONDS", 0.01)
    monkeypatch.delenv("CARELOOM_DATABASE_URL", raising=False)
    monkeypatch.setattr(session, "cast", lambda _server: cast)
    monkeypatch.setattr(session, "admit", lambda *_: iter([ADA, EVE]))
    monkeypatch.setattr(session, "wait_for_plans", lambda _h, _a, seen, _alive: seen(1))
    monkeypatch.setattr(session, "plans", lambda _reader: {"Patient/1": PLAN})
    monkeypatch.setattr(session, "trail", lambda _officer: Counter({"rest:create": 60}))
    return server


def shown(*arguments: str) -> Result:
    return CliRunner().invoke(command.demo, arguments, env={"COLUMNS": "160"})


def test_it_shows_whom_what_and_why_and_ends(stage: Server):
    result = shown("--exit")
    assert result.exit_code == 0, result.output
    for word in (
        "Ada Lovelace",
        "Measure HbA1c",
        "It is a year old.",
        "no plan: has died",
        "whole",
    ):
        assert word in result.output
    assert "export" not in result.output, "nobody is invited to a server that is gone"
    assert stage.stopped


def test_it_serves_until_it_is_interrupted(stage: Server):
    stage.failure = KeyboardInterrupt()
    result = shown()
    assert result.exit_code == 0
    assert "goes on serving" in result.output
    assert "export FHIR=" in result.output
    assert "nothing is left behind" in result.output
    assert stage.stopped


def test_a_server_that_dies_while_it_serves_is_told(stage: Server):
    stage.failure = NotRunning("the disk is full")
    result = shown()
    assert isinstance(result.exception, NotRunning)
    assert stage.stopped


def declined() -> Declined:
    answer = requests.Response()
    answer.status_code = 403
    answer._content = b"{}"
    return Declined(answer)


@pytest.mark.parametrize(
    ("error", "words"),
    [(declined(), "declined a request"), (requests.ConnectionError(), "stopped answering")],
)
def test_a_scene_that_fails_is_one_line(
    stage: Server, monkeypatch: pytest.MonkeyPatch, error: Exception, words: str
):
    def fail(_server: object) -> None:
        raise error

    monkeypatch.setattr(session, "cast", fail)
    result = shown("--exit")
    assert result.exit_code == 1
    assert words in result.stderr
    assert stage.stopped


@pytest.mark.parametrize(
    "arguments", [("--patients", "0"), ("--patients", "501"), ("--port", "70000"), ("--seed", "-1")]
)
def test_nonsense_is_refused_before_anything_starts(stage: Server, arguments: tuple[str, str]):
    assert shown(*arguments).exit_code == 2
    assert not stage.stopped
