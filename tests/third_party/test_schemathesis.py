"""schemathesis makes requests of the OpenAPI document, good ones and bad ones: none may be answered 5xx."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.third_party.conftest import Wire

CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance"


def test_no_request_that_it_thinks_of_breaks_the_server(wire: Wire, tmp_path: Path):
    command = [
        str(Path(sys.executable).with_name("schemathesis")),
        "run",
        f"{wire.town.base_url}/openapi.json",
        f"--header=Authorization: Bearer {wire.token}",
        f"--checks={CHECKS}",
        "--max-examples=6",
        "--generation-deterministic",
        "--phases=coverage,fuzzing",
        "--report=ndjson",
        f"--report-ndjson-path={tmp_path / 'report.ndjson'}",
        "--no-color",
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stdout[-4_000:]
    kinds = {next(iter(json.loads(line))) for line in (tmp_path / "report.ndjson").read_text().splitlines()}
    assert "ScenarioFinished" in kinds
