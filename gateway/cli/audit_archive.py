"""``careloom audit archive``: the oldest months of the trail, in a folder that proves itself."""

from __future__ import annotations

import os
import time
from pathlib import Path

import click

from gateway.cli.audit_export import progress
from gateway.cli.login import operator
from gateway.cli.options import as_json, data_dir, show
from gateway.copies import SIEM
from gateway.custody import months, signing
from gateway.custody.archive import service
from gateway.custody.archive.service import Made, Wish
from gateway.custody.checkpoint import FOLDER
from gateway.custody.database import Database, Side
from gateway.custody.export.writing import Source
from gateway.custody.months import Month
from gateway.settings import Settings

_DAY = len("-01")


def _month(_context: click.Context, _option: click.Parameter, value: str) -> Month:
    """A month, or the one that a day lies in: it is not over on that day."""
    found = months.parse(value) or (months.parse(value[:-_DAY]) if value[-_DAY:-2] == "-" else None)
    if found is None:
        raise click.BadParameter("write a month or a day: 2020-11 or 2020-11-30.")
    return found


@click.command()
@click.option("--before", required=True, callback=_month, help="Archive what is older than this month (UTC).")
@click.option("--to", required=True, type=click.Path(path_type=Path), help="The folder of the archives.")
@data_dir
@as_json
def archive(before: Month, to: Path, as_json: bool) -> None:
    """Take the oldest months out of the trail, into a folder that is read back first."""
    settings = Settings.from_environ(os.environ)
    where = settings.storage
    signer = signing.load(where.key_paths.audit)
    database = Database.open(where.database_url, Side.TRUSTED)
    source = Source(database, where.data_dir / FOLDER, signer)
    copies = settings.copies
    waiting = {SIEM: copies.logs} if copies.siem else {}
    wish = Wish(before, to.absolute(), copies.keep, operator(), waiting)
    try:
        with progress() as bar:
            made = service.archive(source, wish, time.time_ns() // 1000, bar)
    finally:
        database.close()
    _tell(made, signer.key.public_key().public_bytes_raw().hex(), as_json)


def _tell(made: Made, key: str, as_json: bool) -> None:
    rows = [{"log": one.log, "first": one.first, "events": one.end - one.first} for one in made.parts]
    if as_json:
        place = os.fspath(made.place) if rows else None
        show({"folder": place, "key": key, "finished": made.finished, "logs": rows})
        return
    if made.finished:
        click.echo(f"{made.finished} events of an archive that was not finished were taken out.")
    for row in rows:
        click.echo(f"log {row['log']}: {row['events']} events from {row['first']} on")
    if rows:
        click.echo(f"Check it anywhere: python3 {made.place / 'verify.py'} --key {key}")
    else:
        click.echo("Nothing is older and still here.")
