"""What the kernel says about a running process: figures from outside cost the process nothing."""

from __future__ import annotations

import os
from pathlib import Path

from bench.figures import Usage

TICKS = os.sysconf("SC_CLK_TCK")
USER_TICKS, SYSTEM_TICKS = 11, 12


def usage(pid: int) -> Usage:
    """CPU seconds and peak memory of one process so far."""
    folder = Path(f"/proc/{pid}")
    # The command's name may hold spaces and brackets; the numbers begin after the last one.
    fields = (folder / "stat").read_text("utf-8").rpartition(")")[2].split()
    ticks = int(fields[USER_TICKS]) + int(fields[SYSTEM_TICKS])
    return Usage(ticks / TICKS, _status(folder, "VmHWM") * 1024)


def children(pid: int) -> tuple[int, ...]:
    """Every process below this one."""
    own = [int(child) for task in Path(f"/proc/{pid}/task").iterdir() for child in _child_ids(task)]
    return (*own, *(grandchild for child in own for grandchild in children(child)))


def command(pid: int) -> str:
    """The command line of a process, or nothing when it has ended."""
    try:
        return (
            Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace").strip()
        )
    except OSError:
        return ""


def _child_ids(task: Path) -> list[str]:
    try:
        return (task / "children").read_text("utf-8").split()
    except OSError:
        return []


def _status(folder: Path, name: str) -> int:
    for line in (folder / "status").read_text("utf-8").splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1])
    return 0
