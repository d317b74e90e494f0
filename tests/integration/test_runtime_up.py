"""``careloom up`` as an operator meets it: starts, stops, and says in one line why it cannot."""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.integration.test_runtime_processes import until

pytestmark = pytest.mark.xdist_group("processes")
COMMAND = [sys.executable, "-m", "gateway.cli.main"]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


class Up:
    """One ``careloom up`` on a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port, self.log = folder / "data", free_port(), folder / "up.log"
        own = {name: value for name, value in os.environ.items() if not name.startswith("CARELOOM_")}
        self.environ = {**own, "CARELOOM_DATA_DIR": str(self.folder), "CARELOOM_GATEWAYS": "1"}

    def start(self) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*COMMAND, "up", "--port", str(self.port)], env=self.environ, stdout=log, stderr=log
            )
        until(self.ready, 60, "readiness")
        return self.process

    def ready(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=2) as answer:
                return answer.status == 200
        except OSError:
            return False

    def events(self, kind: str) -> list[str]:
        """What the trail tells of this kind."""
        with closing(sqlite3.connect(self.folder / "careloom.db")) as conn:
            return [row[0] for row in conn.execute("SELECT detail FROM audit_event WHERE kind = ?", (kind,))]

    def refused(self, *more: str) -> str:
        """The one line with which it gives up."""
        ran = subprocess.run(
            [*COMMAND, "up", "--port", str(self.port), *more],
            env=self.environ,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert ran.returncode == 1, ran.stderr
        assert len(ran.stderr.strip().splitlines()) == 1, ran.stderr
        return ran.stderr


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Up]:
    up = Up(tmp_path)
    yield up
    process = getattr(up, "process", None)
    if process is not None and process.poll() is None:
        process.kill()
        process.wait()


def family(pid: int) -> list[int]:
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except FileNotFoundError:
        return []
    return [pid, *(one for child in children for one in family(int(child)))]


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def environment(pid: int) -> str:
    return Path(f"/proc/{pid}/environ").read_bytes().replace(b"\0", b"\n").decode()


def test_it_starts_stops_within_ten_seconds_and_leaves_nothing_running(up: Up) -> None:
    process = up.start()
    parts = family(process.pid)
    assert len(parts) >= 6
    until(lambda: f"http://127.0.0.1:{up.port}" in up.log.read_text(), 10, "the address")
    assert "in use" in up.refused()
    start = time.monotonic()
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0
    assert time.monotonic() - start < 10
    assert not [pid for pid in parts if alive(pid)]
    assert not (up.folder / "broker" / "url").exists()
    said = up.log.read_text()
    assert not [word for word in ("Traceback", "celery@", "shutdown", "Ctrl+C again") if word in said]


def test_law_3_workers_and_relay_are_not_told_of_the_identity_key(up: Up) -> None:
    up.environ["CARELOOM_IDENTITY_KEY_FILE"] = str(up.folder / "keys" / "elsewhere.key")
    process = up.start()

    def clinical() -> list[int]:
        lines = {pid: Path(f"/proc/{pid}/cmdline").read_bytes() for pid in family(process.pid)}
        return [pid for pid, line in lines.items() if b"workers." in line]

    until(lambda: len(clinical()) == 3, 20, "relay, worker and the worker's child")
    told = [environment(pid) for pid in clinical()]
    assert not [environ for environ in told if "elsewhere.key" in environ or "IDENTITY" in environ]


def test_a_part_that_is_killed_comes_back(up: Up) -> None:
    process = up.start()
    before = {pid: Path(f"/proc/{pid}/cmdline").read_bytes() for pid in family(process.pid)}
    (gateway,) = (pid for pid, line in before.items() if b"\0--passed\0" in line)
    os.kill(gateway, signal.SIGKILL)
    until(lambda: not alive(gateway), 5, "its end")
    until(up.ready, 30, "readiness")


def test_a_gateway_that_answers_nothing_is_ended_and_comes_back(up: Up) -> None:
    up.environ["CARELOOM_HANG_SECONDS"] = "2"
    process = up.start()
    (gateway,) = (
        pid for pid in family(process.pid) if b"\0--passed\0" in Path(f"/proc/{pid}/cmdline").read_bytes()
    )
    os.kill(gateway, signal.SIGSTOP)
    until(lambda: not alive(gateway), 20, "its end")
    until(up.ready, 60, "readiness")
    assert "a part that answered nothing was ended" in up.log.read_text()
    assert up.events("system:hang") == ["gateway 1 of 1 had answered nothing for 2 s"]


def test_its_parts_die_with_it(up: Up) -> None:
    process = up.start()
    parts = family(process.pid)
    url = (up.folder / "broker" / "url").read_text().strip()
    left = Path(url.removeprefix("redis+socket://")).parent
    process.kill()
    process.wait()
    until(lambda: not any(map(alive, parts)), 10, "the end of all parts")
    assert left.is_dir()
    assert up.start().poll() is None
    assert not left.exists(), "the next start removes what the killed one left"


def test_lost_data_are_one_line(up: Up) -> None:
    up.start().terminate()
    up.process.wait(15)
    (up.folder / "careloom.db").write_bytes(b"")
    for log in up.folder.glob("careloom.db-*"):
        log.unlink()
    assert "careloom.db is missing or empty" in up.refused()
    (up.folder / "careloom.db").write_bytes(b"this is no database" * 999)
    assert "careloom.db: The file is damaged" in up.refused()


def test_a_port_in_use_is_one_line(up: Up) -> None:
    with socket.create_server(("127.0.0.1", up.port)):
        assert "--port" in up.refused()


def test_keys_that_others_can_read_are_one_line(up: Up) -> None:
    up.start().terminate()
    up.process.wait(15)
    (up.folder / "keys" / "identity.key").chmod(0o644)
    assert "chmod 600" in up.refused()


def test_a_directory_that_lost_its_keys_is_one_line(up: Up) -> None:
    up.start().terminate()
    up.process.wait(15)
    (up.folder / "keys" / "clinical.key").unlink()
    assert "clinical.key" in up.refused()


def test_a_data_directory_that_is_a_file_is_one_line(up: Up) -> None:
    up.folder.write_text("")
    assert "--data-dir" in up.refused()
