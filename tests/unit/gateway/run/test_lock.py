"""One owner per data directory."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gateway.run.lock import exclusive
from gateway.run.trouble import Trouble


def test_a_second_owner_is_told_who_the_first_is(tmp_path: Path) -> None:
    with (
        exclusive(tmp_path / "data"),
        pytest.raises(Trouble, match=str(os.getpid())),
        exclusive(tmp_path / "data"),
    ):
        pass


def test_the_directory_is_free_again_afterwards(tmp_path: Path) -> None:
    for _ in range(2):
        with exclusive(tmp_path):
            assert (tmp_path / "up.lock").read_text() == str(os.getpid())


def test_a_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Trouble, match="--data-dir"), exclusive(tmp_path / "file" / "data"):
        pass
