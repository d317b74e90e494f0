"""``careloom bench``: what ingest costs on this machine, beside a floor that does the least possible."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import click
import requests
from rich.console import Console

from bench.bundles import NothingToPush, from_folder, generated
from bench.custody import custody as run_custody
from bench.ingest import MOST_BUNDLES, MOST_CONNECTIONS, NoPlan, Wanted
from bench.ingest import ingest as run
from bench.pusher import NotAccepted
from bench.report import as_json, custody_as_json, show, show_custody
from bench.rest import Wanted as RestWanted
from bench.rest import rest as run_rest
from bench.rest_report import rest_as_json, show_rest
from gateway.demo.client import Declined
from gateway.demo.server import NotRunning

_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
_bundles = click.option(
    "--bundles",
    default=100,
    show_default=True,
    type=click.IntRange(1, MOST_BUNDLES),
    help="How many to push.",
)
_entries = click.option(
    "--entries", default=100, show_default=True, type=click.IntRange(10, 1_000), help="Entries in each."
)
_connections = click.option(
    "--connections",
    default=1,
    show_default=True,
    type=click.IntRange(1, MOST_CONNECTIONS),
    help="At the same time.",
)
_folder = click.option(
    "--folder", type=_FOLDER, help="Push the transaction bundles (*.json) of this folder instead."
)
_data_dir = click.option(
    "--data-dir", type=_FOLDER, help="Where the temporary directory is made: the disk to measure."
)
_as_json = click.option("--json", "machine", is_flag=True, help="Print the figures as JSON.")


@click.group()
def bench() -> None:
    """Measure Careloom on this machine."""


@bench.command()
@_bundles
@_entries
@_connections
@_folder
@_data_dir
@_as_json
def ingest(machine: bool, **wanted: Any) -> None:
    """Push bundles over HTTP into a Careloom of its own and print what they took."""
    console = Console(stderr=machine)
    try:
        with console.status("") as status:
            figures = run(Wanted(**wanted), date.today(), status.update)  # noqa: DTZ011 - a local day
    except (NotRunning, NotAccepted, NothingToPush, NoPlan, Declined) as error:
        raise click.ClickException(str(error)) from None
    except requests.RequestException:
        raise click.ClickException("the gateway that was measured stopped answering; run it again.") from None
    if machine:
        click.echo(json.dumps(as_json(figures)))
    else:
        show(figures, console)


@bench.command()
@_bundles
@_entries
@_folder
@_as_json
def custody(machine: bool, bundles: int, entries: int, folder: Path | None) -> None:
    """Split and seal in this process and print what a resource takes, beside plain operations."""
    try:
        taken = from_folder(folder, bundles) if folder else generated(bundles, entries, date.today())  # noqa: DTZ011
        measured = run_custody(list(taken))
    except NothingToPush as error:
        raise click.ClickException(str(error)) from None
    if machine:
        click.echo(json.dumps(custody_as_json(measured)))
    else:
        show_custody(measured, Console())


def _numbers(_context: click.Context, option: click.Parameter, text: str) -> tuple[int, ...]:
    """A list such as 1,4,16."""
    try:
        found = tuple(int(part) for part in text.split(",") if part)
    except ValueError:
        raise click.BadParameter("give whole numbers, separated by commas") from None
    if any(not 1 <= number <= _LARGEST[str(option.name)] for number in found):
        raise click.BadParameter(f"give numbers from 1 to {_LARGEST[str(option.name)]:,}")
    return found


_LARGEST = {"clients": 64, "grow": 2_000_000}


@bench.command()
@click.option(
    "--seconds", default=3.0, show_default=True, type=click.FloatRange(0.2, 60), help="How long each."
)
@click.option("--clients", default="1,4,16", show_default=True, callback=_numbers, help="At the same time.")
@click.option("--grow", default="", callback=_numbers, help="Read and search again at these sizes.")
@_data_dir
@_as_json
def rest(machine: bool, **wanted: Any) -> None:
    """Measure single interactions against a Careloom of its own."""
    console = Console(stderr=machine)
    try:
        with console.status("") as status:
            found = run_rest(RestWanted(**wanted), date.today(), status.update)  # noqa: DTZ011 - a local day
    except (NotRunning, NotAccepted, Declined) as error:
        raise click.ClickException(str(error)) from None
    except requests.RequestException:
        raise click.ClickException("the gateway that was measured stopped answering; run it again.") from None
    if machine:
        click.echo(json.dumps(rest_as_json(found)))
    else:
        show_rest(found, console)
