"""``careloom knowledge``: which rules the engine knows, which of them count, and whether they are sound."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import click
from rich.console import Console
from rich.table import Table

from gateway.cli.knowledge_desk import find_tenant, installed
from gateway.cli.knowledge_packs import add, remove, sign, trust_
from gateway.cli.knowledge_rules import recall, shadow, switch, thresholds
from gateway.cli.options import as_json, data_dir, show, storage
from gateway.custody.database import Database, Side
from gateway.overridden import flagged
from gateway.rulebook import shelf
from gateway.settings import Settings
from workers.engine import packing
from workers.engine.cases import cases, failures
from workers.engine.definitions import Guideline, Knowledge, State
from workers.engine.knowledge import SHIPPED, KnowledgeRefused, load

F = TypeVar("F", bound=Callable[..., Any])


def _folder(command: F) -> F:
    return click.option(
        "--folder",
        type=click.Path(exists=True, file_okay=False, path_type=Path),
        help="A folder of packs [what counts here].",
    )(command)


@click.group()
def knowledge() -> None:
    """See and check the clinical rules, and decide which count."""


for _command in (add, remove, sign, trust_, switch, recall, shadow):
    knowledge.add_command(_command)


@knowledge.command("list")
@_folder
@click.option("--organization", help="As it counts for this hospital [for all].")
@data_dir
@as_json
def list_(folder: Path | None, organization: str | None, as_json: bool) -> None:
    """List every rule with its state, version, source and day of review."""
    found = _counting(organization) if folder is None else load(folder)
    declined = _overridden() if folder is None else set()
    if as_json:
        rows = [(_row(rule), (rule.rule.id, rule.rule.version)) for rule in found.every]
        show([{**row, "overridden": which in declined} for row, which in rows])
        return
    table = Table("Rule", "Version", "State", "Title", "Strength", "Source", "Review")
    for rule in found.every:
        source, known = rule.rule.source, rule.rule
        where, review = f"{source.publisher} {source.version}", rule.review.isoformat()
        state = rule.state.value + (", overridden" if (known.id, known.version) in declined else "")
        table.add_row(known.id, known.version, state, known.title, source.strength, where, review)
    Console().print(table)


def _overridden() -> set[tuple[str, str]]:
    """The rules that clinicians of some hospital decline too often: see ``careloom plans report``."""
    where = storage()
    if not installed(where):
        return set()
    over = Settings.from_environ(os.environ).override_rate
    with closing(Database.open(where.database_url, Side.TRUSTED)) as database, database.read() as conn:
        return flagged(conn, time.time_ns() // 1000, over)


def _counting(organization: str | None) -> Knowledge:
    """What counts in this installation; without one, what ships."""
    where = storage()
    if not installed(where):
        if organization is not None:
            find_tenant(None, organization)
        return load()
    database = Database.open(where.database_url, Side.TRUSTED)
    try:
        with database.read() as conn:
            tenant = find_tenant(conn, organization) if organization is not None else None
            return shelf.for_hospital(conn, shelf.opened(conn), tenant)
    finally:
        database.close()


@knowledge.command("check")
@click.argument("pack", required=False, type=click.Path(exists=True, file_okay=False, path_type=Path))
@_folder
@as_json
@click.pass_context
def check(context: click.Context, pack: Path | None, folder: Path | None, as_json: bool) -> None:
    """Lint every rule, run its cases, and name what is overdue for review; of one PACK, or of all."""
    today = date.today()  # noqa: DTZ011 - a review falls due on a local day
    report = _report(folder or SHIPPED, today) if pack is None else _pack_report(pack, today)
    if as_json:
        show(report)
    else:
        _tell(report)
    context.exit(0 if report["ok"] else 1)


def _pack_report(pack: Path, today: date) -> dict[str, Any]:
    """One pack beside what ships, as if it were added."""
    try:
        files, name = packing.read(pack), pack.absolute().name
        with TemporaryDirectory(prefix="careloom-knowledge-") as scratch:
            packing.lay_out(files, name, Path(scratch))
            found = load(SHIPPED, Path(scratch))
            ran, wrong = cases(SHIPPED, Path(scratch)), failures(found, SHIPPED, Path(scratch))
    except KnowledgeRefused as refused:
        return _told([], None, list(refused.faults), 0, today)
    rules = [rule for rule in found.every if rule.pack == name]
    ids = {rule.rule.id for rule in rules}
    return _told(rules, found.digest, list(wrong), sum(one.rule in ids for one in ran), today)


def _report(folder: Path, today: date) -> dict[str, Any]:
    try:
        found = load(folder)
    except KnowledgeRefused as refused:
        return _told([], None, list(refused.faults), 0, today)
    return _told(found.every, found.digest, list(failures(found, folder)), len(cases(folder)), today)


def _told(
    rules: Sequence[Guideline], digest: str | None, faults: list[str], ran: int, today: date
) -> dict[str, Any]:
    return {
        "ok": not faults,
        "rules": len(rules),
        "cases": ran,
        "digest": digest,
        "on": sum(rule.state is State.ON for rule in rules),
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
        f"{report['rules']} rules ({report['on']} of them on) answer their {report['cases']} cases; "
        f"{unread} rest on statements that a clinician must still review."
    )


def _row(rule: Guideline) -> dict[str, Any]:
    source = rule.rule.source
    return {
        "id": rule.rule.id,
        "version": rule.rule.version,
        "pack": rule.pack,
        "state": rule.state.value,
        "thresholds": thresholds(rule),
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
