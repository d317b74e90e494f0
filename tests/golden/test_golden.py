"""Golden folders: an input tree, an expected tree, one loop.

``tests/golden/fhir_to_facts/CASE``: ``input/*.json`` are clinical halves, ``as_of`` the day, and
``expected.json`` the facts. ``tests/golden/careplan/CASE``: ``input.json`` is the engine's answer, and
``expected/`` what it becomes. ``CARELOOM_TEST_REWRITE_GOLDEN=1`` writes what is expected.
"""

from __future__ import annotations

import json
import os
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import pytest

from mappers import lossless
from mappers.fhir_to_facts import Opened, facts
from mappers.recommendations import Plan
from mappers.recommendations_to_careplan import completed, provenance, resources
from tests.conftest import ROOT

GOLDEN = ROOT / "tests" / "golden"
REWRITE = bool(os.environ.get("CARELOOM_TEST_REWRITE_GOLDEN"))


def cases(kind: str) -> list[Path]:
    found = sorted(path for path in (GOLDEN / kind).iterdir() if path.is_dir())
    assert found
    return found


def shown(value: Any) -> str:
    """JSON that a person can compare: every number as it is, keys sorted."""
    return json.dumps(json.loads(_as_written(value)), indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def _as_written(value: Any) -> bytes:
    return msgspec.json.encode(value)


def agree(value: Any, path: Path) -> None:
    if REWRITE:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(shown(value), "utf-8")
    assert path.read_text("utf-8") == shown(value)


@pytest.mark.parametrize("case", cases("fhir_to_facts"), ids=lambda path: path.name)
def test_a_chart_gives_its_facts(case):
    opened = []
    for path in sorted((case / "input").glob("*.json")):
        body = lossless.loads(path.read_bytes())
        opened.append(Opened(f"{body['resourceType']}/{body['id']}/_history/1", body))
    as_of = date.fromisoformat((case / "as_of").read_text("utf-8").strip())
    agree(facts(opened, as_of), case / "expected.json")


def ident(kind: str, key: str) -> str:
    return sha256(f"{kind} {key}".encode()).hexdigest()[:26]


@pytest.mark.parametrize("case", cases("careplan"), ids=lambda path: path.name)
def test_an_answer_gives_its_resources(case):
    plan = msgspec.json.decode((case / "input.json").read_bytes(), type=Plan)
    written = list(resources(plan, "p" * 26, ident))
    written.append(completed(written[0]) | {"id": "completed"})
    targets = [f"{one['resourceType']}/{one['id']}/_history/1" for one in written[:-1]]
    recorded = "2026-05-20T10:00:00.000+00:00"
    written.append(provenance(targets, [f"Patient/{'p' * 26}/_history/1"], plan, recorded, ident))
    for one in written:
        agree(one, case / "expected" / f"{one['resourceType']}-{one['id']}.json")
    expected = {path.name for path in (case / "expected").glob("*.json")}
    assert expected == {f"{one['resourceType']}-{one['id']}.json" for one in written}
    if written[0].get("text"):
        page = case / "expected" / "narrative.html"
        if REWRITE:
            page.write_text(written[0]["text"]["div"].replace("<li>", "\n<li>") + "\n", "utf-8")
        assert page.read_text("utf-8") == written[0]["text"]["div"].replace("<li>", "\n<li>") + "\n"
