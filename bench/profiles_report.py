"""The figures of the profiles' bench, for a person and for a program."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.profiles import Cost

MILLION, THOUSAND = 1_000_000, 1_000


def profiles_as_json(measured: Sequence[Cost]) -> list[dict[str, Any]]:
    """CPU seconds, to compile a profile and per resource."""
    return [asdict(one) for one in measured]


def show_profiles(measured: Sequence[Cost], console: Console) -> None:
    """Each profile beside R4's own check of the same resources."""
    table = Table()
    for heading in ("profile", "resources", "conforming", "compiled, ms", "profile, µs", "R4, µs"):
        table.add_column(heading, overflow="fold")
    for one in measured:
        table.add_row(
            one.profile.rpartition("/")[2],
            f"{one.resources}",
            f"{one.conforming}",
            f"{one.compiled * THOUSAND:.1f}",
            f"{one.checked * MILLION:.0f}",
            f"{one.r4 * MILLION:.0f}",
        )
    console.print(table)
