"""Required bindings: a code must be one of those that R4 lists."""

from __future__ import annotations

from collections.abc import Mapping

from mappers.lossless import Json
from mappers.r4.faults import Check, Faults, fault

_FEW = 16
"""As many codes as a message lists."""


def bound(check: Check, kind: str, codes: Mapping[str, tuple[str, ...]]) -> Check:
    """The check of a type, and that its code is one of ``codes`` (by system)."""
    if kind == "CodeableConcept":
        return _bound_concept(check, codes)
    if kind == "Coding":
        return _bound_coding(check, codes)
    return _bound_code(check, codes)


def _wrong(codes: Mapping[str, tuple[str, ...]]) -> Faults:
    known = sorted({code for of_system in codes.values() for code in of_system})
    listed = ": " + ", ".join(known) if len(known) <= _FEW else f" ({len(known)} codes)"
    return fault("code-invalid", f"must be a code of the required value set{listed}")


def _bound_code(check: Check, codes: Mapping[str, tuple[str, ...]]) -> Check:
    allowed = frozenset(code for of_system in codes.values() for code in of_system)
    wrong = _wrong(codes)

    def check_code(value: Json) -> Faults | None:
        if type(value) is str and value in allowed:
            return None
        return check(value) or wrong

    return check_code


def _bound_coding(check: Check, codes: Mapping[str, tuple[str, ...]]) -> Check:
    wrong = _wrong(codes)

    def check_coding(value: Json) -> Faults | None:
        return check(value) or (None if _is_of(value, codes) or "code" not in value else wrong)

    return check_coding


def _bound_concept(check: Check, codes: Mapping[str, tuple[str, ...]]) -> Check:
    """At least one of the codings must be of the value set; with none at all, there is nothing to tell."""
    wrong = _wrong(codes)

    def check_concept(value: Json) -> Faults | None:
        faults = check(value)
        if faults or not (codings := value.get("coding")):
            return faults
        return None if any(_is_of(coding, codes) for coding in codings) else wrong

    return check_concept


def _is_of(coding: dict[str, Json], codes: Mapping[str, tuple[str, ...]]) -> bool:
    return coding.get("code") in codes.get(coding.get("system", ""), ())
