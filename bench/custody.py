"""Splitting and sealing alone, beside the plain operations that they are made of: what the promises cost.

The floor of a split is an HMAC of every id and reference that a resource holds; the floor of sealing is
AES-GCM of both halves under keys that are at hand.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bench.bundles import Bundle
from gateway.custody import cipher, records
from gateway.custody.ids import StoredId, Tenant, pseudonym
from gateway.custody.keyring import ClinicalKey
from gateway.privacy import policy
from gateway.privacy.split import split
from mappers import lossless
from mappers.r4.references import references

POLICY = "clinical"
NONCE_BYTES, KEY_BYTES = 12, 32
SUBJECT = StoredId(bytes(range(16)))

Resource = dict[str, Any]
Halves = Sequence[tuple[str, bytes]]


@dataclass(frozen=True, slots=True)
class Custody:
    """CPU seconds per resource of each step, and how many resources were measured."""

    resources: int
    steps: tuple[tuple[str, float], ...]


def custody(bundles: Sequence[Bundle]) -> Custody:
    """Measure every step on the same resources."""
    resources = [entry["resource"] for bundle in bundles for entry in lossless.loads(bundle.body)["entry"]]
    allowed, name = policy.load(POLICY), _names()
    halves = _halves(resources, allowed, name)
    steps: tuple[tuple[str, Callable[[], object]], ...] = (
        ("split", lambda: [split(resource, allowed, name) for resource in resources]),
        ("floor: HMAC of ids and references", lambda: [_hmac_walk(resource, name) for resource in resources]),
        ("seal both halves", lambda: _seal(halves)),
        ("floor: AES-GCM of both halves", lambda: _encrypt(halves)),
    )
    return Custody(len(resources), tuple((step, _timed(run) / len(resources)) for step, run in steps))


def _timed(run: Callable[[], object]) -> float:
    run()
    began = time.process_time()
    run()
    return time.process_time() - began


def _names() -> Callable[[str, str], str]:
    key = os.urandom(KEY_BYTES)

    def name(kind: str, text: str) -> str:
        return pseudonym(StoredId(hmac.digest(key, f"{kind}\0{text}".encode(), hashlib.sha256)[:16]))

    return name


def _hmac_walk(resource: Resource, name: Callable[[str, str], str]) -> list[str]:
    ids = [resource["id"]] if "id" in resource else []
    return [name("Reference", text) for text in (*ids, *references(resource))]


def _halves(resources: Sequence[Resource], allowed: policy.Policy, name: Callable[[str, str], str]) -> Halves:
    parts = [(resource["resourceType"], split(resource, allowed, name)) for resource in resources]
    return [
        (type_, lossless.dumps(half))
        for type_, both in parts
        for half in (both.clinical, both.withheld)
        if half
    ]


def _seal(halves: Halves) -> None:
    key = ClinicalKey(current=1, secrets={1: os.urandom(KEY_BYTES)})
    for type_, half in halves:
        place = cipher.Place(Tenant(1), SUBJECT, type_, SUBJECT, 1, records.CLINICAL_COLUMN)
        cipher.seal(key, place, half, os.urandom(cipher.SALT_BYTES))


def _encrypt(halves: Halves) -> None:
    key = AESGCM(AESGCM.generate_key(256))
    for type_, half in halves:
        key.encrypt(os.urandom(NONCE_BYTES), half, type_.encode())
