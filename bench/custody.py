"""Splitting and sealing alone, beside the plain operations that they are made of: what the promises cost.

The floor of a split is an HMAC of every id and reference that a resource holds; the floor of sealing and of
opening is AES-GCM of both halves under one key that is at hand. Each step is run several times, in turns with
the others, so that what else the machine does meets all of them; the median counts.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bench.bundles import Bundle
from gateway.custody import cipher, packing, records
from gateway.custody.cipher import DataKey, Place
from gateway.custody.identity import halves as identity_halves
from gateway.custody.ids import StoredId, Tenant, pseudonym
from gateway.custody.keyring import ClinicalKey, IdentityKey
from gateway.privacy import policy
from gateway.privacy.split import split
from mappers import lossless
from mappers.r4.references import references, rewrite

POLICY = "clinical"
ROUNDS = 5
NONCE_BYTES, KEY_BYTES = 12, 32
SUBJECT = StoredId(bytes(range(16)))
NONCE, SALT = bytes(NONCE_BYTES), bytes(cipher.SALT_BYTES)

Resource = dict[str, Any]


class Half(NamedTuple):
    """What is sealed: under which key, in which place."""

    key: DataKey
    place: Place
    body: bytes


@dataclass(frozen=True, slots=True)
class Custody:
    """Per resource: CPU seconds of each step, and bytes; and how many resources were measured."""

    resources: int
    steps: tuple[tuple[str, float], ...]
    sizes: tuple[tuple[str, float], ...]
    medians: tuple[tuple[str, float], ...] = ()
    """Of split, seal and open: what half of the resources take at most, each the best of its rounds."""


def custody(bundles: Sequence[Bundle]) -> Custody:
    """Measure every step on the same resources."""
    resources = [resource for bundle in bundles for resource in settled(lossless.loads(bundle.body))]
    allowed, name = policy.load(POLICY), names()
    halves = list(_halves(resources, allowed, name))
    sealed = [(half, cipher.seal(half.key, half.place, half.body, SALT)) for half in halves]
    plain = AESGCM(AESGCM.generate_key(256))
    encrypted = [plain.encrypt(NONCE, half.body, None) for half in halves]
    steps: dict[str, Callable[[], object]] = {
        "split": lambda: [split(resource, allowed, name) for resource in resources],
        "floor: HMAC of ids and references": lambda: [_hmac_walk(resource, name) for resource in resources],
        "seal both halves": lambda: [cipher.seal(*half, os.urandom(cipher.SALT_BYTES)) for half in halves],
        "floor: AES-GCM of both halves": lambda: [
            plain.encrypt(os.urandom(NONCE_BYTES), half.body, None) for half in halves
        ],
        "open both halves": lambda: [cipher.unseal(half.key, half.place, cell) for half, cell in sealed],
        "floor: AES-GCM of both halves opened": lambda: [
            plain.decrypt(NONCE, text, None) for text in encrypted
        ],
    }
    count = len(resources)
    taken = _medians(steps)
    each: dict[str, Sequence[Callable[[], object]]] = {
        "split": [partial(split, resource, allowed, name) for resource in resources],
        "seal a half": [partial(cipher.seal, *half, SALT) for half in halves],
        "open a half": [partial(cipher.unseal, half.key, half.place, cell) for half, cell in sealed],
    }
    return Custody(
        count,
        tuple((step, taken[step] / count) for step in steps),
        _sizes(halves, sealed, count),
        tuple((step, _median(runs)) for step, runs in each.items()),
    )


def _median(runs: Sequence[Callable[[], object]]) -> float:
    """The median over the runs of the least that each took; what else the machine does only adds."""
    return statistics.median(min(_taken(run) for _ in range(ROUNDS)) for run in runs)


def _taken(run: Callable[[], object]) -> float:
    began = time.thread_time()
    run()
    return time.thread_time() - began


def _medians(steps: dict[str, Callable[[], object]]) -> dict[str, float]:
    for run in steps.values():
        run()
    taken: dict[str, list[float]] = {step: [] for step in steps}
    for _ in range(ROUNDS):
        for step, run in steps.items():
            began = time.process_time()
            run()
            taken[step].append(time.process_time() - began)
    return {step: statistics.median(seconds) for step, seconds in taken.items()}


def _sizes(
    halves: Sequence[Half], sealed: Sequence[tuple[Half, bytes]], count: int
) -> tuple[tuple[str, float], ...]:
    told = sum(len(half.body) for half in halves)
    # A column without a dictionary of its own.
    without = sum(len(packing.pack("", half.body)[1]) for half in halves)
    with_ = sum(len(packing.pack(half.place.column, half.body)[1]) for half in halves)
    return (
        ("both halves", told / count),
        ("compressed without a dictionary", without / count),
        ("compressed with dictionaries", with_ / count),
        ("sealed", sum(len(cell) for _, cell in sealed) / count),
    )


def settled(bundle: Resource) -> Iterator[Resource]:
    """The resources under ids of their own, as intake hands them to the split."""
    ids = {
        entry.get("fullUrl", number): f"{entry['resource']['resourceType']}/{_own(entry, number)}"
        for number, entry in enumerate(bundle["entry"])
    }
    for number, entry in enumerate(bundle["entry"]):
        named = {**entry["resource"], "id": _own(entry, number)}
        yield rewrite(named, lambda text: ids.get(text, text))


def _own(entry: Resource, number: int) -> str:
    return str(entry["resource"].get("id", f"r{number}"))


def names() -> Callable[[str, str], str]:
    key = os.urandom(KEY_BYTES)

    def name(kind: str, text: str) -> str:
        return pseudonym(StoredId(hmac.digest(key, f"{kind}\0{text}".encode(), hashlib.sha256)[:16]))

    return name


def _hmac_walk(resource: Resource, name: Callable[[str, str], str]) -> list[str]:
    ids = [resource["id"]] if "id" in resource else []
    return [name("Reference", text) for text in (*ids, *references(resource))]


def _halves(
    resources: Sequence[Resource], allowed: policy.Policy, name: Callable[[str, str], str]
) -> Iterator[Half]:
    clinical = ClinicalKey(1, {1: os.urandom(KEY_BYTES)})
    identity = IdentityKey(1, {1: os.urandom(KEY_BYTES)})
    for resource in resources:
        both = split(resource, allowed, name)
        type_ = resource["resourceType"]
        if both.clinical:
            yield Half(clinical, _place(type_, records.CLINICAL_COLUMN), lossless.dumps(both.clinical))
        if both.withheld:
            yield Half(identity, _place(type_, identity_halves.COLUMN), lossless.dumps(both.withheld))


def _place(type_: str, column: str) -> Place:
    return Place(Tenant(1), SUBJECT, type_, SUBJECT, 1, column)
