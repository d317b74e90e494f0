"""``careloom up`` without its processes: what it starts, in which order, and what it leaves behind."""

from __future__ import annotations

import http.server
import re
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from gateway.custody import broker
from gateway.custody.errors import KeysUnreadable, Misconfigured
from gateway.custody.providers import keyfile
from gateway.custody.settings import Storage
from gateway.run import everything, lock
from gateway.run.everything import Plan
from gateway.run.supervisor import Part
from gateway.run.trouble import Trouble


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


@dataclass
class Keeper:
    """A supervisor that notes what it is told and runs nothing."""

    order: list[str] = field(default_factory=list)
    parts: dict[str, Part] = field(default_factory=dict)
    stopping: threading.Event = field(default_factory=threading.Event)
    on_watch: Callable[[], None] = lambda: None

    def start(self, part: Part) -> None:
        self.order.append(part.name)
        self.parts[part.name] = part

    def stop(self) -> None:
        if self.order[-1:] != ["stop"]:
            self.order.append("stop")

    def watch(self) -> None:
        self.order.append("watch")
        self.on_watch()

    def check_started(self) -> None:
        self.order.append("looked")

    def handle_signals(self) -> None:
        self.order.append("signals")


@pytest.fixture
def keeper(monkeypatch: pytest.MonkeyPatch) -> Keeper:
    made = Keeper()
    monkeypatch.setattr(everything, "Supervisor", lambda: made)
    monkeypatch.setattr(everything, "_ready", lambda _: True)
    monkeypatch.setattr(everything.valkey, "wait", lambda _url, _seconds: True)
    return made


def plan(folder: Path, **environ: str) -> Plan:
    given = {"CARELOOM_DATA_DIR": str(folder), "CARELOOM_GATEWAYS": "1", "PATH": "/bin", **environ}
    return Plan("127.0.0.1", free_port(), 3, given)


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:80"),
        ("::1", "http://[::1]:80"),
        ("careloom.test", "http://careloom.test:80"),
    ],
)
def test_the_url_is_one_that_a_browser_takes(host: str, url: str) -> None:
    assert Plan(host, 80, 1, {}).url == url


def test_parts_start_in_their_order_and_the_broker_stops_last(keeper: Keeper, tmp_path: Path) -> None:
    said: list[str] = []
    wanted = plan(tmp_path / "data", CARELOOM_GATEWAYS="2")
    everything.run(wanted, said.append)
    parts = ["broker", "gateway-1", "worker", "relay", "courier", "gateway-2"]
    assert keeper.order == ["signals", *parts, "watch", "stop"], "ready as soon as the first gateway is"
    assert [name for name, part in keeper.parts.items() if part.last] == ["broker"]
    assert said == [f"Careloom is at {wanted.url} (FHIR at {wanted.url}/fhir). Ctrl-C stops it."]
    line = list(keeper.parts["worker"].command)
    assert line[line.index("--concurrency") + 1] == "3"


def test_all_parts_work_on_the_same_data_and_the_same_broker(keeper: Keeper, tmp_path: Path) -> None:
    everything.run(plan(tmp_path / "data"), lambda _: None)
    told = [part.environ for name, part in keeper.parts.items() if name != "broker"]
    assert {environ["CARELOOM_DATA_DIR"] for environ in told} == {str(tmp_path / "data")}
    (url,) = {environ["CARELOOM_BROKER_URL"] for environ in told}
    assert url.startswith("redis+socket:///")
    assert len(url.removeprefix("redis+socket://")) <= 107


