"""The figures of ``careloom bench plan``, for people and programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.figures import quantile
from bench.plan import Planned, growth

WANTED_PER_SECOND, WANTED_BYTES = 40, 200 * 1024 * 1024


def plan_as_json(found: Sequence[Planned]) -> dict[str, Any]:
    """The figures for programs."""
    rows = [
        {
            "resources": one.resources,
            "patients": len(one.seconds),
            "patients_per_second": round(one.per_second, 1),
            "median_ms": round(1e3 * quantile(one.seconds, 0.5), 2),
            "p95_ms": round(1e3 * quantile(one.seconds, 0.95), 2),
            "worker_peak_bytes": one.peak_bytes,
        }
        for one in found
    ]
    return {"sizes": rows, "growth": round(growth(found), 2)}


def show_plan(found: Sequence[Planned], console: Console) -> None:
    """The figures for people."""
    table = Table("Resources", "Patients", "Patients/s a core", "Median", "p95", "Worker's peak")
    for row in plan_as_json(found)["sizes"]:
        table.add_row(
            f"{row['resources']:,}",
            str(row["patients"]),
            f"{row['patients_per_second']:,.0f}",
            f"{row['median_ms']:.1f} ms",
            f"{row['p95_ms']:.1f} ms",
            f"{row['worker_peak_bytes'] / 2**20:.0f} MB",
        )
    console.print(table)
    console.print(f"A resource of the largest record costs {growth(found):.2f} of one of the smallest.")
