"""The form of a reference, and whether the element may point at such a thing."""

from __future__ import annotations

import re

from mappers.lossless import Json
from mappers.r4.faults import FRAGMENT_CLAIM, Check, Faults, fault
from mappers.r4.model import MODEL
from mappers.r4.references import Conditional, Fragment, Literal, Urn, parse

_ID = r"[A-Za-z0-9\-.]{1,64}"
_is_id = re.compile(_ID).fullmatch
_scheme = re.compile(r"[a-z][a-z0-9+.-]*:\S+").fullmatch
_on_a_server = re.compile(rf".*/([A-Z][A-Za-z]+)/{_ID}(/_history/{_ID})?").fullmatch


def pointing(check: Check, targets: tuple[str, ...]) -> Check:
    """The check of a Reference that may point at these types, or at any."""
    allowed = frozenset(targets) or MODEL.resources

    def check_reference(value: Json) -> Faults | None:
        faults = check(value)
        if faults or (text := value.get("reference")) is None:
            return faults
        kind, slash, rest = text.partition("/")
        if slash and kind in allowed and _is_id(rest):
            return None
        return _faults(text, allowed)

    return check_reference


def _faults(text: str, allowed: frozenset[str]) -> Faults | None:
    match parse(text):
        case Fragment(name):
            return fault(FRAGMENT_CLAIM, name, ".reference")
        case Urn():
            return None if " " not in text else _malformed()
        case Literal(type=kind) | Conditional(type=kind):
            return None if kind in allowed else _astray(allowed)
    if not _scheme(text):
        return _malformed()
    found = _on_a_server(text)
    if found is not None and found[1] in MODEL.resources and found[1] not in allowed:
        return _astray(allowed)
    return None


def _malformed() -> Faults:
    return fault("value", "must be Type/id, Type?query, #id, a urn: or an absolute URL", ".reference")


def _astray(allowed: frozenset[str]) -> Faults:
    return fault("value", f"must point at one of: {', '.join(sorted(allowed))}", ".reference")
