"""The embedded broker: a real one."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from gateway.custody import broker
from gateway.custody.errors import Misconfigured
from gateway.custody.settings import Storage
from gateway.run import runtime, valkey
from gateway.run.trouble import Trouble


def test_it_answers_on_a_socket_that_only_its_owner_reaches_and_on_no_port(tmp_path: Path) -> None:
    with runtime.directory({}) as folder:
        process = subprocess.Popen(valkey.command(tmp_path, folder))
        try:
            url = valkey.announce(tmp_path, folder)
            assert valkey.wait(url, 10)
            assert (folder / "broker.sock").stat().st_mode & 0o077 == 0
            assert (tmp_path / "broker").stat().st_mode & 0o077 == 0
            assert broker.url(Storage.from_environ({"CARELOOM_DATA_DIR": str(tmp_path)})) == url
            sockets = Path(f"/proc/{process.pid}/net/tcp").exists() and _listening(process.pid)
            assert not sockets
        finally:
            process.terminate()
            process.wait(10)


def _listening(pid: int) -> set[str]:
    links = (link.readlink() for link in Path(f"/proc/{pid}/fd").iterdir() if link.is_symlink())
    mine = {str(link)[8:-1] for link in links if str(link).startswith("socket:[")}
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return {row[9] for row in rows if row[3] == "0A"} & mine


def test_nobody_answers_where_no_broker_is(tmp_path: Path) -> None:
    assert not valkey.wait(valkey.socket_url(tmp_path / "none.sock"), 0.1)


def test_a_path_too_long_for_a_socket_is_said(tmp_path: Path) -> None:
    with pytest.raises(Trouble, match="XDG_RUNTIME_DIR"):
        valkey.command(tmp_path, tmp_path / ("x" * 120))


def test_without_a_broker_the_way_out_is_said(tmp_path: Path) -> None:
    valkey.withdraw(tmp_path)
    with pytest.raises(Misconfigured, match="CARELOOM_BROKER_URL"):
        broker.url(Storage.from_environ({"CARELOOM_DATA_DIR": str(tmp_path)}))
    given = Storage.from_environ({"CARELOOM_DATA_DIR": str(tmp_path), "CARELOOM_BROKER_URL": "redis://b"})
    assert broker.url(given) == "redis://b"
