"""``careloom keys``: which versions of the root keys there are, what hangs on each, and a new version."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from os import environ
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import Progress, TaskID
from rich.table import Table

from gateway.cli.login import operator
from gateway.cli.options import WHERE, instant
from gateway.custody import fitting, rotation
from gateway.custody.errors import CustodyError
from gateway.custody.identity.vault import Vault, open_vault
from gateway.custody.rotation import Rewrapped, Rotation, VersionStatus
from gateway.custody.settings import Storage

_data_dir = click.option("--data-dir", type=click.Path(file_okay=False, path_type=Path), help=WHERE)
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")

_DAY = 24 * 3600 * 1_000_000
_BACKUPS = (
    "A version that may be destroyed opens nothing that lies in the key store now. Backups of the key store "
    "from before the rotation that followed it was finished need it still: keep it as long as you keep those."
)


@click.group()
def keys() -> None:
    """Show and rotate the root keys."""


@keys.command()
@_data_dir
@_json
def status(data_dir: Path | None, as_json: bool) -> None:
    """Show the versions of each root key, their age, what hangs on them, and which may be destroyed."""
    with _vault(data_dir) as vault:
        told = {
            side: [_row(version, _now()) for version in rotation.status(ring.store, ring.roots)]
            for side, ring in _rings(vault).items()
        }
    if as_json:
        click.echo(json.dumps(told))
        return
    console = Console()
    console.print(_table(told))
    if any(row["may_be_destroyed"] for rows in told.values() for row in rows):
        console.print(_BACKUPS)


@keys.command()
@_data_dir
@_json
@click.pass_context
def rotate(context: click.Context, data_dir: Path | None, as_json: bool) -> None:
    """Make new root keys and hang every data key on them; no record is rewritten."""
    done: dict[str, Rewrapped] = {}
    with _vault(data_dir) as vault, Progress(console=Console(stderr=True), disable=as_json) as bar:
        for side, ring in _rings(vault).items():
            task = bar.add_task(side, total=sum(ring.store.by_root().values()))
            turn = Rotation(side, ring.store, ring.roots, vault.database, _now, operator())
            done[side] = turn.run(partial(_advance, bar, task))
    if as_json:
        click.echo(json.dumps({"rewrapped": _each(done, "keys"), "damaged": _each(done, "damaged")}))
    else:
        click.echo(", ".join(f"{told.keys} {side} data keys rewrapped" for side, told in done.items()))
    damaged = sum(told.damaged for told in done.values())
    if damaged:
        click.echo(
            f"{damaged} data keys do not unwrap and were left as they are: somebody changed or moved them in "
            "the key store. Restore them from its backup.",
            err=True,
        )
    context.exit(1 if damaged else 0)


def _each(done: dict[str, Rewrapped], name: str) -> dict[str, int]:
    return {side: getattr(told, name) for side, told in done.items()}


def _now() -> int:
    return time.time_ns() // 1000


def _advance(bar: Progress, task: TaskID, done: int) -> None:
    bar.update(task, completed=done)


@contextmanager
def _vault(data_dir: Path | None) -> Iterator[Vault]:
    where = {**environ, **({"CARELOOM_DATA_DIR": str(data_dir)} if data_dir else {})}
    try:
        storage = Storage.from_environ(where)
        vault = open_vault(storage)
        # A root that does not belong to this key store would be rotated into something that opens nothing.
        fitting.check_all(storage)
        try:
            yield vault
        finally:
            vault.close()
    except CustodyError as error:
        raise click.ClickException(str(error)) from None


def _rings(vault: Vault) -> dict[str, Any]:
    return {"clinical": vault.clinical, "identity": vault.identity}


def _row(version: VersionStatus, now: int) -> dict[str, Any]:
    return {
        "version": version.version,
        "current": version.current,
        "made": instant(version.made),
        "age_days": None if version.made is None else max(0, now - version.made) // _DAY,
        "data_keys": version.data_keys,
        "followed": instant(version.followed),
        "may_be_destroyed": version.may_be_destroyed,
    }


def _table(told: dict[str, list[dict[str, Any]]]) -> Table:
    table = Table("root", "version", "current", "made", "days", "data keys", "may be destroyed")
    for side, versions in told.items():
        for row in versions:
            marks = ["yes" if row[name] else "no" for name in ("current", "may_be_destroyed")]
            age = "-" if row["age_days"] is None else str(row["age_days"])
            made = (row["made"] or "-")[:10]
            table.add_row(side, str(row["version"]), marks[0], made, age, str(row["data_keys"]), marks[1])
    return table
