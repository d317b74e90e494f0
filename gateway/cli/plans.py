"""``careloom plans``: what became of what plans proposed, and the codes by which a proposal is declined."""

from __future__ import annotations

import os
import time
from contextlib import closing
from dataclasses import asdict
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from gateway import overridden
from gateway.cli.options import as_json, data_dir, show, storage
from gateway.custody.database import Database, Side
from gateway.custody.deciding import ENOUGH
from gateway.custody.founding import check_whole
from gateway.settings import Settings
from mappers.recommendations_to_careplan import REASON_SYSTEM, decision_reasons


@click.group()
def plans() -> None:
    """See what becomes of what plans propose."""


@plans.command()
@data_dir
@as_json
@click.option("--organization", help="Only this hospital.")
def report(as_json: bool, organization: str | None) -> None:
    """Count, by rule and version, what was accepted, declined and left lying.

    A proposal that nobody decided about for 30 days is ignored. A rule is flagged when more than
    CARELOOM_OVERRIDE_RATE percent of at least 20 decisions declined it.
    """
    where, over = storage(), Settings.from_environ(os.environ).override_rate
    check_whole(where)
    with closing(Database.open(where.database_url, Side.TRUSTED)) as database, database.read() as conn:
        rows = overridden.report(conn, time.time_ns() // 1000, over, organization)
    if as_json:
        show({"flagged_over_percent": over, "enough_decisions": ENOUGH, "rules": rows})
    else:
        _tell(rows)


@plans.command()
@as_json
def reasons(as_json: bool) -> None:
    """List the codes by which a proposal is declined (statusReason)."""
    found = [asdict(one) for one in decision_reasons().values()]
    if as_json:
        show({"system": REASON_SYSTEM, "codes": found})
        return
    table = Table("Code", "Display", "Meaning", title=REASON_SYSTEM)
    for one in found:
        table.add_row(one["code"], one["display"], one["meaning"])
    Console().print(table)


def _tell(rows: list[dict[str, Any]]) -> None:
    if not rows:
        click.echo("No plan has proposed anything yet.")
        return
    table = Table("Hospital", "Rule", "Version", "Open", "Accepted", "Declined", "Ignored", "Overridden")
    for row in rows:
        share = row["override_percent"]
        told = "too few" if share is None else f"{share:.0f} %{' !' if row['flagged'] else ''}"
        counts = [str(row[name]) for name in ("open", "accepted", "declined", "ignored")]
        table.add_row(row["organization"], row["rule"], row["version"], *counts, told)
    Console().print(table)
