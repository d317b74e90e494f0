"""``careloom knowledge``: which rules the engine knows, and whether they answer as their cases say."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

import click
from rich.console import Console
from rich.table import Table

from gateway.cli.options import as_json, show
from workers.engine.cases import cases, failures
from workers.engine.definitions import Guideline, Knowledge
from workers.engine.knowledge import SHIPPED, KnowledgeRefused, load

F = TypeVar("F", bound=Callable[..., Any])


def _folder(command: F) -> F:
    return click.option(
        "--folder",
        type=click.Path(exists=True, file_okay=False, path_type=Path),
        default=SHIPPED,
        help="A folder of packs [the shipped one].",
    )(command)


@click.group()
def knowledge() -> None:
    """See and check the clinical rules."""


@knowledge.command("list")
@_folder
@as_json
def list_(folder: Path, as_json: bool) -> None:
    """List every rule with its version, source and day of review."""
    found = load(folder)
    if as_json:
        show([_row(rule) for rule in found.guidelines])
        return
    table = Table("Rule", "Version", "Title", "Strength", "Source", "Review")
    for rule in found.guidelines:
        source = rule.rule.source
        where = f"{source.publisher} {source.version}"
        review = rule.review.isoformat()
        table.add_row(rule.rule.id, rule.rule.version, rule.rule.title, source.strength, where, review)
    Console().print(table)


@knowledge.command("check")
@_folder
@as_json
@click.pass_context
def check(context: click.Context, folder: Path, as_json: bool) -> None:
    """Lint every rule, run its cases, and name what is overdue for review."""
    report = _report(folder, date.today())  # noqa: DTZ011 - a review falls due on a local day
    if as_json:
        show(report)
    else:
        _tell(report)
    context.exit(0 if report["ok"] else 1)


def _report(folder: Path, today: date) -> dict[str, Any]:
    try:
        found = load(folder)
    except KnowledgeRefused as refused:
        return _told(None, list(refused.faults), 0, today)
    return _told(found, list(failures(found, folder)), len(cases(folder)), today)


def _told(found: Knowledge | None, faults: list[str], ran: int, today: date) -> dict[str, Any]:
    rules = found.guidelines if found else ()
    return {
        "ok": not faults,
        "rules": len(rules),
        "cases": ran,
        "digest": found.digest if found else None,
        "faults": faults,
        "review_overdue": [rule.rule.id for rule in rules if rule.review <= today],
        "unverified": [rule.rule.id for rule in rules if not rule.rule.source.confirmed],
    }


def _tell(report: dict[str, Any]) -> None:
    for fault in report["faults"]:
        click.echo(fault, err=True)
    for rule in report["review_overdue"]:
        click.echo(f"{rule}: its day of review has passed", err=True)
    if not report["ok"]:
        click.echo(f"Knowledge has {len(report['faults'])} fault(s); mend them in the files named.", err=True)
        return
    unread = len(report["unverified"])
    click.echo(
        f"{report['rules']} rules answer their {report['cases']} cases; "
        f"{unread} rest on statements that a clinician must still review."
    )


def _row(rule: Guideline) -> dict[str, Any]:
    source = rule.rule.source
    return {
        "id": rule.rule.id,
        "version": rule.rule.version,
        "pack": rule.pack,
        "title": rule.rule.title,
        "ages": list(rule.ages),
        "pregnancy": rule.pregnancy.value,
        "lactation": rule.lactation.value,
        "exclusions": [one.description for one in rule.exclusions],
        "strength": source.strength,
        "confirmed": source.confirmed,
        "source": {
            "title": source.title,
            "publisher": source.publisher,
            "version": source.version,
            "date": source.date,
            "url": source.url,
        },
        "review": rule.review.isoformat(),
    }
