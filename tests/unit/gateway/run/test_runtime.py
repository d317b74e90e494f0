"""The run-time directory: private, short, and gone afterwards."""

from __future__ import annotations

from pathlib import Path

from gateway.run import runtime


def test_it_is_private_and_gone_afterwards(tmp_path: Path) -> None:
    with runtime.directory({}) as folder:
        assert folder.stat().st_mode & 0o777 == 0o700
        (folder / "broker.sock").write_text("")
    assert not folder.exists()


def test_the_users_own_directory_is_preferred_when_it_is_short_and_there(tmp_path: Path) -> None:
    own = tmp_path / "x"
    own.mkdir()
    short = len(str(own)) < 70
    assert runtime.parent({"XDG_RUNTIME_DIR": str(own)}) == (own if short else Path("/tmp"))
    assert runtime.parent({"XDG_RUNTIME_DIR": str(tmp_path / "missing")}) == Path("/tmp")
    long = tmp_path / ("y" * 120)
    long.mkdir()
    assert runtime.parent({"XDG_RUNTIME_DIR": str(long)}) == Path("/tmp")
