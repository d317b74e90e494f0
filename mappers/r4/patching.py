"""What patches of both kinds have in common: how they fail, and copies that can be changed."""

from __future__ import annotations

import msgspec

from mappers.lossless import Json, exact


class CannotPatch(ValueError):  # noqa: N818 - it reads as what happened
    """An operation of a patch cannot be done. ``text`` quotes nothing of resource or patch."""

    def __init__(self, text: str, unmet: bool = False) -> None:
        super().__init__(text)
        self.text = text
        self.unmet = unmet
        """Whether the patch is sound and only the resource is not as it supposes."""
        self.operation: int | None = None
        """Which operation it was, counted from 0; None for the patch as a whole."""


def unmet(text: str) -> CannotPatch:
    """The resource is not as the patch supposes."""
    return CannotPatch(text, unmet=True)


def copied(value: Json) -> Json:
    """The value with objects and lists of its own; numbers and texts never change."""
    if type(value) is dict:
        return {key: copied(one) for key, one in value.items()}
    return [copied(one) for one in value] if type(value) is list else value


def equal(one: Json, other: Json) -> bool:
    """Whether two values are equal as RFC 6902 has it: numbers by what they are, keys in any order."""
    if _is_number(one) and _is_number(other):
        return exact(one) == exact(other)
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(equal(value, other[key]) for key, value in one.items())
    if isinstance(one, list):
        return len(one) == len(other) and all(map(equal, one, other))
    return bool(one == other)


def _is_number(value: Json) -> bool:
    return isinstance(value, msgspec.Raw) or (isinstance(value, int) and not isinstance(value, bool))
