"""The bench of plans runs a worker of its own on records of each size, and says what its jobs took."""

from __future__ import annotations

import io
from datetime import date
from pathlib import Path

import pytest
from rich.console import Console

from bench import plan as measuring
from bench.plan import Planned, growth, plans
from bench.plan_report import plan_as_json, show_plan


def test_each_patient_is_planned_once_by_a_worker_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measuring, "BUDGET", 60)
    (found,) = plans((20,), date(2026, 3, 2), tmp_path)
    assert (found.resources, len(found.seconds)) == (20, 3)
    assert all(one > 0 for one in found.seconds)
    assert 20 * 2**20 < found.peak_bytes < 400 * 2**20


SIZES = [Planned(200, (0.02, 0.02, 0.03), 100 * 2**20), Planned(1_000, (0.08, 0.1, 0.1), 120 * 2**20)]


def test_growth_is_what_a_resource_of_the_largest_costs_beside_one_of_the_smallest() -> None:
    assert growth(SIZES) == pytest.approx(1.0)
    assert SIZES[0].per_second == pytest.approx(50)


def test_the_figures_are_told_to_people_and_programs() -> None:
    told = plan_as_json(SIZES)
    assert [row["patients_per_second"] for row in told["sizes"]] == [50.0, 10.0]
    assert told["sizes"][0]["p95_ms"] == 30.0
    out = io.StringIO()
    show_plan(SIZES, Console(file=out, width=120))
    assert "100 MB" in out.getvalue()
