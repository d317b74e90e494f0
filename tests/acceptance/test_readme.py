"""The README is run: what it tells a newcomer to type is typed, against the demo that it tells of."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.careloom import COMMAND, clean_environ

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = re.findall(r"^```sh\n(.*?)^```", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE | re.DOTALL)
NAMES = ("FHIR", "EHR", "PARTNER", "OFFICER")


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("scratch")


@pytest.fixture(scope="module")
def shown(scratch: Path) -> Iterator[dict[str, str]]:
    """A demo that goes on serving; the lines that it prints for a second terminal."""
    said = scratch / "demo.txt"
    environ = clean_environ(TMPDIR=str(scratch), COLUMNS="160")
    with said.open("wb") as out:
        process = subprocess.Popen([*COMMAND, "demo", "--patients", "3"], env=environ, stdout=out, stderr=out)
    try:
        yield _exports(process, said)
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
        assert not list(scratch.glob("careloom-demo-*")), "the demo cleans up after itself"


def _exports(process: subprocess.Popen[bytes], said: Path) -> dict[str, str]:
    deadline = time.monotonic() + 90
    while True:
        text = said.read_text("utf-8", "replace")
        found = dict(re.findall(r"^\s*export (\w+)=(\S+)$", text, re.MULTILINE))
        if set(NAMES) <= set(found):
            return found
        assert process.poll() is None, text
        assert time.monotonic() < deadline, text
        time.sleep(0.2)


def test_the_readme_has_examples():
    assert len(EXAMPLES) >= 2
    assert all(line.startswith("curl ") for example in EXAMPLES for line in example.splitlines())


@pytest.mark.parametrize("line", [line for example in EXAMPLES for line in example.splitlines()])
def test_every_example_in_the_readme_runs(line: str, shown: dict[str, str]):
    ran = subprocess.run(
        ["bash", "-euc", line],
        env={**os.environ, **shown},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.lstrip().startswith("{")
    assert '"total":0' not in ran.stdout.replace(" ", ""), "an example that shows nothing"


def test_the_demo_shows_what_was_found_and_why(shown: dict[str, str], scratch: Path):
    text = (scratch / "demo.txt").read_text("utf-8", "replace")
    for word in ("patient", "found", "recommended", "because"):
        assert word in text.lower()
    assert "Traceback" not in text


def test_the_demo_ends_by_itself_when_asked_to(scratch: Path):
    began = time.monotonic()
    ran = subprocess.run(
        [*COMMAND, "demo", "--patients", "2", "--seed", "7", "--exit"],
        env=clean_environ(TMPDIR=str(scratch)),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert time.monotonic() - began < 60


def test_the_demo_refuses_nonsense():
    ran = subprocess.run([*COMMAND, "demo", "--patients", "0"], capture_output=True, text=True, check=False)
    assert ran.returncode != 0
    assert "Traceback" not in ran.stderr
