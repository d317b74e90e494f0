"""``careloom audit``: prove that the trail is whole, and sign where it stands."""

from __future__ import annotations

import os
import time
from dataclasses import asdict

import click

from gateway.cli.audit_export import export
from gateway.cli.options import as_json, data_dir, show, storage
from gateway.custody import checkpoint, note, signing, verify
from gateway.custody.checkpoint import FOLDER
from gateway.custody.database import Database, Side
from gateway.custody.settings import Storage


@click.group()
def audit() -> None:
    """Verify the trail, sign where it stands, export it."""


audit.add_command(export)


@audit.command("verify")
@data_dir
@as_json
@click.pass_context
def verify_(context: click.Context, as_json: bool) -> None:
    """Recompute every log and compare it with its signed checkpoints."""
    report = _report(storage())
    if as_json:
        show(_plain(report))
    else:
        _tell(report)
    context.exit(0 if report.ok else 1)


def _report(where: Storage) -> verify.Report:
    signer = signing.load(where.key_paths.audit)
    database = Database.open(where.database_url, Side.TRUSTED)
    try:
        with database.read() as conn:
            return verify.verify(conn, checkpoint.witnesses(where.data_dir / FOLDER, signer))
    finally:
        database.close()


def _plain(report: verify.Report) -> dict[str, object]:
    return {
        "ok": report.ok,
        "events": report.events,
        "logs": report.logs,
        "checkpoints": report.checkpoints,
        "faults": [asdict(fault) for fault in report.faults],
    }


def _tell(report: verify.Report) -> None:
    faults = verify.joined(report.faults)
    for fault in faults:
        click.echo(f"log {fault.log}, events {fault.first} to {fault.last}: {fault.what}", err=True)
    state = "whole" if report.ok else f"not whole: {len(faults)} fault(s)"
    counted = f"{report.events} events in {report.logs} logs, {report.checkpoints} checkpoints"
    click.echo(f"The trail is {state} ({counted}).")


@audit.command("checkpoint")
@data_dir
@as_json
def checkpoint_(as_json: bool) -> None:
    """Sign the head of every log that grew."""
    where = storage()
    signer = signing.load(where.key_paths.audit)
    database = Database.open(where.database_url, Side.TRUSTED)
    try:
        taken = checkpoint.take(database, where.data_dir / FOLDER, signer, time.time_ns() // 1000)
    finally:
        database.close()
    public = signer.key.public_key()
    rows = [
        {
            "origin": one.origin,
            "size": one.size,
            "root": one.root.hex(),
            "key": note.verifier_key(one.origin, public),
        }
        for one in taken
    ]
    if as_json:
        show(rows)
        return
    for row in rows:
        click.echo(f"{row['origin']}: {row['size']} events, root {row['root']}")
    click.echo(f"{len(rows)} log(s) signed in {os.fspath(where.data_dir / FOLDER)}.")
