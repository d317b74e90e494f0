"""What the use cases hand to the edges: values only, so that an edge can do nothing but answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from gateway.instants import instant

Resource = dict[str, Any]
Clock = Callable[[], int]
"""Microseconds since 1970 in UTC."""
Entropy = Callable[[int], bytes]
"""So many random bytes."""


class Stored(msgspec.Struct, frozen=True):
    """One version of a resource as its reader may see it. ``updated`` is in microseconds since 1970."""

    type: str
    id: str
    version: int
    updated: int
    body: Resource | None
    created: bool = False
    changed: bool = True


@dataclass(frozen=True, slots=True)
class Answer:
    """A finished answer: status, exact bytes and what HTTP says of them, so that a repeat can be the same."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Repeat:
    """What makes a request the same as an earlier one: its ``Idempotency-Key``, and the SHA-256 of its
    address, rights and body. ``interaction`` and ``type`` are for the trail."""

    key: str
    body_digest: bytes
    interaction: str = "transaction"
    type: str = "Bundle"


@dataclass(frozen=True, slots=True)
class Position:
    """Where a page of a search starts: below ``ceiling``, after ``after``, both write numbers.

    ``more`` are the ceilings of further tenants. With ``kept`` the hits are a list that is kept under this
    name, and ``after`` of them were shown.
    """

    ceiling: int
    after: int
    more: tuple[int, ...] = ()
    kept: str = ""
    total: int | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a search. ``following`` is None on the last one.

    ``included`` was not searched for, but asked to come along; ``notes`` say what did not.
    """

    entries: tuple[Stored, ...]
    total: int | None
    following: Position | None
    included: tuple[Stored, ...] = ()
    notes: tuple[str, ...] = ()
    mark: str = ""
    """By which the reader finds out whether the page has changed; empty where it has none of its own."""


def document(stored: Stored) -> Resource:
    """The body with the version and time that the server gives it: what a reader is sent."""
    body = stored.body or {}
    meta = {**body.get("meta", {}), "versionId": str(stored.version), "lastUpdated": instant(stored.updated)}
    first: Resource = {key: body[key] for key in ("resourceType", "id") if key in body}
    return {**first, "meta": meta, **{k: v for k, v in body.items() if k not in first and k != "meta"}}
