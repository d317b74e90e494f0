"""What the tests of the split share: pseudonyms that can be told, and canaries in every place for a text."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mappers.lossless import dumps, loads

CANARY = "CANARY Ms. Hopkins"
CANARY_BASE64 = "Q0FOQVJZ"


def pseudonym_of(kind: str, text: str) -> str:
    return "p" + hashlib.sha256(f"{kind} {text}".encode()).hexdigest()[:24]


def holds(half: Any, text: str) -> bool:
    return text.encode() in dumps(half)


def resources(folder: Path, largest: int = 1_000_000) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every resource in a folder of examples, by file; entries of transactions one by one."""
    for path in sorted(folder.glob("*.json")):
        if path.stat().st_size > largest and folder.name != "synthea":
            continue
        body = loads(path.read_bytes())
        if folder.name != "synthea":
            yield path.name, body
        else:
            for number, entry in enumerate(body["entry"]):
                yield f"{path.name}[{number}]", entry["resource"]


def planted(resource: dict[str, Any], only: str = "") -> dict[str, Any]:
    """The resource with a canary in every string but its type, or only in strings of one key."""
    return {
        key: value if key == "resourceType" else _planted(value, key, only) for key, value in resource.items()
    }


def _planted(value: Any, key: str, only: str) -> Any:
    if isinstance(value, dict):
        return planted(value, only)
    if isinstance(value, list):
        return [_planted(item, key, only) for item in value]
    if isinstance(value, str) and only in ("", key):
        return CANARY
    return copy.copy(value)


def keys_with_text(value: Any) -> Iterator[str]:
    """Every key under which a string stands, somewhere inside."""
    if isinstance(value, dict):
        for key, item in value.items():
            if isinstance(item, str) or (
                isinstance(item, list) and any(isinstance(one, str) for one in item)
            ):
                yield key
            yield from keys_with_text(item)
    elif isinstance(value, list):
        for item in value:
            yield from keys_with_text(item)
