"""Reads the tables of knowledge that scores and genes rest on; each is read once."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

KNOWLEDGE = Path(__file__).resolve().parents[2] / "knowledge"


@cache
def rows(name: str) -> tuple[Mapping[str, str], ...]:
    """The rows of a CSV file below ``workers/knowledge``."""
    with (KNOWLEDGE / name).open(encoding="utf-8", newline="") as file:
        return tuple(csv.DictReader(file))


@cache
def document(name: str) -> Mapping[str, Any]:
    """A JSON file below ``workers/knowledge``."""
    found: Mapping[str, Any] = json.loads((KNOWLEDGE / name).read_text(encoding="utf-8"))
    return found
