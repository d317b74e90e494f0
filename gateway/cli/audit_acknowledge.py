"""``careloom audit acknowledge``: somebody says that a clock was wrong, and it is no fault any more.

Only what verification itself calls a clock's fault can be acknowledged.
"""

from __future__ import annotations

import os
import time
from contextlib import closing

import click

from gateway.cli.login import operator
from gateway.cli.options import as_json, data_dir, show
from gateway.custody import signing
from gateway.custody.acknowledged import REASONS, TICKET
from gateway.custody.acknowledged import acknowledge as record
from gateway.custody.archive import checking
from gateway.custody.archive.checking import Against
from gateway.custody.checkpoint import FOLDER
from gateway.custody.coverage import Due
from gateway.custody.database import Database, Side
from gateway.custody.ids import Tenant
from gateway.custody.verify import CLOCK, Report
from gateway.settings import Settings

_REASONS = "; ".join(f"{name}: {what}" for name, what in REASONS.items())


def _ticket(_context: click.Context, _option: click.Parameter, value: str | None) -> str | None:
    if value is not None and not TICKET.fullmatch(value):
        raise click.BadParameter("a ticket has up to 64 letters, digits and . _ / # -, and names nobody.")
    return value


@click.command()
@click.option("--log", required=True, type=click.IntRange(0), help="The log, as `audit verify` numbers it.")
@click.option(
    "--event",
    "events",
    required=True,
    multiple=True,
    type=click.IntRange(0),
    help="The event; may be repeated.",
)
@click.option("--reason", required=True, type=click.Choice(list(REASONS)), help=f"Why. {_REASONS}.")
@click.option("--ticket", callback=_ticket, help="Where more is written about it.")
@data_dir
@as_json
def acknowledge(log: int, events: tuple[int, ...], reason: str, ticket: str | None, as_json: bool) -> None:
    """Say that a clock was wrong at an event; it is an event itself, and verification goes on without it."""
    settings = Settings.from_environ(os.environ)
    where, now = settings.storage, time.time_ns() // 1000
    signer = signing.load(where.key_paths.audit)
    with closing(Database.open(where.database_url, Side.TRUSTED)) as database:
        due = Due(now, settings.copies.pace)
        report = checking.verified(database, where.data_dir / FOLDER, signer, Against(due))
        new = _new(report, Tenant(log), events)
        with database.write() as conn:
            record(conn, Tenant(log), new, (reason, ticket), (operator(), now))
    if as_json:
        show({"log": log, "acknowledged": new})
    else:
        click.echo(f"{len(new)} event(s) of log {log} acknowledged.")


def _new(report: Report, log: Tenant, events: tuple[int, ...]) -> list[int]:
    """Those that are not acknowledged yet; refuses what is no fault of a clock."""
    clocks = {fault.first for fault in report.faults if fault.kind == CLOCK and fault.log == log}
    known = {fault.first for fault in report.acknowledged if fault.log == log}
    strange = sorted(set(events) - clocks - known)
    if strange:
        named = ", ".join(map(str, strange))
        text = (
            f"No clock was wrong at event {named} of log {log}; `careloom audit verify` names where one was."
        )
        raise click.ClickException(text)
    return sorted(set(events) - known)
