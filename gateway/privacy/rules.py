"""Expressions of a hospital's rules that may stay: of named facts only, with numbers and listed words.

The engine's own grammar reads them whole, so that no comment and no tail can ride along. A text in quotes is
one that a fact can have, and numbers are short: neither a name nor a record number fits in.
"""

from __future__ import annotations

import re
from functools import cache

from mappers.tables import rows
from workers.engine.expression import ExpressionFault
from workers.engine.grammar import read
from workers.engine.known import Type
from workers.engine.names import catalogue

LONGEST = 1_000
_QUOTED = re.compile(r"'([^']*)'")
_NUMBER = re.compile(r"[0-9]{5,}|\.[0-9]{4,}")
_SEXES = ("female", "male")
_STAGES = ("G1", "G2", "G3a", "G3b", "G4", "G5", "A1", "A2", "A3", "low", "moderate", "high", "very high")


def is_rule(text: str) -> bool:
    """Whether an expression is one that a worker may see."""
    if len(text) > LONGEST or _NUMBER.search(text) or not set(_QUOTED.findall(text)) <= _words():
        return False
    try:
        return read(text, _type_of).type is Type.BOOLEAN
    except ExpressionFault:
        return False


@cache
def _words() -> frozenset[str]:
    """The texts that facts have."""
    return frozenset({*_SEXES, *_STAGES, *(row["value"] for row in rows("answers.csv"))})


def _type_of(name: str) -> Type | None:
    found = catalogue().get(name)
    return found.type if found else None
