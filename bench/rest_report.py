"""The figures of ``careloom bench rest``, for people and for programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.rest import Measured

THOUSAND = 1_000


def rest_as_json(found: Sequence[Measured]) -> list[dict[str, Any]]:
    """One object for each interaction and number of clients, in SI units."""
    return [
        {
            "interaction": one.name,
            "clients": one.clients,
            "stored": one.stored,
            "requests": one.requests,
            "requests_per_second": round(one.per_second, 1),
            "resources_per_second": round(one.resources_per_second, 1),
            "seconds": {"p50": one.p50, "p99": one.p99},
            "cpu_seconds_per_request": one.cpu_per_request,
        }
        for one in found
    ]


def show_rest(found: Sequence[Measured], console: Console) -> None:
    """One line for each."""
    heads = ("interaction", "clients", "stored", "req/s", "res/s", "p50 ms", "p99 ms", "CPU ms")
    table = Table(title="single interactions")
    for head in heads:
        table.add_column(head, no_wrap=True, justify="left" if head == heads[0] else "right")
    for one in found:
        rates = (f"{one.per_second:,.0f}", f"{one.resources_per_second:,.0f}")
        times = (f"{seconds * THOUSAND:.1f}" for seconds in (one.p50, one.p99, one.cpu_per_request))
        table.add_row(one.name, str(one.clients), f"{one.stored:,}", *rates, *times)
    console.print(table)