def test_law_3_the_broker_and_the_clinical_parts_are_told_of_no_key_of_identity(
    keeper: Keeper, tmp_path: Path
) -> None:
    keys = {
        f"CARELOOM_{name}_KEY_FILE": str(tmp_path / "keys" / f"{name}.pem") for name in ("IDENTITY", "AUDIT")
    }
    everything.run(plan(tmp_path / "data", SOMEBODYS_PASSWORD="hunter2", **keys), lambda _: None)
    for name in ("broker", "worker", "relay"):
        environ = keeper.parts[name].environ
        told = " ".join([*environ, *environ.values(), *keeper.parts[name].command])
        assert not [word for word in ("IDENTITY", "AUDIT", "hunter2") if word in told], name
    assert keys.items() <= keeper.parts["gateway"].environ.items()


def test_a_broker_that_was_set_is_used_and_none_is_started(keeper: Keeper, tmp_path: Path) -> None:
    everything.run(plan(tmp_path / "data", CARELOOM_BROKER_URL="redis://b.test:1/0"), lambda _: None)
    assert "broker" not in keeper.parts
    assert keeper.parts["relay"].environ["CARELOOM_BROKER_URL"] == "redis://b.test:1/0"


def test_an_empty_variable_reaches_no_part(keeper: Keeper, tmp_path: Path) -> None:
    everything.run(plan(tmp_path / "data", CARELOOM_BASE_URL="", CARELOOM_RATE=""), lambda _: None)
    environ = keeper.parts["gateway"].environ
    assert "CARELOOM_RATE" not in environ
    assert environ["CARELOOM_BASE_URL"].startswith("http://127.0.0.1:")


def test_an_address_that_was_set_is_the_one_that_clients_are_told(keeper: Keeper, tmp_path: Path) -> None:
    everything.run(plan(tmp_path / "data", CARELOOM_BASE_URL="https://c.example.org"), lambda _: None)
    assert keeper.parts["gateway"].environ["CARELOOM_BASE_URL"] == "https://c.example.org"


def test_while_it_runs_other_commands_find_the_broker_and_afterwards_not(
    keeper: Keeper, tmp_path: Path
) -> None:
    storage = Storage.from_environ({"CARELOOM_DATA_DIR": str(tmp_path / "data")})
    found: list[str] = []
    keeper.on_watch = lambda: found.append(broker.url(storage))
    everything.run(plan(tmp_path / "data"), lambda _: None)
    assert found == [keeper.parts["relay"].environ["CARELOOM_BROKER_URL"]]
    assert not Path(found[0].removeprefix("redis+socket://")).parent.exists()
    with pytest.raises(Misconfigured):
        broker.url(storage)


def test_any_port_is_one_that_is_said(keeper: Keeper, tmp_path: Path) -> None:
    said: list[str] = []
    everything.run(replace(plan(tmp_path / "data"), port=0), said.append)
    (port,) = re.findall(r"at http://127\.0\.0\.1:(\d+) ", said[0])
    assert int(port) > 0
    assert keeper.parts["gateway"].environ["CARELOOM_BASE_URL"].endswith(f":{port}")


def test_a_second_one_on_the_same_data_is_refused_before_anything_starts(
    keeper: Keeper, tmp_path: Path
) -> None:
    with lock.exclusive(tmp_path / "data"), pytest.raises(Trouble, match="in use by process"):
        everything.run(plan(tmp_path / "data"), lambda _: None)
    assert not keeper.parts


