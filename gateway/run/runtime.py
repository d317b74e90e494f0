"""The directory that lives as long as a process: sockets only, short of path, closed to other users."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

SOCKET_PATH_LIMIT = 107
_PREFIX = "careloom-"
_LONGEST_NAME = len("/careloom-XXXXXXXX/broker.sock")


def parent(environ: Mapping[str, str]) -> Path:
    """Where run-time directories belong: the user's own, unless paths below it would be too long."""
    own = environ.get("XDG_RUNTIME_DIR", "")
    if (
        own
        and Path(own).is_dir()
        and os.access(own, os.W_OK)
        and len(own) + _LONGEST_NAME <= SOCKET_PATH_LIMIT
    ):
        return Path(own)
    return Path("/tmp")  # noqa: S108 - mkdtemp makes a directory that only its owner may enter


def sweep(socket: Path) -> None:
    """Remove the run-time directory that a killed process left behind, known by the socket it wrote down.

    Only for who holds the data directory: then nobody uses it any more. What does not look as we make it is
    not ours to remove.
    """
    folder = socket.parent
    if not folder.name.startswith(_PREFIX) or folder.is_symlink() or not folder.is_dir():
        return
    if folder.stat().st_uid == os.geteuid() and {each.name for each in folder.iterdir()} <= {socket.name}:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def directory(environ: Mapping[str, str]) -> Iterator[Path]:
    """A run-time directory (mode 0700) that is gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent(environ)))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
