"""``careloom policy``: what happens to every element of every type, before anybody relies on it."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from itertools import groupby
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from gateway.privacy.check import Report, Row, check
from gateway.privacy.policy import CLINICAL, PROFILES, SHIPPED, Kind, Policy, PolicyRefused, load, shipped
from gateway.privacy.report import Page, html


@click.group()
def policy() -> None:
    """Privacy policies: which elements stay, and as what."""


@policy.command("check")
@click.argument("file", default=CLINICAL)
@click.option("--type", "kind", help="Print the rows of one FHIR type only.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as one JSON object.")
@click.option(
    "--html",
    "page",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the report that an officer signs to a file: one page, without scripts.",
)
def check_command(file: str, kind: str | None, as_json: bool, page: Path | None) -> None:
    """Print what becomes of each element under FILE, a path or the name of a shipped policy.

    Exits 1 when a line is dead or shadowed, or when no line decides some element.
    """
    try:
        found = load(file)
    except PolicyRefused as refused:
        known = ", ".join(SHIPPED)
        raise click.ClickException(f"{refused}. Give a policy file, or one of: {known}.") from None
    report = check(found)
    rows = [row for row in report.rows if kind in (None, row.type)]
    if not rows:
        raise click.ClickException("No row for this type. Give a type of FHIR R4, such as Patient.")
    if page is not None:
        _write(page, found, report)
    if as_json:
        click.echo(json.dumps(_as_json(found, report, rows)))
    elif page is not None:
        click.echo(f"{_verdict(report)} The report is in {page}.")
    else:
        _print(report, rows)
    if not report.ok:
        raise SystemExit(1)


def _write(page: Path, found: Policy, report: Report) -> None:
    profiles = [shipped(name) for name in PROFILES] if found.kind is Kind.SPLIT else []
    about = Page(datetime.now(UTC).date(), version("careloom"), profiles)
    try:
        page.write_text(html(found, report, about), "utf-8")
    except OSError as error:
        raise click.ClickException(f"The report cannot be written: {error.strerror}.") from None


def _as_json(found: Policy, report: Report, rows: list[Row]) -> dict[str, object]:
    return {
        "policy": report.policy,
        "version": found.version,
        "digest": found.digest,
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
    console.print(_verdict(report), highlight=False)


def _verdict(report: Report) -> str:
    verdict = "nothing dead, shadowed or undecided" if report.ok else "not fit for use"
    return f"Policy {report.policy}: {len(report.rows)} elements, {verdict}."
