"""A real ``careloom up`` in a folder of its own, seen from outside: processes, signals, commands, HTTP."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import redis
import requests

from gateway.cli.options import instant
from gateway.custody import backlog
from gateway.custody.database import Database, Side
from gateway.custody.jobs import State
from gateway.custody.settings import Storage
from tests.servers import redis_client

COMMAND = (str(Path(sys.executable).with_name("careloom")),)
START_SECONDS = 60.0
STOP_SECONDS = 10.0


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def until(true: Callable[[], Any], seconds: float, what: str, pause: float = 0.1) -> Any:
    """The first truthy answer; says what did not come."""
    deadline = time.monotonic() + seconds
    while not (answer := true()):
        assert time.monotonic() < deadline, f"{what} did not come within {seconds:.0f} s"
        time.sleep(pause)
    return answer


def clean_environ(**settings: str) -> dict[str, str]:
    """This process's environment without any setting of Careloom but these."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("CARELOOM_")}
    return {**own, **settings}


class Careloom:
    """One installation: its folder, its settings, and while it runs its processes."""

    def __init__(self, folder: Path, settings: Mapping[str, str]) -> None:
        self.folder = folder
        self.port = free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        self.fhir = f"{self.base}/fhir"
        self.environ = clean_environ(
            **{
                "CARELOOM_RATE": "1000000",
                "CARELOOM_GATEWAYS": "2",
                **settings,
                "CARELOOM_DATA_DIR": str(folder),
            }
        )
        self.log = folder.with_name(f"{folder.name}.log")
        self.process: subprocess.Popen[bytes] | None = None
        self._database: Database | None = None

    # --- commands ----------------------------------------------------------------------------------------

    def run(self, *arguments: str, seconds: float = 60, **settings: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end; one that should have ended by then is told to."""
        process = subprocess.Popen(
            [*COMMAND, *arguments],
            env={**self.environ, **settings},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            out, err = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.terminate()
            out, err = process.communicate(timeout=STOP_SECONDS)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def json(self, *arguments: str) -> Any:
        ran = self.run(*arguments)
        assert ran.returncode == 0, f"{arguments}: {ran.stdout}{ran.stderr}"
        return json.loads(ran.stdout)

    # --- life --------------------------------------------------------------------------------------------

    def start(self) -> Careloom:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*COMMAND, "up", "--port", str(self.port)],
                env=self.environ,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        until(self.ready, START_SECONDS, f"/readyz (see {self.log})")
        return self

    def ready(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log.read_text("utf-8", "replace")[-2000:]
        with contextlib.suppress(requests.RequestException):
            return requests.get(f"{self.base}/readyz", timeout=2).status_code == 200
        return False

    def stop(self) -> int:
        """SIGTERM; the exit code. All children must be gone with it."""
        assert self.process is not None
        family = descendants(self.process.pid)
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(STOP_SECONDS)
        left = [pid for pid in family if alive(pid)]
        for pid in left:
            kill(pid)
        assert not left, "children outlived `careloom up`"
        return code

    def kill_everything(self) -> None:
        """What a power cut does to processes: no one gets to say goodbye."""
        if self.process is None:
            return
        family = descendants(self.process.pid)
        for pid in (self.process.pid, *family):
            kill(pid)
        self.process.wait(STOP_SECONDS)
        until(lambda: not any(alive(pid) for pid in family), STOP_SECONDS, "the end of every process")

    # --- its parts ---------------------------------------------------------------------------------------

    def parts(self, word: str) -> list[int]:
        """The processes below it whose command line holds a word."""
        assert self.process is not None
        return [pid for pid in descendants(self.process.pid) if word in command_line(pid)]

    def broker(self) -> redis.Redis:
        """A connection to its broker, wherever that is."""
        return redis_client(
            self.environ.get("CARELOOM_BROKER_URL") or f"redis+socket://{self.broker_socket()}"
        )

    def broker_socket(self) -> str:
        titles = [command_line(pid) for pid in self.broker_processes()]
        return titles[0].split("unixsocket:")[1].split()[0]

    def broker_processes(self) -> list[int]:
        """The embedded broker; none when a server by url does its work."""
        return self.parts("unixsocket:")

    def forgets(self) -> None:
        """The broker loses everything; what others keep in a server by url is left alone."""
        with self.broker() as broker:
            if self.broker_processes():
                broker.flushall()
            else:
                broker.flushdb()

    def silences(self, milliseconds: int = 4000) -> None:
        """The embedded broker dies; a server by url answers nobody for a while."""
        if pids := self.broker_processes():
            for pid in pids:
                kill(pid)
        else:
            with self.broker() as broker:
                broker.client_pause(milliseconds)

    # --- its work ----------------------------------------------------------------------------------------

    def open_jobs(self) -> list[dict[str, Any]]:
        """Jobs that are running or due now."""
        now = instant(time.time_ns() // 1000)
        states = ("queued", "running")
        listed = [self.json("jobs", "list", "--json", "--state", each, "--limit", "5000") for each in states]
        return [job for each in listed for job in each["jobs"] if job["not_before"] <= now]

    def runs_a_job(self) -> bool:
        """Whether a worker is in the middle of one now; a command would take too long to say so."""
        if self._database is None:
            self._database = Database.open(Storage.from_environ(self.environ).database_url, Side.TRUSTED)
        with self._database.read() as conn:
            return bool(backlog.counts(conn)[State.RUNNING])

    def attempts(self) -> int:
        """The most attempts that any job has taken."""
        return max(job["attempts"] for job in self.json("jobs", "list", "--json", "--limit", "5000")["jobs"])

    def dead_jobs(self) -> list[dict[str, Any]]:
        """Jobs that failed for good."""
        return self.json("jobs", "list", "--json", "--state", "dead")["jobs"]


def descendants(pid: int) -> list[int]:
    found: list[int] = []
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                found += [int(child), *descendants(int(child))]
    return found


def command_line(pid: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
    return ""


def alive(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