def test_a_port_that_is_taken_stops_it_before_it_founds_anything(keeper: Keeper, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        wanted = Plan("127.0.0.1", taken.getsockname()[1], 1, {"CARELOOM_DATA_DIR": str(tmp_path / "data")})
        with pytest.raises(Trouble, match="--port"):
            everything.run(wanted, lambda _: None)
    assert not keeper.parts
    assert not [path for path in (tmp_path / "data").rglob("*") if path.suffix in {".key", ".db"}]


@pytest.mark.parametrize(("host", "port"), [("127.0.0.1", 70_000), ("192.0.2.1", 8080)])
def test_an_address_that_cannot_be_served_is_one_line(
    keeper: Keeper, tmp_path: Path, host: str, port: int
) -> None:
    with pytest.raises(Trouble, match=f"{port} cannot be served") as trouble:
        everything.run(Plan(host, port, 1, {"CARELOOM_DATA_DIR": str(tmp_path / "data")}), lambda _: None)
    assert "\n" not in str(trouble.value)


@pytest.mark.parametrize("name", ["clinical", "identity", "audit"])
def test_a_key_that_cannot_be_used_is_said_once_and_by_nobody_else(
    keeper: Keeper, sqlite_storage: Storage, name: str
) -> None:
    path: Path = getattr(sqlite_storage.key_paths, name)
    path.write_text("{}")
    with pytest.raises(KeysUnreadable, match=str(path)):
        everything.run(plan(sqlite_storage.data_dir), lambda _: None)
    assert not keeper.parts


def test_a_start_on_what_is_there_already_makes_no_new_key(keeper: Keeper, sqlite_storage: Storage) -> None:
    paths = (
        sqlite_storage.key_paths.clinical,
        sqlite_storage.key_paths.identity,
        sqlite_storage.key_paths.audit,
    )
    before = [keyfile.load(path) for path in paths]
    everything.run(plan(sqlite_storage.data_dir), lambda _: None)
    assert [keyfile.load(path) for path in paths] == before


def test_a_broker_that_does_not_start_is_named_with_its_log(
    keeper: Keeper, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(everything.valkey, "wait", lambda _url, _seconds: False)
    with pytest.raises(Trouble, match=r"broker/log"):
        everything.run(plan(tmp_path / "data"), lambda _: None)
    assert set(keeper.parts) == {"broker"}
    assert keeper.order[-1] == "stop"


def test_a_gateway_that_is_never_ready_is_said_and_everything_stops(
    keeper: Keeper, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(everything, "_ready", lambda _: False)
    monkeypatch.setattr(everything, "READY_SECONDS", 0.1)
    with pytest.raises(Trouble, match="/readyz"):
        everything.run(plan(tmp_path / "data"), lambda _: None)
    assert "looked" in keeper.order
    assert keeper.order[-1] == "stop"


def test_a_stop_while_it_starts_is_no_fault_and_nothing_is_announced(
    keeper: Keeper, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(everything, "_ready", lambda _: False)
    keeper.stopping.set()
    said: list[str] = []
    everything.run(plan(tmp_path / "data"), said.append)
    assert said == []
    assert keeper.order[-1] == "stop"


def test_the_address_is_held_from_the_beginning_and_free_at_the_end(keeper: Keeper, tmp_path: Path) -> None:
    wanted = plan(tmp_path / "data")

    def somebody_else_wants_it() -> None:
        with pytest.raises(OSError, match="in use"):
            socket.create_server((wanted.host, wanted.port))

    keeper.on_watch = somebody_else_wants_it
    everything.run(wanted, lambda _: None)
    socket.create_server((wanted.host, wanted.port)).close()


class Answer(http.server.BaseHTTPRequestHandler):
    """A gateway that answers /readyz with one status."""

    status = 200

    def do_GET(self) -> None:
        self.send_response(type(self).status if self.path == "/readyz" else 500)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def answering() -> Iterator[str]:
    with http.server.HTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(("status", "ready"), [(200, True), (204, False), (404, False), (503, False)])
def test_only_a_200_is_ready(answering: str, status: int, ready: bool) -> None:
    Answer.status = status
    assert everything._ready(answering) is ready


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "no url"])
def test_nobody_there_is_not_ready(url: str) -> None:
    assert everything._ready(url) is False


@pytest.mark.parametrize(("cores", "workers"), [(None, 1), (1, 1), (2, 1), (3, 1), (4, 2), (64, 32)])
def test_workers_take_half_of_the_machine_and_at_least_one(
    monkeypatch: pytest.MonkeyPatch, cores: int | None, workers: int
) -> None:
    monkeypatch.setattr(everything.os, "cpu_count", lambda: cores)
    assert everything.workers_by_default() == workers
