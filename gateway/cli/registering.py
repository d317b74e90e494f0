"""What the commands that let somebody in have in common: their options, and the registry behind them."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click

from gateway.auth.jwks import KeysRefused, public_keys
from gateway.auth.registration import Registration
from gateway.auth.registry import RegistryRefused
from gateway.auth.scopes import ScopeRefused
from gateway.cli.login import operator
from gateway.cli.options import WHERE
from gateway.custody.database import Database, Side
from gateway.custody.errors import CustodyError
from gateway.custody.founding import check_whole
from gateway.settings import SettingRefused, Settings

_LOOPBACK = ("localhost", "127.0.0.1", "::1")

data_dir = click.option(
    "--data-dir",
    type=click.Path(file_okay=False, path_type=Path),
    help=WHERE,
)
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")


def key_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Where the client's public keys are: one of two options."""
    file = click.Path(path_type=Path)
    command = click.option("--jwks-url", help="The address where the client publishes its keys.")(command)
    return click.option("--jwks", type=file, help="A file with the client's public keys (JWKS).")(command)


@contextmanager
def registry(data_dir: Path | None) -> Iterator[Registration]:
    """The registry of an installation; what stands in the way becomes one line."""
    try:
        settings = settings_of(data_dir)
        check_whole(settings.storage)
        database = Database.open(settings.storage.database_url, Side.TRUSTED)
        try:
            yield Registration(database, lambda: time.time_ns() // 1000, os.urandom, operator())
        finally:
            database.close()
    except (CustodyError, SettingRefused, RegistryRefused, ScopeRefused, KeysRefused) as error:
        raise click.ClickException(str(error)) from None


def settings_of(data_dir: Path | None) -> Settings:
    """The settings of an installation; raises ``SettingRefused``."""
    given = {} if data_dir is None else {"CARELOOM_DATA_DIR": str(data_dir)}
    return Settings.from_environ({**os.environ, **given})


def read_jwks(file: Path | None) -> str | None:
    """The key set in a file; raises ``KeysRefused`` where it is none, or gives a private key away."""
    if file is None:
        return None
    try:
        document = file.read_bytes()
    except OSError as error:
        raise KeysRefused(f"--jwks: {file} cannot be read ({error.strerror}).") from None
    public_keys(document)
    return document.decode()


def checked_url(option: str, url: str | None) -> str | None:
    """An address that is safe to fetch keys from or to send plans to."""
    if url is None:
        return None
    parts = urlsplit(url)
    if parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        return url
    raise RegistryRefused(f"{option} must begin with https://")


def show(rows: Sequence[Mapping[str, Any]], as_json: bool) -> None:
    """Rows as JSON, or as columns."""
    if as_json:
        click.echo(json.dumps(list(rows), ensure_ascii=False))
        return
    if not rows:
        click.echo("none")
        return
    table = [
        list(rows[0]),
        *([str(value if value is not None else "-") for value in row.values()] for row in rows),
    ]
    widths = [max(len(line[column]) for line in table) for column in range(len(table[0]))]
    for line in table:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
