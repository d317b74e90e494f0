"""An exported trail, how it is checked by the file that lies beside it, and how it might be altered."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gateway.custody.export import writing
from gateway.custody.export.writing import Exported, Source, Wish
from tests.unit.gateway.custody.trails import START, Trail

NOW = START + 1_000_000
WHOLE = Wish()


def export(trail: Trail, folder: Path, wish: Wish = WHOLE) -> list[Exported]:
    source = Source(trail.database, trail.folder, trail.signer)
    return writing.export(source, folder, wish, NOW, lambda _: None)


def check(folder: Path, *words: str) -> dict[str, Any]:
    """What the verifier in the folder says, run as an auditor would: by Python alone."""
    command = [sys.executable, "-I", "-S", str(folder / "verify.py"), "--json", *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.stderr == ""
    found: dict[str, Any] = json.loads(done.stdout)
    assert done.returncode == (0 if found["ok"] else 1)
    return found


def places(found: dict[str, Any]) -> list[tuple[int, int]]:
    return [(fault["first"], fault["last"]) for fault in found["faults"]]


def alter(folder: Path, change: Callable[[list[str]], list[str]], name: str = "events.ndjson") -> None:
    """Change the lines of a log's events."""
    path = folder / "7" / name
    path.write_text("".join(change(path.read_text("utf-8").splitlines(keepends=True))), "utf-8")


def edited(line: str, **changes: Any) -> str:
    return json.dumps(json.loads(line) | changes) + "\n"
