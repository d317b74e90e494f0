"""``careloom policy``: what happens to every element of every type, before anybody relies on it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from itertools import groupby
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from gateway.privacy.check import Report, Row, check
from gateway.privacy.differences import Differences, Way, differences, shipped_for
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
@click.option("--strict", is_flag=True, help="Exit with 1 also when FILE is looser than the shipped policy.")
@click.option(
    "--against",
    type=click.Choice(SHIPPED),
    help="The shipped policy to compare with; without it clinical, or for a release the profile of the same "
    "name, else partner-limited.",
)
def check_command(file: str, kind: str | None, strict: bool, against: str | None, **form: Any) -> None:
    """Print what becomes of each element under FILE, a path or the name of a shipped policy.

    Judges the form alone: exits 1 when a line is dead or shadowed, or when no line decides some element.
    What is kept or withheld is yours to judge: the differences from the shipped policy are listed.
    """
    found = _load(file)
    report = check(found)
    changed = differences(found, report, _comparable(found, against))
    _say(_Checked(found, report, changed), kind, **form)
    if not report.ok or (strict and changed.count(Way.LOOSER)):
        raise SystemExit(1)


@dataclass(frozen=True, slots=True)
class _Checked:
    """A policy, its form, and how it differs from the one that ships."""

    policy: Policy
    report: Report
    changed: Differences


def _load(file: str) -> Policy:
    try:
        return load(file)
    except PolicyRefused as refused:
        known = ", ".join(SHIPPED)
        raise click.ClickException(f"{refused}. Give a policy file, or one of: {known}.") from None


def _comparable(found: Policy, against: str | None) -> str:
    name = against or shipped_for(found)
    if load(name).kind is not found.kind:
        raise click.ClickException(f"{name} is of another kind. Compare with one of kind {found.kind.value}.")
    return name


def _say(checked: _Checked, kind: str | None, as_json: bool, page: Path | None) -> None:
    rows = [row for row in checked.report.rows if kind in (None, row.type)]
    if not rows:
        raise click.ClickException("No row for this type. Give a type of FHIR R4, such as Patient.")
    if page is not None:
        _write(page, checked)
    if as_json:
        click.echo(json.dumps(_as_json(checked, rows)))
    elif page is not None:
        click.echo(f"{_verdict(checked.report)} {checked.changed} The report is in {page}.")
    else:
        _print(checked, rows, kind)


def _write(page: Path, checked: _Checked) -> None:
    profiles = [shipped(name) for name in PROFILES] if checked.policy.kind is Kind.SPLIT else []
    about = Page(datetime.now(UTC).date(), version("careloom"), profiles, checked.changed)
    try:
        page.write_text(html(checked.policy, checked.report, about), "utf-8")
    except OSError as error:
        raise click.ClickException(f"The report cannot be written: {error.strerror}.") from None


def _as_json(checked: _Checked, rows: list[Row]) -> dict[str, object]:
    found, report, changed = checked.policy, checked.report, checked.changed
    return {
        "policy": report.policy,
        "version": found.version,
        "digest": found.digest,
        "ok": report.ok,
        "dead": report.dead,
        "shadowed": report.shadowed,
        "gaps": report.gaps,
        "differences": {
            "shipped": changed.shipped,
            "uncovered": changed.uncovered,
            **{way.value: changed.count(way) for way in Way},
            "rows": [{**asdict(row), "way": row.way.value} for row in changed.rows],
        },
        "rows": [asdict(row) for row in rows],
    }


def _print(checked: _Checked, rows: list[Row], kind: str | None) -> None:
    console, report = Console(), checked.report
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
    _print_differences(console, checked.changed, kind)
    console.print(_verdict(report), highlight=False, soft_wrap=True)
    console.print(str(checked.changed), highlight=False, soft_wrap=True)


def _print_differences(console: Console, changed: Differences, kind: str | None) -> None:
    """Those of one type, or all; the count is always of all."""
    rows = [row for row in changed.rows if kind in (None, row.type)]
    if not rows:
        return
    console.print(f"Differences from the shipped policy {changed.shipped}", highlight=False)
    for row in rows:
        word = "[bold red]looser[/]" if row.way is Way.LOOSER else row.way.value
        text = escape(f"{row.path}: {row.action}; shipped: {row.shipped}")
        console.print(f"{word} {text}", highlight=False, soft_wrap=True)


def _verdict(report: Report) -> str:
    verdict = "well-formed (nothing dead, shadowed or undecided)" if report.ok else "not well-formed"
    return f"Policy {report.policy}: {len(report.rows)} elements, {verdict}."
