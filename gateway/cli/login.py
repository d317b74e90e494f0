"""Which login typed this command: what the machine itself says, never what the environment claims.

Linux keeps the login that a session began with (``/proc/self/loginuid``) through ``su`` and ``sudo``. Where
none was set (a container, a service, another system), it is the user that the process runs as.
"""

from __future__ import annotations

import os
import pwd
from pathlib import Path

from gateway.custody.operator import By, typed_by

_KEPT = Path("/proc/self/loginuid")
_UNSET = 2**32 - 1


def operator(kept: Path = _KEPT) -> By:
    """The command line, and who sits at it."""
    number = _number(kept)
    try:
        return typed_by(pwd.getpwuid(number).pw_name)
    except KeyError:
        return typed_by(f"uid-{number}")


def _number(kept: Path) -> int:
    try:
        number = int(kept.read_text("ascii"))
    except (OSError, ValueError):
        return os.getuid()
    return os.getuid() if number == _UNSET else number
