"""What an officer asked of the trail, as the trail keeps it: an allow-list, like that of other searches.

A patient or resource that is named becomes a pseudonym; codes stay where they are codes of the trail, a
client where it has the form of a client's id; all else becomes ``***``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache

from gateway.auth.users import PURPOSES
from gateway.custody.ids import StoredId, pseudonym
from gateway.fhir.asked import Parameters
from gateway.fhir.balp import DISCLOSED, KIND_SYSTEM, PATTERNS
from gateway.release.masked import CUT, DATE, LONGEST, MASK
from mappers.r4 import search

Resolve = Callable[[str, str], StoredId | None]

_CLIENT = re.compile(r"(?:Device/)?(?:urn:careloom:client\|)?(?:[a-z2-7]{24}|careloom-[a-z]{1,12})")
_ADDRESS = re.compile(r"[0-9]{1,3}(?:\.[0-9]{0,3}){1,3}|[0-9a-fA-F]{0,4}(?::[0-9a-fA-F]{0,4}){1,7}")
_FHIR = "http://hl7.org/fhir/"
_SYSTEMS = (
    f"{_FHIR}audit-event-action",
    f"{_FHIR}audit-event-outcome",
    "http://terminology.hl7.org/CodeSystem/v3-ActReason",
)


def masked(parameters: Parameters, resolve: Resolve, count: int) -> str:
    """The query of a search of the trail; ``count`` is the page's size."""
    told = ""
    for name, value in parameters:
        alternatives = (_alternative(name, text, resolve) for text in value.split(","))
        pair = f"{name}={','.join(alternatives)}&"
        if len(told) + len(pair) > LONGEST:
            return told.removesuffix("&") + CUT
        told += pair
    return f"{told}_count={count}"


def _alternative(name: str, text: str, resolve: Resolve) -> str:
    if name in ("patient", "entity"):
        return _reference(text if name == "entity" or "/" in text else f"Patient/{text}", resolve)
    if name in _FORMS:
        return text if _FORMS[name].fullmatch(text) else MASK
    return text if all(piece in _words() for piece in text.split("|")) else MASK


def _reference(text: str, resolve: Resolve) -> str:
    type_, _, id_ = text.partition("/")
    stored = resolve(type_, id_) if search.is_resource(type_) else None
    return MASK if stored is None else f"{type_}/{pseudonym(stored)}"


_FORMS: Mapping[str, re.Pattern[str]] = {
    "_id": re.compile(r"[0-9]{1,12}-[0-9]{1,12}"),
    "_sort": re.compile("-?(?:date|_lastUpdated)"),
    "_total": re.compile("none|estimate|accurate"),
    "date": DATE,
    "agent": _CLIENT,
    "address": _ADDRESS,
}


@cache
def _words() -> frozenset[str]:
    """The codes that the trail's events bear, and the systems of these."""
    codes = [DISCLOSED, *(code for one in PATTERNS.values() for code in (one.type, *one.subtypes))]
    sources: Iterable[str] = (kind.partition(":")[0] for kind in PATTERNS)
    known = {*(code.code for code in codes), *(code.system for code in codes), *PATTERNS, *sources}
    return frozenset({*known, *_SYSTEMS, KIND_SYSTEM, *PURPOSES, *"CRUDE", "0", "4", "8", "12"})
