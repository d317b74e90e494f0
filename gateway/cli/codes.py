"""``careloom codes``: the hospital's own ConceptMaps, by which its own codes are read."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from gateway.assembly import own_maps
from gateway.cli.options import as_json, data_dir, show
from gateway.settings import Settings
from mappers.concept_maps import Compiled
from workers.engine.own_maps import MapsRefused, files, linted

_files = click.argument(
    "paths", metavar="FILES", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path)
)


@click.group()
def codes() -> None:
    """See, check and add the hospital's own ConceptMaps."""


@codes.command("list")
@data_dir
@as_json
def list_(as_json: bool) -> None:
    """List the maps in force with what they decide, and the digest by which plans are made anew."""
    found = own_maps(_settings())
    rows = [asdict(one) for one in found.described]
    if as_json:
        show({"digest": found.digest or None, "maps": rows})
        return
    table = Table("Map", "Title", "Decided", "Undecided", "No name here")
    for row in rows:
        numbers = (str(row[name]) for name in ("decided", "undecided", "unread"))
        table.add_row(row["canonical"], row["title"], *numbers)
    Console().print(table)


@codes.command("check")
@_files
@data_dir
@as_json
@click.pass_context
def check(context: click.Context, paths: tuple[Path, ...], as_json: bool) -> None:
    """Say whether FILES (or folders of them) can be honoured beside the maps in force."""
    _answer(context, _report(_settings(), _spread(paths)), as_json)


@codes.command("add")
@_files
@data_dir
@as_json
@click.pass_context
def add(context: click.Context, paths: tuple[Path, ...], as_json: bool) -> None:
    """Check FILES together, then copy them to where gateways and workers look at their next start."""
    settings, chosen = _settings(), _spread(paths)
    report = _report(settings, chosen)
    if report["ok"]:
        for file in chosen:
            _put(settings.storage.concept_maps_folder, file)
    _answer(context, report, as_json)


def _settings() -> Settings:
    return Settings.from_environ(os.environ)


def _spread(paths: tuple[Path, ...]) -> tuple[Path, ...]:
    """The files that were named, and those of the folders that were."""
    found = tuple(file for path in paths for file in (files(path) if path.is_dir() else (path,)))
    if not found:
        raise click.ClickException("There is no .json file in this folder.")
    return found


def _report(settings: Settings, chosen: tuple[Path, ...]) -> dict[str, Any]:
    """What FILES say, beside those in force that keep their names; only the files' own rows are told."""
    names = {f"{file.stem}.json" for file in chosen}
    standing = [one for one in files(settings.storage.concept_maps_folder) if one.name not in names]
    try:
        own = {one.canonical for one in linted(chosen).maps.described}
        whole = linted([*standing, *chosen])
    except MapsRefused as refused:
        return {"ok": False, "faults": list(refused.faults), "notes": [], "maps": []}
    return {"ok": True, "faults": [], "notes": list(whole.notes), "maps": _rows(whole, own)}


def _rows(whole: Compiled, own: set[str]) -> list[dict[str, Any]]:
    return [asdict(one) for one in whole.maps.described if one.canonical in own]


def _put(folder: Path, file: Path) -> None:
    """A copy that is there whole or not at all."""
    target = folder / f"{file.stem}.json"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        beside = target.with_suffix(".new")
        beside.write_bytes(file.read_bytes())
        beside.replace(target)
    except OSError as error:
        raise click.ClickException(f"{target.name} cannot be written: {error.strerror}.") from None


def _answer(context: click.Context, report: dict[str, Any], as_json: bool) -> None:
    if as_json:
        show(report)
    else:
        _tell(report)
    context.exit(0 if report["ok"] else 1)


def _tell(report: dict[str, Any]) -> None:
    for fault in report["faults"]:
        click.echo(fault, err=True)
    if not report["ok"]:
        click.echo("Nothing was added: mend what is named.", err=True)
        return
    for row in report["maps"]:
        counts = f"decided {row['decided']}, left open {row['undecided']}, no name here {row['unread']}"
        click.echo(f"{row['title']} ({row['canonical']}): {counts}.")
    for note in report["notes"]:
        click.echo(f"  look: {note}")
    click.echo("Gateways and workers know what was added from their next start on.")
