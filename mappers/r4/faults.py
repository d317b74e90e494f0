"""What a check answers: None when all is well, else its faults, each with the path from where it stood.

Paths are built only for what is wrong, from the inside out, so that a valid resource pays for none. A *claim*
is a fault unless somebody further up knows better: a null may have its sibling, a ``#`` its contained
resource.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from mappers.lossless import Json


class Fault(NamedTuple):
    """``code`` is from FHIR's issue-type; ``text`` quotes nothing of the resource."""

    path: str
    code: str
    text: str


Faults: TypeAlias = list[Fault]
Check: TypeAlias = Callable[[Json], Faults | None]

NULL_CLAIM = "\0null"
FRAGMENT_CLAIM = "\0fragment"
"""Codes of claims. A fragment's claim bears the id that it points at as its text."""


_JSON_TYPES: dict[type, str] = {bool: "a boolean", dict: "an object", list: "an array", str: "a string"}


def fault(code: str, text: str, path: str = "") -> Faults:
    return [Fault(path, code, text)]


def under(step: str, faults: Faults) -> Faults:
    """The same faults, seen from one step further out."""
    return [Fault(step + path, code, text) for path, code, text in faults]


def json_type(value: Json) -> str:
    """What JSON calls the type of a value."""
    if value is None:
        return "null"
    return _JSON_TYPES.get(type(value), "a number")
