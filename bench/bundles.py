"""What is pushed: transactions of one patient each, made by seed or read from a folder, in one order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any

from gateway.demo.patients import load_bundle
from mappers import lossless


class NothingToPush(Exception):  # noqa: N818 - it reads as what happened
    """The folder holds no transaction bundle."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """One transaction as it goes over the wire."""

    body: bytes
    resources: int
    living: bool = True


def generated(count: int, entries: int, today: date) -> Iterator[Bundle]:
    """So many patients of so many entries each; the seed is the patient's number."""
    for seed in range(count):
        bundle = load_bundle(seed, entries, today)
        yield _bundle(lossless.dumps(bundle), bundle)


def from_folder(folder: Path, count: int) -> Iterator[Bundle]:
    """The first transactions of a folder; one file holds one patient."""
    found = islice(_transactions(folder), count)
    first = next(found, None)
    if first is None:
        raise NothingToPush(f"{folder} holds no FHIR transaction (*.json)")
    yield first
    yield from found


def _transactions(folder: Path) -> Iterator[Bundle]:
    for path in sorted(folder.glob("*.json")):
        body = path.read_bytes()
        bundle = lossless.loads(body)
        if bundle.get("type") == "transaction":
            yield _bundle(body, bundle)


def _bundle(body: bytes, bundle: dict[str, Any]) -> Bundle:
    people = [e["resource"] for e in bundle["entry"] if e["resource"]["resourceType"] == "Patient"]
    dead = any(person.get("deceasedDateTime") or person.get("deceasedBoolean") for person in people)
    return Bundle(body, len(bundle["entry"]), bool(people) and not dead)
