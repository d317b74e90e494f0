"""The rows by which its source finds what the split withheld: what the whole has and the clinical half lacks.

Most of what is withheld nobody searches for: displays, texts, the sender's ids of what pseudonyms stand for.
So the withheld half is looked at first, and rows are made of those elements only that rows would tell.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from gateway.identities import Names
from gateway.privacy.split import Split
from gateway.privacy.walk import INNER
from gateway.stored import Resource
from mappers.r4 import search
from mappers.r4.search_rows import Place, places
from mappers.r4.search_terms import Side

_TELLING = frozenset({"code", "comparator", "end", "event", "repeat", "start", "system", "value"})
"""Elements of data types that rows are made of, beside references: of these the half has the pseudonyms, but
for absolute urls."""
_HOLDING = frozenset({"boundsPeriod", "coding", "high", "low", "repeat"})
"""Elements of data types in which such elements are."""


class Naming(Protocol):
    """Who knows the pseudonyms."""

    def pseudonym(self, kind: str, text: str) -> str:
        """What stands for a type and an id as its sender writes it."""


def hidden_rows(resource: Resource, parts: Split, half: search.Rows, naming: Naming) -> search.Rows:
    """Of a resource as it was sent; ``half`` are the rows of its clinical half. References in pseudonyms."""
    if parts.clinical is None:
        return search.clinical_rows(Names(naming.pseudonym).in_pseudonyms(resource))
    kind = str(resource["resourceType"])
    keys = _told_by_rows(parts.withheld, places(kind, Side.SOURCE))
    if not keys:
        return search.Rows([], [])
    names, whole = Names(naming.pseudonym), search.source_rows(resource, keys)
    pointing, seen, covered = search.reference_names(kind), set(half.tokens), set(half.ranges)
    told = [(name, names.reference(text) if name in pointing else text) for name, text in whole.tokens]
    return search.Rows(
        [token for token in told if token not in seen],
        [span for span in whole.ranges if span not in covered],
    )


def _told_by_rows(withheld: Resource, known: Mapping[str, Place]) -> list[str]:
    """The elements of the resource of which something was withheld that rows would tell."""
    # Loops, not generators: this runs for every resource that comes in.
    keys = [key for key in withheld if key in known]
    inner = withheld.get(INNER)
    if inner is not None:
        for key, delta in inner.items():
            place = known.get(key)
            if place is not None and _matters(place, delta):
                keys.append(key)
    return keys


def _matters(place: Place, delta: Any) -> bool:
    """Whether what was withheld within an element makes rows (``privacy.merge`` has the form of a delta)."""
    if type(delta) is list:
        for sign, _, item in delta:  # noqa: SIM110 - as above
            # An item that was withheld whole, or replaced, had all that it had.
            if sign != INNER or _matters(place, item):
                return True
        return False
    if place.emitters and _tells(delta):
        return True
    below = place.below
    if not below:
        return False
    for key in delta:
        if key in below:
            return True
    for key, item in delta.get(INNER, _NOTHING).items():
        under = below.get(key)
        if under is not None and _matters(under, item):
            return True
    return False


def _tells(delta: Resource) -> bool:
    """Whether something of a data type was withheld that rows would tell."""
    for key, value in delta.items():
        if key in _TELLING or (key == "reference" and ":" in value):
            return True
    inner = delta.get(INNER)
    if inner is None:
        return False
    for key, item in inner.items():  # noqa: SIM110 - as above
        if key in _HOLDING and _tells_any(item):
            return True
    return False


def _tells_any(delta: Any) -> bool:
    if type(delta) is not list:
        return _tells(delta)
    for sign, _, item in delta:  # noqa: SIM110 - as above
        if sign != INNER or _tells(item):
            return True
    return False


_NOTHING: Mapping[str, Any] = {}
