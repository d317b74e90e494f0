"""``careloom audit``: prove that the trail is whole, and sign where it stands."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

import click

from gateway.cli import audit_records
from gateway.cli.audit_acknowledge import acknowledge
from gateway.cli.audit_archive import archive
from gateway.cli.audit_export import export
from gateway.cli.audit_receivers import hand_on, receivers_
from gateway.cli.options import as_json, data_dir, show, storage
from gateway.custody import checkpoint, note, signing, verify
from gateway.custody.archive import checking
from gateway.custody.archive.checking import Against
from gateway.custody.checkpoint import FOLDER, Witness
from gateway.custody.coverage import Due
from gateway.custody.database import Database, Side
from gateway.custody.ids import Tenant
from gateway.custody.settings import Storage
from gateway.settings import Settings
from gateway.witnesses import reading

_CLOCK_ALONE = 3


@click.group()
def audit() -> None:
    """Verify the trail, sign where it stands, export it."""


audit.add_command(export)
audit.add_command(receivers_)
audit.add_command(archive)
audit.add_command(acknowledge)


@audit.command("verify")
@click.option(
    "--archive", type=click.Path(path_type=Path), help="Verify what was archived to this folder too."
)
@click.option(
    "--witness",
    "places",
    multiple=True,
    metavar="PLACE",
    help="Compare with the checkpoints that are kept there: s3://bucket/prefix or a folder.",
)
@click.option("--records", is_flag=True, help="Compare every stored version with the event of its writing.")
@data_dir
@as_json
@click.pass_context
def verify_(
    context: click.Context, as_json: bool, archive: Path | None, places: tuple[str, ...], records: bool
) -> None:
    """Recompute every log and compare it with its signed checkpoints; exits 1 where something is wrong, and 3
    where nothing is but that a clock was put back, of which nobody has said yet that it is known."""
    where = storage()
    report = _report(where, archive, places)
    compared = audit_records.compared(where) if records else None
    ok = report.ok and (compared is None or compared.ok)
    if as_json:
        beside = {} if compared is None else {"records": audit_records.plain(compared)}
        show({**_plain(report), "ok": ok, **beside})
    else:
        _tell(report)
        if compared is not None:
            audit_records.tell(compared)
    beyond = compared is None or compared.ok
    context.exit(0 if ok else _CLOCK_ALONE if report.clock_alone and beyond else 1)


def _report(where: Storage, archives: Path | None, places: tuple[str, ...]) -> verify.Report:
    signer = signing.load(where.key_paths.audit)
    copies = Settings.from_environ(os.environ).copies
    outside: Mapping[Tenant, Witness] = {}
    for place in places:
        outside = checkpoint.beside(outside, reading.witnesses(place, copies.s3_endpoint, signer))
    against = Against(Due(time.time_ns() // 1000, copies.pace), archives, outside)
    with closing(Database.open(where.database_url, Side.TRUSTED)) as database:
        return checking.verified(database, where.data_dir / FOLDER, signer, against)


def _plain(report: verify.Report) -> dict[str, object]:
    return {
        "ok": report.ok,
        "events": report.events,
        "logs": report.logs,
        "checkpoints": report.checkpoints,
        "archived": report.archived,
        "faults": [asdict(fault) for fault in report.faults],
        "acknowledged": [asdict(fault) for fault in report.acknowledged],
    }


def _tell(report: verify.Report) -> None:
    faults = verify.joined(report.faults)
    for fault in faults:
        click.echo(f"log {fault.log}, events {fault.first} to {fault.last}: {fault.what}", err=True)
    for fault in verify.joined(report.acknowledged):
        click.echo(
            f"log {fault.log}, events {fault.first} to {fault.last}: {fault.what} (acknowledged)", err=True
        )
    state = "whole" if report.ok else f"not whole: {len(faults)} fault(s)"
    counted = f"{report.events} events in {report.logs} logs, {report.checkpoints} checkpoints"
    counted += f", {report.archived} events archived" if report.archived else ""
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
        places = hand_on(database, where, signer)
    finally:
        database.close()
    public = signer.key.public_key()
    rows = [
        {
            "origin": one.origin,
            "size": one.size,
            "root": one.root.hex(),
            "key": note.verifier_key(one.origin, public),
            **({"places": places} if places else {}),
        }
        for one in taken
    ]
    if as_json:
        show(rows)
        return
    for row in rows:
        click.echo(f"{row['origin']}: {row['size']} events, root {row['root']}")
    click.echo(f"{len(rows)} log(s) signed in {os.fspath(where.data_dir / FOLDER)}.")
    for name, state in places.items():
        click.echo(f"{name}: {'has every checkpoint' if state == 'taken' else 'is away; they wait'}")
