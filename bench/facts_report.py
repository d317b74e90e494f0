"""The figures of the facts' bench, for a person and for a program."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.facts import Speed, growth


def facts_as_json(measured: Sequence[Speed]) -> dict[str, Any]:
    """Resources a second of each record, and how the cost of one grows from the smallest to the largest."""
    return {
        "records": [
            {
                "resources": one.resources,
                "resources_per_second": round(one.per_second),
                "with_parsing_per_second": round(one.with_parsing),
            }
            for one in measured
        ],
        "growth": round(growth(measured), 3),
    }


def show_facts(measured: Sequence[Speed], console: Console) -> None:
    """One line for each record."""
    table = Table(box=None)
    for heading in ("resources", "to facts, a second", "with parsing, a second"):
        table.add_column(heading, justify="right")
    for one in measured:
        table.add_row(f"{one.resources:,}", f"{one.per_second:,.0f}", f"{one.with_parsing:,.0f}")
    console.print(table)
    console.print(f"One resource of the largest record costs {growth(measured):.2f} of one of the smallest.")
