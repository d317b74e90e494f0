"""``careloom profiles``: what resources can be held to, and how more is added."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from gateway.cli.options import as_json, data_dir, show
from gateway.profiles import ProfilesRefused, brought, library, read
from gateway.settings import Settings
from mappers.profiles.library import Library

_files = click.argument(
    "files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)


@click.group()
def profiles() -> None:
    """See, check and add the profiles that resources are held to."""


@profiles.command("list")
@data_dir
@as_json
def list_(as_json: bool) -> None:
    """List every profile with its version and what of it cannot be told here."""
    settings = _settings()
    rows = _rows(library(_added(settings)))
    if as_json:
        show(rows)
        return
    table = Table("Profile", "Version", "Type", "Canonical", "Not told here")
    for row in rows:
        table.add_row(row["title"], row["version"], row["type"], row["url"], "\n".join(row["untold"]))
    Console().print(table)


@profiles.command("check")
@_files
@data_dir
@as_json
@click.pass_context
def check(context: click.Context, files: tuple[Path, ...], as_json: bool) -> None:
    """Say whether FILES can be honoured, and what of them could not be told."""
    report = _report(_settings(), files)
    if as_json:
        show(report)
    else:
        _tell(report)
    context.exit(0 if report["ok"] else 1)


@profiles.command("add")
@_files
@data_dir
@as_json
@click.pass_context
def add(context: click.Context, files: tuple[Path, ...], as_json: bool) -> None:
    """Check FILES together, then copy them to where each gateway looks at its next start."""
    settings = _settings()
    report = _report(settings, files)
    if report["ok"]:
        for file in files:
            _put(settings.profiles_folder, file)
    if as_json:
        show(report)
    else:
        _tell(report)
    context.exit(0 if report["ok"] else 1)


def _settings() -> Settings:
    return Settings.from_environ(os.environ)


def _added(settings: Settings, beside: frozenset[str] = frozenset()) -> tuple[Path, ...]:
    """The files that were added, without those whose names come anew."""
    found = brought(settings.profiles_folder)
    return tuple(path for path in found if path.name not in beside)


def _report(settings: Settings, files: tuple[Path, ...]) -> dict[str, Any]:
    names = frozenset(f"{file.stem}.json" for file in files)
    try:
        urls = {one["url"] for file in files for one in read(file)}
        known = library((*_added(settings, names), *files))
    except ProfilesRefused as refused:
        return {"ok": False, "faults": list(refused.faults), "profiles": []}
    return {"ok": True, "faults": [], "profiles": [row for row in _rows(known) if row["url"] in urls]}


def _rows(known: Library) -> list[dict[str, Any]]:
    return [
        {
            "url": one.url,
            "version": one.version,
            "type": one.type,
            "title": one.title,
            "untold": known.untold(one.url),
        }
        for one in known.profiles()
    ]


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


def _tell(report: dict[str, Any]) -> None:
    for fault in report["faults"]:
        click.echo(fault, err=True)
    if not report["ok"]:
        click.echo("Nothing was added: mend what is named, or add what it leans on with it.", err=True)
        return
    for row in report["profiles"]:
        click.echo(f"{row['title']} {row['version']} ({row['type']}) can be honoured.")
        for line in row["untold"]:
            click.echo(f"  not told: {line}")
    click.echo("A gateway knows what was added from its next start on.")
