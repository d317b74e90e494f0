"""The figures of ``careloom bench rest``, for people and for programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.rest import Measured

THOUSAND = 1_000

SOURCE = "sekmet-fhir 0.1.1, without encryption and audit, on two cores"
REFERENCE = {"create": 360, "read": 983, "transaction of 100": 1_398}
"""Resources a second at the upper end of what was measured of it on a machine of two cores (2026-11)."""


def rest_as_json(found: Sequence[Measured]) -> list[dict[str, Any]]:
    """One object for each interaction and number of clients, in SI units."""
    return [
        {
            "database": one.database,
            "interaction": one.name,
            "clients": one.clients,
            "stored": one.stored,
            "requests": one.requests,
            "requests_per_second": round(one.per_second, 1),
            "resources_per_second": round(one.resources_per_second, 1),
            "seconds": {"p50": one.p50, "p99": one.p99},
            "cpu_seconds_per_request": one.cpu_per_request,
            "times_the_reference": _times(one),
        }
        for one in found
    ]


def show_rest(found: Sequence[Measured], console: Console) -> None:
    """One line for each, a table for each form of database."""
    for database in dict.fromkeys(one.database for one in found):
        console.print(_table(database, [one for one in found if one.database == database]))
    console.print(f"× ref: beside the best that {SOURCE} says of itself")


def _table(database: str, found: Sequence[Measured]) -> Table:
    heads = ("interaction", "clients", "stored", "req/s", "res/s", "p50 ms", "p99 ms", "CPU ms", "× ref")
    # Narrow, so that a terminal of eighty columns holds it.
    table = Table(title=f"single interactions, {database}", box=None, padding=(0, 1, 0, 0))
    for head in heads:
        table.add_column(head, no_wrap=True, justify="left" if head == heads[0] else "right")
    for one in found:
        rates = (f"{one.per_second:,.0f}", f"{one.resources_per_second:,.0f}")
        times = (f"{seconds * THOUSAND:.1f}" for seconds in (one.p50, one.p99, one.cpu_per_request))
        beside = _times(one)
        table.add_row(
            one.name,
            str(one.clients),
            f"{one.stored:,}",
            *rates,
            *times,
            "" if beside is None else f"{beside:.1f}",
        )
    return table


def _times(one: Measured) -> float | None:
    """How many times as many resources a second as the reference stores or reads; None without one."""
    reference = REFERENCE.get(one.name)
    return None if reference is None else round(one.resources_per_second / reference, 2)
