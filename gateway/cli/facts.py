"""``careloom facts``: what Careloom would make of records, before anybody relies on it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from gateway.assembly import own_maps
from gateway.cli.facts_folder import Folder
from gateway.cli.facts_folder import report as read_folder
from gateway.cli.options import as_json as json_option
from gateway.cli.options import data_dir, show
from gateway.privacy.policy import CLINICAL, Kind, load_as
from gateway.settings import Settings
from mappers.fhir_to_facts.account import Account


@click.group()
def facts() -> None:
    """What is known of patients, and what could not be read."""


@facts.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@data_dir
@click.option(
    "--as-of", type=click.DateTime(["%Y-%m-%d"]), help="The day on which it is asked; without it, today."
)
@json_option
def report(folder: Path, as_of: datetime | None, as_json: bool) -> None:
    """Print what became of every resource in the JSON files of FOLDER, and every reason why not.

    Bundles and single resources are split by the shipped policy and read as the workers read them.
    The hospital's own ConceptMaps count where they lie in the data folder or where the setting says.
    Nothing is stored, and nothing of what was read is printed: types, numbers and reasons in our own words.
    """
    day = as_of.date() if as_of else date.today()  # noqa: DTZ011 - a local day
    own = own_maps(Settings.from_environ(os.environ))
    policy = load_as(Kind.SPLIT, CLINICAL, own.own_codes)
    found = read_folder(folder, policy, day, own)
    if not found.accounts:
        raise click.ClickException("There is no FHIR resource in the JSON files of this folder.")
    if as_json:
        show(_as_json(found))
    else:
        _print(found)
    if any(one.dropped for one in found.accounts):
        raise click.ClickException("Some resources became nothing, without a word. Please report it.")


def _as_json(found: Folder) -> dict[str, Any]:
    types = [asdict(one) | {"share": round(one.share, 4), "dropped": one.dropped} for one in found.accounts]
    return {"patients": found.patients, "files_without_fhir": found.no_fhir, "types": types}


def _print(found: Folder) -> None:
    console = Console()
    table = Table(box=None)
    for heading in ("type", "resources", "became facts", "share", "unreadable", "set aside"):
        table.add_column(heading, justify="left" if heading == "type" else "right")
    for one in found.accounts:
        numbers = (one.resources, one.facts, f"{one.share:.1%}", one.unreadable, one.set_aside)
        table.add_row(one.type, *(f"{number:,}" if isinstance(number, int) else number for number in numbers))
    console.print(table)
    for line in _reasons(found.accounts):
        console.print(line, highlight=False, soft_wrap=True)
    everything = sum(one.resources for one in found.accounts)
    console.print(
        f"{everything:,} resources of {found.patients:,} patients; {found.no_fhir:,} files are no FHIR."
    )


def _reasons(accounts: tuple[Account, ...]) -> Iterator[str]:
    for one in accounts:
        for what, reasons in (("unreadable", one.why_unreadable), ("set aside", one.why_set_aside)):
            for reason, count in sorted(reasons.items(), key=lambda pair: (-pair[1], pair[0])):
                yield f"{one.type}, {what}: {reason} ({count:,})"
