"""The two FHIR clients that JavaScript has: ``fhir-kit-client`` and SMART's ``fhirclient``, under Node."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.third_party.conftest import Wire

HERE = Path(__file__).with_name("node")


@pytest.fixture(scope="session")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the locked packages are installed."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not installed")
    folder = tmp_path_factory.mktemp("node")
    for file in (*HERE.glob("*.json"), *HERE.glob("*.mjs"), HERE / ".npmrc"):
        shutil.copy(file, folder)
    done = subprocess.run([npm, "ci"], cwd=folder, capture_output=True, timeout=300, check=False)
    if done.returncode:
        pytest.skip("the packages could not be installed")
    return folder


def run(folder: Path, script: str, wire: Wire) -> dict[str, Any]:
    command = [str(shutil.which("node")), script, wire.base, wire.token]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-2_000:]
    seen: dict[str, Any] = json.loads(done.stdout)
    return seen


def test_fhir_kit_client(packages: Path, wire: Wire):
    assert run(packages, "fhir_kit.mjs", wire) == {
        "version": "4.0.1",
        "tokenUrl": f"{wire.town.base_url}/auth/token",
        "created": "other",
        "found": [f"mrn-{number}" for number in range(5)],
        "posted": 5,
        "patched": "male",
        "first": "female",
        "history": 2,
        "typeHistory": 7,
        "systemHistory": 7,
        "everything": 1,
        "transaction": "201 Created",
        "batch": "Muster",
        "deleted": 410,
        "outcome": "OperationOutcome",
    }


def test_smarts_own_client(packages: Path, wire: Wire):
    assert run(packages, "smart.mjs", wire) == {
        "patient": "Hopkins",
        "paged": 5,
        "resolved": "Hopkins",
        "release": 4,
        "patched": "male",
        "refused": 410,
    }
