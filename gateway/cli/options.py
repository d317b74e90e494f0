"""Options that several commands share, and the storage that they lead to."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import click

from gateway.custody.jobs import SECOND
from gateway.custody.settings import Storage

F = TypeVar("F", bound=Callable[..., Any])

DATA_DIR = "CARELOOM_DATA_DIR"
GATEWAYS = "CARELOOM_GATEWAYS"
WHERE = "Where the data are [CARELOOM_DATA_DIR, ./careloom-data]."


def data_dir(command: F) -> F:
    """``--data-dir``: given to the command as set in the environment, for itself and for its children."""
    return click.option(
        "--data-dir",
        type=click.Path(file_okay=False, path_type=Path),
        help=WHERE,
        expose_value=False,
        callback=_remember,
        is_eager=True,
    )(command)


def gateways(command: F) -> F:
    """``--gateways``: as set in the environment."""
    return click.option(
        "--gateways",
        type=click.IntRange(1, 64),
        help="Gateway processes [CARELOOM_GATEWAYS, as many as cores, at most 4].",
        expose_value=False,
        callback=_remember_gateways,
    )(command)


def as_json(command: F) -> F:
    """``--json``: print data for programs."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(command)


def _remember(_context: click.Context, _option: click.Parameter, value: Path | None) -> None:
    if value is not None:
        os.environ[DATA_DIR] = str(value.absolute())


def _remember_gateways(_context: click.Context, _option: click.Parameter, value: int | None) -> None:
    if value is not None:
        os.environ[GATEWAYS] = str(value)


def storage() -> Storage:
    """Where this command's data are."""
    return Storage.from_environ(os.environ)


def instant(micros: int | None) -> str | None:
    """A time of a row, for people and programs."""
    return None if micros is None else datetime.fromtimestamp(micros // SECOND, UTC).isoformat()


def show(value: object) -> None:
    """Print one JSON value."""
    click.echo(json.dumps(value))
