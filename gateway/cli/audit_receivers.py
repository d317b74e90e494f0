"""``careloom audit receivers``: how far those are who are handed copies of the trail."""

from __future__ import annotations

import os
import secrets
import time
from contextlib import closing
from typing import Any

import click

from gateway.cli.options import as_json, data_dir, instant, show, storage
from gateway.copies import FILE, checkpoints_at
from gateway.custody import checkpoint, logs, receivers, signing
from gateway.custody.checkpoint import FOLDER
from gateway.custody.database import Database, Side
from gateway.custody.receivers import Standing
from gateway.custody.settings import Storage
from gateway.custody.signing import Signer
from gateway.settings import Settings
from gateway.standing import standings, states
from gateway.witnesses.places import made
from gateway.witnesses.sending import Files, Sending


@click.command("receivers")
@data_dir
@as_json
@click.pass_context
def receivers_(context: click.Context, as_json: bool) -> None:
    """Show how far the SIEM and the witnesses are; exits 1 when one is late."""
    where, copies = storage(), Settings.from_environ(os.environ).copies
    signer = signing.load(where.key_paths.audit)
    with closing(Database.open(where.database_url, Side.TRUSTED)) as database:
        found = [_file(database, where, signer), *standings(database, copies, _now())]
    told = states(found, copies)
    rows = [_plain(one, told[one.name]) for one in found]
    if as_json:
        show(rows)
    else:
        for row in rows:
            _tell(row)
    context.exit(1 if any(row["state"] != "ok" for row in rows) else 0)


def _file(database: Database, where: Storage, signer: Signer) -> Standing:
    """The notes on this machine, which the other witnesses catch up from."""
    folder = where.data_dir / FOLDER
    with database.read() as conn:
        cursors = [checkpoint.stands(folder, log, signer) for log in receivers.sizes(conn, None)]
        return receivers.measured(conn, checkpoints_at(FILE), None, _now(), cursors)


def _plain(one: Standing, state: str) -> dict[str, Any]:
    return {
        "receiver": one.name,
        "state": state,
        "waiting": one.events,
        "seconds": one.seconds,
        "answered": instant(one.answered),
        "trouble": one.trouble,
        "logs": [
            {"log": cursor.log, "taken": cursor.taken, "newest": instant(cursor.time)}
            for cursor in one.cursors
        ],
    }


def _tell(row: dict[str, Any]) -> None:
    waits = (
        f"{row['waiting']} event(s) wait, the oldest for {row['seconds']} s"
        if row["waiting"]
        else "has everything"
    )
    trouble = f" ({row['trouble']})" if row["trouble"] else ""
    click.echo(f"{row['receiver']}: {row['state']}, {waits}{trouble}")


def hand_on(database: Database, where: Storage, signer: Signer) -> dict[str, str]:
    """Bring new checkpoints to each place at once; whether it has them all, by place."""
    settings = Settings.from_environ(os.environ)
    places = made(settings.copies, settings.host, _now)
    if not places:
        return {}
    logs.configure("audit")
    files = Files(where.data_dir / FOLDER, signer)
    sending = Sending(database, files, places, _now, secrets.token_hex(8))
    sending.turn()
    sending.rest()
    with database.read() as conn:
        at = {name: receivers.cursors(conn, checkpoints_at(name)) for name in places}
    return {name: "waits" if files.next(cursors) else "taken" for name, cursors in at.items()}


def _now() -> int:
    return time.time_ns() // 1000
