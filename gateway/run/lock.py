"""One ``careloom up`` per data directory: a second one would run a second broker on the same files."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gateway.run.trouble import Trouble


@contextmanager
def exclusive(data_dir: Path) -> Iterator[None]:
    """Hold the directory; raises ``Trouble`` when another process does or when it cannot be written."""
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = (data_dir / "up.lock").open("a+")
    except OSError as error:
        raise Trouble(
            f"{data_dir} cannot be written ({error.strerror}); choose another with --data-dir."
        ) from None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Trouble(
                f"{data_dir} is in use by process {_holder(file.name)}; stop that one first."
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def _holder(name: str) -> str:
    return Path(name).read_text("ascii", errors="replace") or "?"
