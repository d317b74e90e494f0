"""``careloom policy``: what happens to every element of every type, before anybody relies on it."""

from __future__ import annotations

import json
from dataclasses import asdict
from itertools import groupby

import click
from rich.console import Console
from rich.table import Table

from gateway.privacy.check import Report, Row, check
from gateway.privacy.policy import CLINICAL, SHIPPED, PolicyRefused, load


@click.group()
def policy() -> None:
    """Privacy policies: which elements stay, and as what."""


@policy.command("check")
@click.argument("file", default=CLINICAL)
@click.option("--type", "kind", help="Print the rows of one FHIR type only.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as one JSON object.")
def check_command(file: str, kind: str | None, as_json: bool) -> None:
    """Print what becomes of each element under FILE, a path or the name of a shipped policy.

    Exits 1 when a line is dead or shadowed, or when no line decides some element.
    """
    try:
        report = check(load(file))
    except PolicyRefused as refused:
        known = ", ".join(SHIPPED)
        raise click.ClickException(f"{refused}. Give a policy file, or one of: {known}.") from None
    rows = [row for row in report.rows if kind in (None, row.type)]
    if not rows:
        raise click.ClickException("No row for this type. Give a type of FHIR R4, such as Patient.")
    if as_json:
        click.echo(json.dumps(_as_json(report, rows)))
    else:
        _print(report, rows)
    if not report.ok:
        raise SystemExit(1)


def _as_json(report: Report, rows: list[Row]) -> dict[str, object]:
    return {
        "policy": report.policy,
        "ok": report.ok,
        "dead": report.dead,
        "shadowed": report.shadowed,
        "gaps": report.gaps,
        "rows": [asdict(row) for row in rows],
    }


def _print(report: Report, rows: list[Row]) -> None:
    console = Console()
    for owner, group in groupby(rows, key=lambda row: row.type):
        table = Table(title=owner, title_justify="left", box=None)
        for heading in ("element", "type", "what becomes of it", "by line"):
            table.add_column(heading, overflow="fold")
        for row in group:
            table.add_row(row.path, row.kind, row.action, row.line or "no line")
        console.print(table)
    for title, faults in (("dead", report.dead), ("shadowed", report.shadowed), ("gap", report.gaps)):
        for fault in faults:
            console.print(f"[bold red]{title}[/] {fault}", highlight=False)
    verdict = "nothing dead, shadowed or undecided" if report.ok else "not fit for use"
    console.print(f"Policy {report.policy}: {len(report.rows)} elements, {verdict}.", highlight=False)
