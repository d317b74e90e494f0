"""The directory that lives as long as a process: sockets only, short of path, closed to other users."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

SOCKET_PATH_LIMIT = 107
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


@contextmanager
def directory(environ: Mapping[str, str]) -> Iterator[Path]:
    """A run-time directory (mode 0700) that is gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="careloom-", dir=parent(environ)))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
