"""``careloom audit export``: the trail in a folder that proves itself, for somebody who need not trust us."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.console import Console
from rich.progress import Progress as Bar
from rich.progress import TextColumn

from gateway.auth.registry import find_organization
from gateway.cli.login import operator
from gateway.cli.options import as_json, data_dir, show
from gateway.custody import signing
from gateway.custody.archive import checking
from gateway.custody.archive.checking import Against
from gateway.custody.checkpoint import FOLDER
from gateway.custody.coverage import Due
from gateway.custody.database import Database, Side
from gateway.custody.export import writing
from gateway.custody.export.writing import Exported, Progress, Source, Wish
from gateway.custody.ids import Tenant
from gateway.custody.verify import joined
from gateway.settings import Settings

_day = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S%z"])


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--organization", help="Only this organization's log [all, and the system's].")
@click.option("--since", type=_day, help="Events from this moment on (UTC).")
@click.option("--until", type=_day, help="Events before this moment (UTC): of a day, none.")
@click.option("--format", "form", type=click.Choice(["ndjson", "csv"]), default="ndjson", help="[ndjson]")
@data_dir
@as_json
def export(
    folder: Path, form: str, as_json: bool, organization: str | None, **period: datetime | None
) -> None:
    """Write the trail into FOLDER, with proofs and a verifier that needs nothing of ours."""
    since, until = _micros(period["since"]), _micros(period["until"])
    if since is not None and until is not None and since >= until:
        raise click.UsageError("--since is not before --until, so the export would be empty.")
    settings = Settings.from_environ(os.environ)
    where = settings.storage
    signer = signing.load(where.key_paths.audit)
    database = Database.open(where.database_url, Side.TRUSTED)
    try:
        logs = _logs(database, organization)
        due = Due(time.time_ns() // 1000, settings.copies.pace)
        found = checking.verified(database, where.data_dir / FOLDER, signer, Against(due)).faults
        wish = Wish(logs, since, until, form, found, operator())
        with progress() as bar:
            source = Source(database, where.data_dir / FOLDER, signer)
            written = writing.export(source, folder, wish, time.time_ns() // 1000, bar)
    except FileExistsError:
        raise click.ClickException(f"{folder} is there already; name a folder that is not.") from None
    finally:
        database.close()
    _warn(written, wish)
    _tell(folder, written, signer.key.public_key().public_bytes_raw().hex(), as_json)


@contextmanager
def progress() -> Iterator[Progress]:
    """How many events were written, on a terminal's error output."""
    console = Console(stderr=True)
    with Bar(TextColumn("{task.completed} events"), console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task("events", total=None)
        yield lambda count: bar.advance(task, count)


def _logs(database: Database, organization: str | None) -> frozenset[Tenant] | None:
    if organization is None:
        return None
    with database.read() as conn:
        found = find_organization(conn, organization)
    if found is None:
        raise click.ClickException("No organization has this name; see `careloom client list`.")
    return frozenset({found})


def _micros(moment: datetime | None) -> int | None:
    """Microseconds since 1970; what names no zone is UTC."""
    if moment is None:
        return None
    zoned = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return int(zoned.timestamp()) * 1_000_000


def _warn(written: list[Exported], wish: Wish) -> None:
    logs = {one.log for one in written}
    if not any(one.end > one.first for one in written):
        click.echo("Warning: 0 events are in this export.", err=True)
    if faults := joined(fault for fault in wish.found if fault.log in logs):
        said = f"{len(faults)} fault(s), which the export says too; see `careloom audit verify`."
        click.echo(f"Warning: before it was made verification found {said}", err=True)


def _tell(folder: Path, written: list[Exported], key: str, as_json: bool) -> None:
    rows = [{"log": one.log, "first": one.first, "events": one.end - one.first} for one in written]
    if as_json:
        show({"folder": os.fspath(folder), "key": key, "logs": rows})
        return
    for row in rows:
        click.echo(f"log {row['log']}: {row['events']} events from {row['first']} on")
    click.echo(f"Check it anywhere: python3 {folder / 'verify.py'} --key {key}")
