"""Reads the code tables that ship as data beside the mappers: each row names its source and licence."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

PROVENANCE = ("source", "version", "date", "licence")


def rows(name: str) -> Iterator[dict[str, str]]:
    """The rows of a table in ``mappers/data``."""
    text = files("mappers").joinpath("data", name).read_text("utf-8")
    return csv.DictReader(text.splitlines())


def document(name: str) -> dict[str, Any]:
    """A JSON document in ``mappers/data``."""
    content: dict[str, Any] = json.loads(files("mappers").joinpath("data", name).read_text("utf-8"))
    return content


def parts(cell: str) -> tuple[str, ...]:
    """The entries of a cell that holds a list."""
    return tuple(part for part in cell.split(";") if part)
