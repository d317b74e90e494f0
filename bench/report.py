"""The figures as a person reads them, and as JSON for whoever draws a line through them."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table

from bench.custody import Custody
from bench.figures import Ingest, quantile

MILLION = 1_000_000


def as_json(run: Ingest) -> dict[str, Any]:
    """Everything measured, in SI units and bytes."""
    return {
        "bundles": run.bundles,
        "connections": run.connections,
        "resources": run.resources,
        "seconds": round(run.seconds, 3),
        "resources_per_second": round(run.per_second, 1),
        "bundle_seconds": {"p50": quantile(run.latencies, 0.5), "p99": quantile(run.latencies, 0.99)},
        "gateway_cpu_seconds_per_resource": run.cpu_per_resource,
        "gateway_peak_bytes": run.gateway.peak_bytes,
        "stored_bytes_per_resource": round(run.bytes_per_resource, 1),
        "cpu_seconds_per_resource_by_stage": dict(run.stages),
        "plan_seconds": {"p50": quantile(run.plan_seconds, 0.5), "worst": max(run.plan_seconds)},
        "floor": {
            "resources_per_second": round(run.floor.per_second, 1),
            "cpu_seconds_per_resource": run.floor.cpu_seconds / run.floor.resources,
            "stored_bytes_per_resource": round(run.floor.bytes / run.floor.resources, 1),
        },
    }


def show(run: Ingest, console: Console) -> None:
    """Two tables: the run beside its floor, and where the CPU time went."""
    console.print(_figures(run))
    console.print(_stages(run))


def _figures(run: Ingest) -> Table:
    table = Table("", "Careloom", "floor", title=f"{run.resources} resources in {run.bundles} bundles")
    floor = run.floor
    table.add_row("resources per second", f"{run.per_second:,.0f}", f"{floor.per_second:,.0f}")
    table.add_row(
        "bundle p50 / p99, ms", " / ".join(f"{quantile(run.latencies, q) * 1000:.0f}" for q in (0.5, 0.99))
    )
    cpu = floor.cpu_seconds / floor.resources
    table.add_row("CPU per resource, µs", f"{run.cpu_per_resource * MILLION:.0f}", f"{cpu * MILLION:.0f}")
    table.add_row("peak memory of the gateway, MB", f"{run.gateway.peak_bytes / MILLION:.0f}")
    table.add_row(
        "bytes stored per resource", f"{run.bytes_per_resource:,.0f}", f"{floor.bytes / floor.resources:,.0f}"
    )
    table.add_row("plan visible, median, s", f"{quantile(run.plan_seconds, 0.5):.2f}")
    table.add_row("plan visible, worst, s", f"{max(run.plan_seconds):.2f}")
    return table


def _stages(run: Ingest) -> Table:
    table = Table("stage", "CPU per resource, µs", "share", title="where the gateway's time goes")
    whole = run.cpu_per_resource
    for name, seconds in run.stages.items():
        table.add_row(name, f"{seconds * MILLION:.0f}", f"{seconds / whole:.0%}")
    edge = whole - sum(run.stages.values())
    table.add_row("HTTP, tokens, the rest of the process", f"{edge * MILLION:.0f}", f"{edge / whole:.0%}")
    return table


def custody_as_json(measured: Custody) -> dict[str, Any]:
    """CPU seconds and bytes per resource, by step and by form."""
    return {
        "resources": measured.resources,
        "cpu_seconds_per_resource": dict(measured.steps),
        "cpu_seconds_median": dict(measured.medians),
        "bytes_per_resource": dict(measured.sizes),
    }


def show_custody(measured: Custody, console: Console) -> None:
    """Each step beside its floor."""
    table = Table("step", "CPU per resource, µs", title=f"{measured.resources} resources")
    for step, seconds in measured.steps:
        table.add_row(step, f"{seconds * MILLION:.1f}")
    console.print(table)
    medians = Table("step", "median, µs of CPU", title="one by one")
    for step, seconds in measured.medians:
        medians.add_row(step, f"{seconds * MILLION:.1f}")
    console.print(medians)
    sizes = Table("form", "bytes per resource", "of both halves")
    whole = measured.sizes[0][1]
    for form, size in measured.sizes:
        sizes.add_row(form, f"{size:,.0f}", f"{whole / size:.1f}x smaller" if size < whole else "-")
    console.print(sizes)
