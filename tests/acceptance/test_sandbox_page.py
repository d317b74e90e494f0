"""The page of the sandbox, typed as a running server prints it."""

from __future__ import annotations

import html
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import requests

from tests.acceptance.careloom import Careloom

BLOCKS = re.compile(r"<pre>(.*?)</pre>", re.DOTALL)


def test_a_vendor_who_types_the_page_gets_a_plan(installed: Callable[..., Careloom], tmp_path: Path) -> None:
    careloom = installed().start()
    path = f"{Path(sys.executable).parent}:{careloom.environ['PATH']}"

    def typed(script: str) -> str:
        ran = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=tmp_path,
            env={**careloom.environ, "PATH": path},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr
        return ran.stdout

    typed("careloom sandbox open --patients 2")
    page = requests.get(f"{careloom.base}/sandbox", timeout=10).text
    script = "\n".join(html.unescape(block) for block in BLOCKS.findall(page))
    said = typed(script)
    assert re.findall(r"^\d{3}$", said, re.MULTILINE) == ["200", "304"]
    assert "Patient/try-1" in (tmp_path / "plan.json").read_text("utf-8")
    shared = (tmp_path / "plans.json").read_text("utf-8")
    assert "try-1" not in shared
    assert json.loads(shared)["entry"]
    typed("careloom sandbox close")
    assert requests.get(f"{careloom.base}/readyz", timeout=10).status_code == 200
