"""A report holds every figure, for people and for programs."""

from __future__ import annotations

import io
import json

from rich.console import Console

from bench.report import as_json, show
from tests.unit.bench.test_figures import run


def shown() -> str:
    out = io.StringIO()
    show(run(), Console(file=out, width=120))
    return out.getvalue()


def test_json_is_json_and_holds_the_figures():
    figures = json.loads(json.dumps(as_json(run())))
    assert figures["resources_per_second"] == 2000
    assert figures["bundle_seconds"] == {"p50": 0.04, "p99": 0.06}
    assert figures["plan_seconds"] == {"p50": 0.6, "worst": 0.7}
    assert figures["floor"]["resources_per_second"] == 10_000
    assert figures["gateway_peak_bytes"] == 120_000_000


def test_the_run_stands_beside_its_floor():
    text = shown()
    assert "2,000" in text
    assert "10,000" in text
    assert "0.60" in text


def test_stages_and_the_rest_add_up_to_the_whole():
    text = shown()
    assert "validate" in text
    assert "100" in text
    assert "25%" in text
    assert "75%" in text
