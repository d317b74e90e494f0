"""What provisions may look at in a resource: type, codes, labels, profiles, dates, references.

Elements that a split may withhold whole (a Patient's contacts, extensions) are left out on both sides: the
gateway sees in a resource no code that a worker who has it before them would miss.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mappers.consent.times import hull, moment, span
from mappers.consent.values import Code, Span, Subject
from mappers.lossless import Json

_SKIPPED = frozenset({"extension", "modifierExtension", "contact", "meta", "text"})
_MOMENTS = [
    "authored",
    "authoredOn",
    "created",
    "date",
    "dateTime",
    "effectiveDateTime",
    "effectiveInstant",
    "identifiedDateTime",
    "issued",
    "occurrenceDateTime",
    "onsetDateTime",
    "performedDateTime",
    "recorded",
    "recordedDate",
    "startDate",
    "started",
    "whenHandedOver",
    "whenPrepared",
]
_PERIODS = (
    "billablePeriod",
    "effectivePeriod",
    "occurrencePeriod",
    "onsetPeriod",
    "performedPeriod",
    "period",
)


def subject(resource: dict[str, Any], reference: str) -> Subject:
    """A resource, whole or its clinical half, under its local reference."""
    meta = resource.get("meta", {})
    return Subject(
        type=str(resource.get("resourceType", "")),
        reference=reference,
        codes=frozenset(_codings(resource)),
        labels=frozenset(filter(None, map(coded, meta.get("security", ())))),
        profiles=frozenset(meta.get("profile", ())),
        span=_dated(resource),
        refers_to=frozenset(_references(resource)),
    )


def coded(coding: Json) -> Code | None:
    """System and code of a Coding, when it has both."""
    if not isinstance(coding, dict):
        return None
    system, code = coding.get("system"), coding.get("code")
    return (system, code) if isinstance(system, str) and isinstance(code, str) else None


def local(reference: Json) -> str | None:
    """``Type/id`` of a reference to this server, without its version."""
    if not isinstance(reference, str) or ":" in reference or reference.startswith("#"):
        return None
    return reference.partition("/_history/")[0]


def _dated(resource: dict[str, Any]) -> Span | None:
    found = [moment(resource.get(name)) for name in _MOMENTS] + [
        span(resource.get(name)) for name in _PERIODS
    ]
    return hull([one for one in found if one is not None])


def _codings(value: Json) -> Iterator[Code]:
    for node in _objects(value):
        found = coded(node)
        if found is not None:
            yield found


def _references(value: Json) -> Iterator[str]:
    for node in _objects(value):
        found = local(node.get("reference"))
        if found is not None:
            yield found


def _objects(value: Json) -> Iterator[dict[str, Json]]:
    if isinstance(value, dict):
        yield value
        for key, part in value.items():
            if key not in _SKIPPED:
                yield from _objects(part)
    elif isinstance(value, list):
        for part in value:
            yield from _objects(part)
