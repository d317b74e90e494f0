"""``careloom gateway``: what it hands on, and what is said when it cannot serve."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from pathlib import Path

import pytest

from gateway.cli.main import main
from gateway.custody.settings import Storage
from gateway.run import gateways, member
from gateway.run.passed import Passed


@pytest.fixture
def place(sqlite_storage: Storage, monkeypatch: pytest.MonkeyPatch) -> Storage:
    monkeypatch.setenv("CARELOOM_DATA_DIR", str(sqlite_storage.data_dir))
    monkeypatch.setenv("CARELOOM_GATEWAYS", "")
    return sqlite_storage


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Mapping[str, str], str, int]]:
    told: list[tuple[Mapping[str, str], str, int]] = []
    monkeypatch.setattr(gateways, "run", lambda *given: told.append(given))
    return told


@pytest.mark.usefixtures("place")
def test_what_is_said_is_handed_on(asked: list[tuple[Mapping[str, str], str, int]]) -> None:
    assert main(["gateway", "--host", "::1", "--port", "8765", "--gateways", "3"]) == 0
    ((environ, host, port),) = asked
    assert (host, port, environ["CARELOOM_GATEWAYS"]) == ("::1", 8765, "3")


@pytest.mark.usefixtures("place", "asked")
@pytest.mark.parametrize("number", ["0", "65", "many"])
def test_a_number_of_processes_that_makes_no_sense_is_a_usage_error(number: str) -> None:
    assert main(["gateway", "--gateways", number]) == 2


@pytest.mark.usefixtures("place")
def test_one_that_was_passed_its_files_serves_them(monkeypatch: pytest.MonkeyPatch) -> None:
    served: list[Passed] = []
    monkeypatch.setattr(member, "serve", served.append)
    given = Passed(0, 1, 3, 4, (5,))
    assert main(["gateway", "--passed", given.word()]) == 0
    assert served == [given]


@pytest.mark.usefixtures("place")
def test_a_word_that_no_supervisor_wrote_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["gateway", "--passed", "x"]) == 1
    assert len(capsys.readouterr().err.splitlines()) == 1


@pytest.mark.usefixtures("place")
def test_a_port_that_is_taken_is_one_line_with_the_way_out(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert main(["gateway", "--port", port]) == 1
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert port in line
    assert "--port" in line


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("CARELOOM_THREADS", "0", "CARELOOM_THREADS"),
        ("CARELOOM_BASE_URL", "x", "CARELOOM_BASE_URL"),
        ("CARELOOM_THREAD", "4", "CARELOOM_THREAD"),
        ("CARELOOM_GATEWAYS", "65", "CARELOOM_GATEWAYS must be a whole number from 1 to 64"),
        ("CARELOOM_POLICY", "nowhere.toml", "nowhere.toml"),
        ("CARELOOM_DATA_DIR", "/nowhere", "/nowhere"),
    ],
)
@pytest.mark.usefixtures("place")
def test_what_keeps_it_from_serving_is_one_line_before_any_process_starts(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, value: str, said: str
) -> None:
    monkeypatch.setenv(name, value)
    monkeypatch.setattr(gateways, "Supervisor", lambda: pytest.fail("something was started"))
    assert main(["gateway", "--port", "0"]) == 1
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert said in line


def test_a_broken_key_file_is_one_line(place: Storage, capsys: pytest.CaptureFixture[str]) -> None:
    path: Path = place.key_paths.identity
    path.write_text("{}")
    assert main(["gateway", "--port", "0"]) == 1
    assert str(path) in capsys.readouterr().err
    assert os.environ["CARELOOM_GATEWAYS"] == ""
