"""A Careloom to show or to measure: the real ``careloom up`` as a child, in a folder, on a free port.

Nothing is switched off and nothing is in this process: what is shown is what runs in a hospital.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

START_SECONDS = 60.0
STOP_SECONDS = 15.0
POLL_SECONDS = 0.05


class NotRunning(Exception):  # noqa: N818 - it reads as what happened
    """Careloom did not start, or ended while it was needed; the text holds its last words."""


@dataclass(frozen=True, slots=True)
class Server:
    """A running ``careloom up``."""

    base_url: str
    folder: Path
    environ: Mapping[str, str]
    process: subprocess.Popen[bytes]

    def command(self, *arguments: str) -> Any:
        """Run a command on the same data directory; what it printed as JSON."""
        ran = subprocess.run(  # noqa: S603 - our own command with our own arguments
            command_line(*arguments, "--json"), env=self.environ, capture_output=True, text=True, check=False
        )
        if ran.returncode:
            raise NotRunning(
                f"careloom {' '.join(arguments[:2])}: {ran.stderr.strip() or ran.stdout.strip()}"
            )
        return json.loads(ran.stdout) if ran.stdout.strip() else None

    def check(self) -> None:
        """Raise when it has ended."""
        if self.process.poll() is not None:
            raise NotRunning(_last_words(self.folder))


def command_line(*arguments: str) -> Sequence[str]:
    """``careloom …`` by this interpreter, whether or not the script is on the path."""
    return (sys.executable, "-m", "gateway.cli.main", *arguments)


@contextmanager
def careloom_up(folder: Path, port: int = 0, settings: Mapping[str, str] | None = None) -> Iterator[Server]:
    """Run ``careloom up`` below a folder until the block ends."""
    chosen = port or _free_port()
    base_url = f"http://127.0.0.1:{chosen}"
    own = {"CARELOOM_DATA_DIR": str(folder / "data"), "CARELOOM_BASE_URL": base_url}
    environ = {**os.environ, **(settings or {}), **own}
    with _log(folder).open("wb") as log:
        process = subprocess.Popen(  # noqa: S603 - our own command with our own arguments
            command_line("up", "--port", str(chosen)),
            env=environ,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    server = Server(base_url, folder, environ, process)
    try:
        _wait_until_ready(server)
        yield server
    finally:
        _stop(process)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


def _wait_until_ready(server: Server) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not _ready(server.base_url):
        server.check()
        if time.monotonic() > deadline:
            raise NotRunning(f"it was not ready after {START_SECONDS:.0f} s: {_last_words(server.folder)}")
        time.sleep(POLL_SECONDS)


def _ready(base_url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{base_url}/readyz", timeout=2) as answer:  # noqa: S310 - our own address
            return bool(answer.status == 200)
    except OSError:
        return False


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _log(folder: Path) -> Path:
    return folder / "careloom.log"


def _last_words(folder: Path) -> str:
    lines = _log(folder).read_text("utf-8", "replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing"
