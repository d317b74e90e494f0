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
                "with_enrichment_per_second": round(one.with_enrichment),
                "whole_per_second": round(one.whole),
            }
            for one in measured
        ],
        "growth": round(growth(measured), 3),
    }


def show_facts(measured: Sequence[Speed], console: Console) -> None:
    """One line for each record."""
    table = Table(box=None)
    for heading in ("resources", "to facts, a second", "and enriched", "and parsed before"):
        table.add_column(heading, justify="right")
    for one in measured:
        rates = (one.per_second, one.with_enrichment, one.whole)
        table.add_row(f"{one.resources:,}", *(f"{rate:,.0f}" for rate in rates))
    console.print(table)
    console.print(f"One resource of the largest record costs {growth(measured):.2f} of one of the smallest.")
