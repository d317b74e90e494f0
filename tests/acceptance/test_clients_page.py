"""The page for clients is run from its first block to its last, against a real installation."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.acceptance.careloom import Careloom

PAGE = Path(__file__).resolve().parents[2] / "docs" / "clients.md"
SHELL = re.findall(r"^```sh\n(.*?)^```", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
ADDRESS = "BASE=http://127.0.0.1:8080\n"


def test_a_newcomer_who_types_the_page_gets_what_it_says(installed: Callable[..., Careloom], tmp_path: Path):
    careloom = installed().start()
    script = "".join(SHELL)
    assert script.count(ADDRESS) == 1
    ran = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script.replace(ADDRESS, f"BASE={careloom.base}\n")],
        cwd=tmp_path,
        env={**careloom.environ, "PATH": f"{Path(sys.executable).parent}:{careloom.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert "9.10" in ran.stdout
    assert re.findall(r"^\d{3}$", ran.stdout, re.MULTILINE) == ["200", "304"]
    own, shared = ((tmp_path / name).read_text("utf-8") for name in ("plan.json", "plans.json"))
    assert "Patient/mrn-1" in own
    assert "mrn-1" not in shared
    assert '"history"' in (tmp_path / "changes.json").read_text("utf-8")
    assert (tmp_path / "ehr.key").stat().st_mode & 0o077 == 0
