"""What a client may do, in SMART's words: ``system/CarePlan.rs``.

Letters stand in the order ``cruds``; v1's ``.read``, ``.write``, ``.*`` mean ``rs``, ``cud``, ``cruds``. A
wildcard covers every type but ``AuditEvent``: the trail is given only to whoever names it. A scope that
cannot be honoured to the letter (``?category=…``, ``patient/…``, a type that R4 does not have) is refused,
never widened.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from mappers.r4.model import MODEL

LETTERS = "cruds"
TRAIL = "AuditEvent"

_SCOPE = re.compile(r"system/(?P<type>\*|[A-Z][A-Za-z]{1,63})\.(?P<right>[a-z]+|\*)")
_V1 = {"read": "rs", "write": "cud", "*": LETTERS}


class ScopeRefused(ValueError):  # noqa: N818 - it reads as what happened
    """The scope cannot be honoured."""


@dataclass(frozen=True, slots=True)
class Scopes:
    """Rights per type, in canonical order; ``*`` stands for every type but the trail."""

    rights: tuple[tuple[str, str], ...]

    def allows(self, type_: str, letter: str) -> bool:
        """Whether one interaction (one of ``cruds``) is allowed on a type."""
        return any(letter in letters and _covers(name, type_) for name, letters in self.rights)

    def within(self, ceiling: Scopes) -> Scopes:
        """What both allow; may be empty, which allows nothing."""
        return _canonical(list(_meet(self, ceiling)))

    def __bool__(self) -> bool:
        return bool(self.rights)

    def __str__(self) -> str:
        return " ".join(f"system/{name}.{letters}" for name, letters in self.rights)


def parse(text: str) -> Scopes:
    """The scopes in a space-separated list; raises ``ScopeRefused`` when it is empty or one is not ours."""
    if not text.split():
        raise ScopeRefused("give at least one scope, such as system/CarePlan.rs")
    return _canonical([_one(word) for word in text.split()])


def _one(word: str) -> tuple[str, str]:
    found = _SCOPE.fullmatch(word)
    if found is None:
        raise ScopeRefused("a scope reads system/<type or *>.<cruds>, such as system/CarePlan.rs")
    if found["type"] != "*" and found["type"] not in MODEL.resources:
        raise ScopeRefused("a scope names a type that FHIR R4 does not have")
    right = found["right"]
    letters = _V1.get(right, right)
    if letters != _ordered(set(letters)):
        raise ScopeRefused(f"the rights of a scope are letters of {LETTERS!r}, each once and in this order")
    return found["type"], letters


def _covers(name: str, type_: str) -> bool:
    return name == type_ or (name == "*" and type_ != TRAIL)


def _meet(one: Scopes, other: Scopes) -> Iterator[tuple[str, str]]:
    for name, letters in one.rights:
        for other_name, other_letters in other.rights:
            narrower = other_name if name == "*" else name
            if _covers(name, narrower) and _covers(other_name, narrower):
                yield narrower, _ordered(set(letters) & set(other_letters))


def _canonical(rights: list[tuple[str, str]]) -> Scopes:
    merged: dict[str, set[str]] = {}
    for name, letters in rights:
        merged.setdefault(name, set()).update(letters)
    everywhere = frozenset(merged.get("*", ()))
    for name in merged.keys() - {"*", TRAIL}:
        merged[name] -= everywhere
    return Scopes(tuple((name, _ordered(merged[name])) for name in sorted(merged) if merged[name]))


def _ordered(letters: set[str]) -> str:
    return "".join(x for x in LETTERS if x in letters)
