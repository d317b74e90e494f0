"""The run-time directory: private, short, and gone afterwards."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.custody.broker import address_file
from gateway.run import runtime, valkey


def test_it_is_private_and_gone_afterwards(tmp_path: Path) -> None:
    with runtime.directory({}) as folder:
        assert folder.stat().st_mode & 0o777 == 0o700
        (folder / "broker.sock").write_text("")
    assert not folder.exists()


def test_the_users_own_directory_is_preferred_when_it_is_short_and_there(tmp_path: Path) -> None:
    own = tmp_path / "x"
    own.mkdir()
    short = len(f"{own}/careloom-XXXXXXXX/broker.sock") <= runtime.SOCKET_PATH_LIMIT
    assert runtime.parent({"XDG_RUNTIME_DIR": str(own)}) == (own if short else Path("/tmp"))
    assert runtime.parent({"XDG_RUNTIME_DIR": str(tmp_path / "missing")}) == Path("/tmp")
    long = tmp_path / ("y" * 120)
    long.mkdir()
    assert runtime.parent({"XDG_RUNTIME_DIR": str(long)}) == Path("/tmp")


def left_behind(parent: Path, name: str = "careloom-abc", more: str = "") -> Path:
    folder = parent / name
    folder.mkdir(mode=0o700)
    (folder / "broker.sock").touch()
    if more:
        (folder / more).touch()
    return folder


def test_what_a_killed_process_left_is_swept_by_the_next_on_the_same_data(tmp_path: Path) -> None:
    folder, data = left_behind(tmp_path), tmp_path / "data"
    valkey.announce(data, folder)
    valkey.clear(data)
    assert not folder.exists()
    assert not address_file(data).exists()
    valkey.clear(data)


@pytest.mark.parametrize(("name", "more"), [("precious", ""), ("careloom-abc", "a file of somebody's")])
def test_what_is_not_of_our_making_is_left_alone(tmp_path: Path, name: str, more: str) -> None:
    folder, data = left_behind(tmp_path, name, more), tmp_path / "data"
    valkey.announce(data, folder)
    valkey.clear(data)
    assert (folder / "broker.sock").exists()
