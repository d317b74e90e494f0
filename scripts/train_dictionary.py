"""Trains the dictionaries that halves are compressed with, from patients who never lived, and measures them.

    python scripts/train_dictionary.py FILE...

FILEs are synthetic transactions and examples of single resources (JSON); the demo's own patients are added,
with the plans that the engine makes. Every fourth patient is first kept apart, to measure what a dictionary
does for somebody whom it has not seen; then both are trained on all and written. The same input gives the
same bytes. A dictionary that was shipped is never trained again, for what it compressed would not open: give
``packing`` a new code and this file a new ``VERSION`` instead.
"""

from __future__ import annotations

import base64
import sys
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import zstandard

from gateway.custody.packing import FOLDER, LEVEL
from gateway.demo.patients import load_bundle
from gateway.privacy.policy import CLINICAL, Policy, load
from gateway.privacy.split import split
from mappers import fhir_to_facts, lossless, recommendations_to_careplan
from mappers.fhir_to_facts import Opened
from mappers.r4 import references
from workers.engine import apply, knowledge
from workers.engine.definitions import Knowledge

VERSION = 1
BYTES = 64 * 1024
PATIENTS, ENTRIES, DAY = 40, 100, date(2026, 3, 2)

Resource = dict[str, Any]


class Halves(NamedTuple):
    """What is sealed of one patient, as bytes."""

    clinical: list[bytes]
    withheld: list[bytes]


def main(paths: list[Path]) -> None:
    """Measure, train and write."""
    told = [*map(_told, paths), *(load_bundle(seed, ENTRIES, DAY) for seed in range(PATIENTS))]
    policy, packs = load(CLINICAL), knowledge.load()
    people = [_halves(bundle, policy, packs) for bundle in told if bundle.get("type") == "transaction"]
    examples = [_halves(bundle, policy, packs) for bundle in told if bundle.get("type") != "transaction"]
    for column in Halves._fields:
        _measure(
            column, trained(column, [*(h for n, h in enumerate(people) if n % 4), *examples]), people[::4]
        )
        made = trained(column, [*people, *examples])
        (FOLDER / f"{column}-{VERSION}.zdict").write_bytes(made.as_bytes())


def _halves(bundle: Resource, policy: Policy, packs: Knowledge) -> Halves:
    halves = [split(body, policy, pseudonym) for body in settled(bundle)]
    clinical = [half.clinical for half in halves if half.clinical is not None]
    derived = _plans(clinical, packs)
    withheld = [lossless.dumps(half.withheld) for half in halves if half.withheld]
    return Halves([lossless.dumps(body) for body in (*clinical, *derived)], withheld)


def trained(column: str, samples: Iterable[Halves]) -> zstandard.ZstdCompressionDict:
    """A dictionary for what looks like this column of these."""
    return zstandard.train_dictionary(BYTES, _column(column, samples), level=LEVEL, dict_id=VERSION)


def settled(bundle: Resource) -> Iterator[Resource]:
    """The resources of a transaction under ids of their own, as intake hands them to the split."""
    ids = {entry.get("fullUrl", ""): _own(entry["resource"], n) for n, entry in enumerate(bundle["entry"])}
    for entry, own in zip(bundle["entry"], ids.values(), strict=True):
        body = {**entry["resource"], "id": own.partition("/")[2]}
        yield references.rewrite(body, lambda text: ids.get(text, text))


def pseudonym(kind: str, text: str) -> str:
    """26 characters that follow from a kind and a text."""
    return base64.b32encode(sha256(f"{kind} {text}".encode()).digest()[:16]).decode().rstrip("=").lower()


def _own(resource: Resource, number: int) -> str:
    return f"{resource['resourceType']}/{resource.get('id', f'r{number}')}"


def _told(path: Path) -> Resource:
    told = lossless.loads(path.read_bytes())
    whole = told.get("type") == "transaction"
    return told if whole else {"entry": [{"resource": told, "fullUrl": "urn:example"}]}


def _plans(halves: Iterable[Resource], packs: Knowledge) -> Iterator[Mapping[str, Any]]:
    sent = [Opened(f"{half['resourceType']}/{half['id']}/_history/1", half) for half in halves]
    people = [opened.body["id"] for opened in sent if opened.type == "Patient"]
    if len(people) != 1:
        return
    facts = fhir_to_facts.facts(sent, DAY)
    if not facts.person.deceased:
        answer = apply.plan(facts, packs)
        yield from recommendations_to_careplan.resources(answer, str(people[0]), pseudonym)


def _column(column: str, samples: Iterable[Halves]) -> list[bytes]:
    return [half for halves in samples for half in getattr(halves, column)]


def _measure(column: str, dictionary: zstandard.ZstdCompressionDict, samples: Iterable[Halves]) -> None:
    halves = _column(column, samples)
    plain = zstandard.ZstdCompressor(level=LEVEL)
    told = zstandard.ZstdCompressor(level=LEVEL, dict_data=dictionary, write_dict_id=False)
    size = sum(map(len, halves))
    without, with_ = (sum(len(made.compress(half)) for half in halves) for made in (plain, told))
    print(
        f"{column}: {len(halves)} halves of {size / len(halves):.0f} bytes, "
        f"{size / without:.1f}x without and {size / with_:.1f}x with the dictionary"
    )


if __name__ == "__main__":
    main([Path(name) for name in sys.argv[1:]])
