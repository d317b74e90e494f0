"""The rows that a resource is found by: one pass over it, along the places that its type's parameters name.

Each type's places are one tree of JSON keys, made when the type is first met. At a place an *emitter* turns
the value into rows. Resources come here valid.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TypeAlias

from mappers.lossless import Json
from mappers.r4.dates import day_numbers
from mappers.r4.numbers import buckets, meant
from mappers.r4.search_terms import OWN_SYSTEM, Range, Rows, Side, Token, owners

_Emit: TypeAlias = Callable[[Json, set[Token], set[Range]], None]

FIRST_DAY = -(1 << 40)
LAST_DAY = 1 << 40
"""The days of a period without start or end."""

BIRTH_DATE = "birthdate"
"""Kept by both sides: to the day by the one, as far as the clinical half has it by the other."""

_DAY = len("2012-05-01")

PREFIX = 8
"""As many letters of a text are indexed; longer queries are narrowed by these and checked again."""


@dataclass(slots=True)
class Place:
    """One element of a resource: what its value is found by, and the elements in it that are found too."""

    emitters: list[_Emit] = field(default_factory=list)
    below: dict[str, Place] = field(default_factory=dict)


def rows(resource: dict[str, Json], whose: Side, only: Collection[str] | None = None) -> Rows:
    """The rows of a resource on one side, sorted, each once; with ``only`` those of these elements."""
    kind = resource["resourceType"]
    tokens: set[Token] = set()
    ranges: set[Range] = set()
    node = resource if only is None else {key: resource[key] for key in only if key in resource}
    _walk(places(kind, whose), node, tokens, ranges)
    for name in _answered_by_absence(kind) if whose is Side.CLINICAL else ():
        if (name, "true") not in tokens:
            tokens.add((name, "false"))
    return Rows(sorted(tokens), sorted(ranges))


def _walk(places: Mapping[str, Place], node: Json, tokens: set[Token], ranges: set[Range]) -> None:
    for key, value in node.items():
        place = places.get(key)
        if place is None:
            continue
        for item in value if type(value) is list else (value,):
            for emit in place.emitters:
                emit(item, tokens, ranges)
            if place.below and type(item) is dict:
                _walk(place.below, item, tokens, ranges)


@cache
def places(kind: str, whose: Side) -> Mapping[str, Place]:
    """The tree of a type's places on one side, by JSON keys."""
    root = Place()
    for (steps, leaf), name in owners(kind).items():
        emit = _emitter(leaf, name, whose)
        if emit is not None:
            place = root
            for step in steps:
                place = place.below.setdefault(step, Place())
            place.emitters.append(emit)
    return root.below


@cache
def _answered_by_absence(kind: str) -> tuple[str, ...]:
    return tuple({name for (_, leaf), name in owners(kind).items() if leaf == "exists"})


@cache
def reference_names(kind: str) -> frozenset[str]:
    """The names under which the rows of references are written."""
    return frozenset(name for (_, leaf), name in owners(kind).items() if leaf == "Reference")


def _emitter(leaf: str, name: str, whose: Side) -> _Emit | None:
    if whose is Side.IDENTITY:
        maker = _IDENTITY.get(leaf)
        return _whole_date(name) if name == BIRTH_DATE else maker and maker(name)
    if whose is Side.SOURCE and name == BIRTH_DATE:
        # The half has the month, whose rows propose the day as well.
        return None
    maker = (_SOURCE if whose is Side.SOURCE else _CLINICAL).get(leaf)
    return maker and maker(name)


# --- the clinical side -----------------------------------------------------------------------------------


def _text(name: str) -> _Emit:
    def emit(value: Json, tokens: set[Token], ranges: set[Range]) -> None:
        if type(value) is str:
            tokens.add((name, value))

    return emit


def _boolean(name: str) -> _Emit:
    def emit(value: Json, tokens: set[Token], ranges: set[Range]) -> None:
        if type(value) is bool:
            tokens.add((name, "true" if value else "false"))

    return emit


def _exists(name: str) -> _Emit:
    def emit(value: Json, tokens: set[Token], ranges: set[Range]) -> None:
        if value is not None and value is not False:
            tokens.add((name, "true"))

    return emit


def _coding(name: str) -> _Emit:
    def emit(value: Json, tokens: set[Token], ranges: set[Range]) -> None:
        if type(value) is dict and (code := value.get("code")) is not None:
            tokens.add((name, code))
            tokens.add((name, f"{value.get('system', '')}|{code}"))

    return emit


def _concept(name: str) -> _Emit:
    emit_coding = _coding(name)

    def emit(value: Json, tokens: set[Token], ranges: set[Range]) -> None:
        if type(value) is dict:
            for coding in value.get("coding", ()):
                emit_coding(coding, tokens, ranges)

    return emit


def _reference(name: str) -> _Emit:
    def emit(value: Json, tokens: set[Token], ranges: set[Range]) -> None:
        if type(value) is dict and type(text := value.get("reference")) is str and text[:1] != "#":
            tokens.add((name, text.partition("/_history/")[0]))

    return emit


def _canonical(name: str) -> _Emit:
    def emit(value: Json, tokens: set[Token], ranges: set[Range]) -> None:
        if type(value) is str:
            tokens.add((name, value.partition("|")[0]))

    return emit


def _date(name: str) -> _Emit:
    def emit(value: Json, tokens: set[Token], ranges: set[Range]) -> None:
        if type(value) is str and (days := day_numbers(value)) is not None:
            ranges.add((name, *days))

    return emit


