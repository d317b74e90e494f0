"""``careloom keys``: which versions of the root keys there are, what hangs on each, and a new version."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from os import environ
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import Progress, TaskID
from rich.table import Table

from gateway.cli.options import WHERE
from gateway.custody import rotation
from gateway.custody.errors import CustodyError
from gateway.custody.identity.vault import Vault, open_vault
from gateway.custody.settings import Storage

_data_dir = click.option("--data-dir", type=click.Path(file_okay=False, path_type=Path), help=WHERE)
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group()
def keys() -> None:
    """Show and rotate the root keys."""


@keys.command()
@_data_dir
@_json
def status(data_dir: Path | None, as_json: bool) -> None:
    """Show the versions of each root key and how many data keys hang on each."""
    with _vault(data_dir) as vault:
        told = {
            side: [_row(version) for version in rotation.status(ring.store, ring.roots)]
            for side, ring in _rings(vault).items()
        }
    click.echo(json.dumps(told)) if as_json else Console().print(_table(told))


@keys.command()
@_data_dir
@_json
def rotate(data_dir: Path | None, as_json: bool) -> None:
    """Make new root keys and hang every data key on them; no record is rewritten."""
    rewrapped: dict[str, int] = {}
    with _vault(data_dir) as vault, Progress(console=Console(stderr=True), disable=as_json) as bar:
        for side, ring in _rings(vault).items():
            task = bar.add_task(side, total=sum(ring.store.by_root().values()))
            rewrapped[side] = rotation.rotate(ring.store, ring.roots, partial(_advance, bar, task))
    click.echo(
        json.dumps({"rewrapped": rewrapped})
        if as_json
        else ", ".join(f"{count} {side} data keys rewrapped" for side, count in rewrapped.items())
    )


def _advance(bar: Progress, task: TaskID, done: int) -> None:
    bar.update(task, completed=done)


@contextmanager
def _vault(data_dir: Path | None) -> Iterator[Vault]:
    try:
        vault = open_vault(
            Storage.from_environ({**environ, **({"CARELOOM_DATA_DIR": str(data_dir)} if data_dir else {})})
        )
        try:
            yield vault
        finally:
            vault.close()
    except CustodyError as error:
        raise click.ClickException(str(error)) from None


def _rings(vault: Vault) -> dict[str, Any]:
    return {"clinical": vault.clinical, "identity": vault.identity}


def _row(version: rotation.VersionStatus) -> dict[str, object]:
    return {**asdict(version), "may_be_destroyed": version.may_be_destroyed}


def _table(told: dict[str, list[dict[str, object]]]) -> Table:
    table = Table("root", "version", "current", "data keys", "may be destroyed")
    for side, versions in told.items():
        for row in versions:
            marks = ["yes" if row[name] else "no" for name in ("current", "may_be_destroyed")]
            table.add_row(side, str(row["version"]), marks[0], str(row["data_keys"]), marks[1])
    return table
