"""``_summary`` and ``_elements``: how much of each resource an answer shows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from gateway.fhir.asked import Parameters
from gateway.fhir.outcome import TurnedAway, turned_away
from gateway.fhir.parameters import take
from gateway.refusal import Kind
from mappers.r4 import subset
from mappers.r4.subset import Summary

SUMMARY, ELEMENTS = "_summary", "_elements"
_COUNT, _WHOLE = "count", "false"

Show = Callable[[dict[str, Any]], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Narrowing:
    """What becomes of hits and of included resources. ``total_only`` shows neither."""

    hit: Show | None = None
    included: Show | None = None
    total_only: bool = False


def take_narrowing(type_: str, parameters: Parameters) -> tuple[Narrowing, Parameters]:
    """How answers are narrowed, and the other parameters."""
    summary, rest = take(parameters, SUMMARY)
    elements, rest = take(rest, ELEMENTS)
    if summary is not None and elements is not None:
        raise _refusal("_summary and _elements exclude each other.")
    if elements is not None:
        return Narrowing(partial(subset.elements, names=_names(type_, elements))), rest
    if summary in (None, _WHOLE):
        return Narrowing(), rest
    if summary == _COUNT:
        return Narrowing(total_only=True), rest
    if summary not in {kind.value for kind in Summary}:
        raise _refusal("_summary is one of true, text, data, count, false.")
    if summary == Summary.TEXT.value and any(
        name.startswith(("_include", "_revinclude")) for name, _ in rest
    ):
        raise _refusal("R4 does not let _summary=text be mixed with _include and _revinclude.")
    show = partial(subset.summary, kind=Summary(summary))
    return Narrowing(show, show), rest


def shown(type_: str, parameters: Parameters) -> Show | None:
    """How one resource that is read is narrowed; None where it is shown whole. Refuses other parameters."""
    if any(name not in (SUMMARY, ELEMENTS) for name, _ in parameters):
        text = "A read takes no parameters but _summary, _elements, _format and _pretty."
        raise turned_away(Kind.MALFORMED, "not-supported", text)
    narrowing, _ = take_narrowing(type_, parameters)
    if narrowing.total_only:
        raise _refusal("_summary=count is of a search; a read shows true, text, data or false.")
    return narrowing.hit


def _names(type_: str, value: str) -> frozenset[str]:
    names = frozenset(name.removeprefix(f"{type_}.") for name in value.split(","))
    if not all(subset.has_element(type_, name) for name in names):
        raise turned_away(
            Kind.MALFORMED, "not-supported", "_elements names elements of the type, such as identifier,name."
        )
    return names


def _refusal(text: str) -> TurnedAway:
    return turned_away(Kind.MALFORMED, "value", text)