def period_days(period: Json) -> tuple[int, int] | None:
    """First and last day of a Period; without start or end it has none there."""
    if type(period) is not dict or not ("start" in period or "end" in period):
        return None
    start, end = day_numbers(period.get("start", "")), day_numbers(period.get("end", ""))
    return FIRST_DAY if start is None else start[0], LAST_DAY if end is None else end[1]


def _period(name: str) -> _Emit:
    def emit(value: Json, tokens: set[Token], ranges: set[Range]) -> None:
        if (days := period_days(value)) is not None:
            ranges.add((name, *days))

    return emit


def _timing(name: str) -> _Emit:
    """Each event, and the bounds of what repeats."""
    emit_date, emit_period = _date(name), _period(name)

    def emit(value: Json, tokens: set[Token], ranges: set[Range]) -> None:
        if type(value) is dict:
            for event in value.get("event", ()):
                emit_date(event, tokens, ranges)
            emit_period(value.get("repeat", {}).get("boundsPeriod"), tokens, ranges)

    return emit


def _quantity(name: str) -> _Emit:
    def emit(value: Json, tokens: set[Token], ranges: set[Range]) -> None:
        if (interval := meant(value)) is not None:
            ranges.add((name, *buckets(interval)))

    return emit


def _own_identifier(name: str) -> _Emit:
    def emit(value: Json, tokens: set[Token], ranges: set[Range]) -> None:
        if type(value) is dict and value.get("system", "").startswith(OWN_SYSTEM):
            tokens.update((name, text) for text in identifier_texts(value))

    return emit


_CODES: Mapping[str, Callable[[str], _Emit]] = {
    **dict.fromkeys(("code", "id", "oid", "uri", "url", "uuid"), _text),
    "canonical": _canonical,
    "CodeableConcept": _concept,
    "Coding": _coding,
}

_CLINICAL: Mapping[str, Callable[[str], _Emit]] = {
    **_CODES,
    **dict.fromkeys(("date", "dateTime", "instant"), _date),
    **dict.fromkeys(("Age", "Count", "Distance", "Duration", "Money", "Quantity", "Range"), _quantity),
    **dict.fromkeys(("decimal", "integer", "positiveInt", "unsignedInt"), _quantity),
    "boolean": _boolean,
    "exists": _exists,
    "Identifier": _own_identifier,
    "Period": _period,
    "Reference": _reference,
    "Timing": _timing,
}

# Every identifier has its rows on the identity side.
_SOURCE = {leaf: maker for leaf, maker in _CLINICAL.items() if leaf != "Identifier"}


# --- the identity side -----------------------------------------------------------------------------------


def normal(text: str) -> str:
    """A text as it is compared: without case, accents and white space around it."""
    if text.isascii():
        return text.strip().lower()
    parts = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in parts if not unicodedata.combining(letter)).strip()


def identifier_texts(identifier: dict[str, Json]) -> list[str]:
    """The ways in which a query can name an identifier: value, system and value, system alone."""
    value, system = identifier.get("value"), identifier.get("system", "")
    found = [value, f"{system}|{value}"] if type(value) is str else []
    return [*found, f"{system}|"] if system else found


def texts_of(value: Json) -> list[str]:
    """The texts of a string, HumanName or Address."""
    if type(value) is str:
        return [value]
    if type(value) is not dict:
        return []
    parts: list[str] = []
    for key in _TEXT_KEYS:
        part = value.get(key)
        parts += [item for item in (part if type(part) is list else [part]) if type(item) is str]
    return parts


_TEXT_KEYS = ("family", "given", "prefix", "suffix", "line", "city", "district", "state", "postalCode",
              "country", "text")  # fmt: skip


def _prefixes(name: str) -> _Emit:
    def emit(value: Json, tokens: set[Token], ranges: set[Range]) -> None:
        for text in texts_of(value):
            whole = normal(text)
            tokens.update((name, whole[:length]) for length in range(1, min(PREFIX, len(whole)) + 1))

    return emit


def _identifier(name: str) -> _Emit:
    def emit(value: Json, tokens: set[Token], ranges: set[Range]) -> None:
        if type(value) is dict:
            tokens.update((name, text) for text in identifier_texts(value))

    return emit


def _logical_reference(name: str) -> _Emit:
    emit_identifier = _identifier(f"{name}:identifier")

    def emit(value: Json, tokens: set[Token], ranges: set[Range]) -> None:
        if type(value) is dict:
            emit_identifier(value.get("identifier"), tokens, ranges)

    return emit


def _contact(name: str) -> _Emit:
    def emit(value: Json, tokens: set[Token], ranges: set[Range]) -> None:
        if type(value) is dict and type(value.get("value")) is str:
            text = normal(value["value"])
            tokens.update(((name, text), (name, f"{value.get('system', '')}|{text}")))

    return emit


def _whole_date(name: str) -> _Emit:
    emit_text = _text(name)

    def emit(value: Json, tokens: set[Token], ranges: set[Range]) -> None:
        if type(value) is str and len(value) == _DAY:
            emit_text(value, tokens, ranges)

    return emit


_IDENTITY: Mapping[str, Callable[[str], _Emit]] = {
    **dict.fromkeys(("Address", "HumanName", "markdown", "string"), _prefixes),
    "ContactPoint": _contact,
    "Identifier": _identifier,
    "Reference": _logical_reference,
}
