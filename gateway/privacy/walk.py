"""One pass over a resource: each element's step puts it into the clinical half, the withheld half, or both.

The shape of what is withheld is written down in ``merge.py``, which undoes it. A ``Node`` is what a policy
makes of one type at one place: a step for every element that R4 knows there. An element without a step is
unknown, and goes to the withheld half whole.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from gateway.privacy.terms import NO_TERMS, Terms
from mappers.lossless import Json

Object: TypeAlias = dict[str, Json]

ABSENT_REASON = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
INNER = "/"
ADDED = "-"
WHOLE = "="
DROPPED = "+"


class NoClinicalHalf(Exception):  # noqa: N818 - it reads as what happens
    """Something changes the meaning of the resource in a way that the policy does not know."""


class Walk:
    """What the steps of one resource share: the pseudonyms, and the new names of what it contains."""

    __slots__ = ("fragments", "inside", "pseudonym_of", "terms", "uses")

    def __init__(
        self,
        pseudonym_of: Callable[[str, str], str],
        fragments: Mapping[str, str],
        terms: Terms = NO_TERMS,
    ) -> None:
        self.pseudonym_of = pseudonym_of
        self.fragments = fragments
        self.terms = terms
        self.inside = ""
        """The new name of the contained resource that is being walked; empty in what contains it."""
        self.uses: list[tuple[str, str]] = []
        """Who refers to which contained resource, by new names; empty for the container."""


Step: TypeAlias = Callable[[str, Json, Object, Object, Walk], None]
"""``(key, value, kept, gone, walk)``: puts the value into ``kept``, into ``gone``, or a part into each."""


def masked() -> Object:
    """What stands where something was withheld whose absence would be read as an answer."""
    return {"extension": [{"url": ABSENT_REASON, "valueCode": "masked"}]}


class Mark:
    """How one element shows that it was withheld: on its ``_sibling`` when primitive, in place when not."""

    __slots__ = ("many", "primitive", "required")

    def __init__(self, primitive: bool, many: bool, required: Mapping[str, Mark] | None = None) -> None:
        self.primitive = primitive
        self.many = many
        self.required = required or {}

    def put(self, key: str, kept: Object, gone: Object) -> None:
        """Mark ``key`` as withheld; what is added that the original has not is listed."""
        if self.primitive:
            kept["_" + key] = [masked()] if self.many else masked()
            gone.setdefault(ADDED, []).append("_" + key)
        else:
            kept[key] = [self.value()] if self.many else self.value()

    def value(self) -> Object:
        """A masked complex element, with a mask on everything that R4 requires in it."""
        value = masked()
        for key, mark in self.required.items():
            mark.put(key, value, {})
        return value


class Node:
    """What becomes of the elements of one type at one place."""

    __slots__ = ("element", "marks", "open", "steps")

    def __init__(self) -> None:
        self.steps: dict[str, Step] = {}
        self.marks: dict[str, Mark] = {}
        """Elements that leave a mark when they are withheld."""
        self.open: set[str] = set()
        """Primitive elements that may stay, so that their ``_siblings`` may too."""
        self.element: Node | None = None
        """What becomes of ``id`` and ``extension`` in those siblings."""

    def split(self, value: Object, walk: Walk) -> tuple[Object, Object]:
        """The kept and the withheld half of one object; either may be empty."""
        kept: Object = {}
        gone: Object = {}
        steps = self.steps
        strange = False
        for key, item in value.items():
            step = steps.get(key)
            if step is not None:
                step(key, item, kept, gone, walk)
            else:
                strange = True
        if strange:
            self._strangers(value, kept, gone, walk)
        return kept, gone

    def _strangers(self, value: Object, kept: Object, gone: Object, walk: Walk) -> None:
        """Keys without a step: siblings of primitives, and what R4 does not know."""
        for key, item in value.items():
            if key in self.steps:
                continue
            if key in (INNER, ADDED):
                raise NoClinicalHalf
            gone[key] = item
            if key[:1] == "_":
                self._sibling(key, value, kept, gone, walk)

    def _sibling(self, key: str, value: Object, kept: Object, gone: Object, walk: Walk) -> None:
        name = key[1:]
        if name in self.open and (name in kept or name not in value):
            rest = self._sifted(value[key], kept.get(name), walk)
            if rest:
                kept[key] = rest
                return
        if name in self.marks and name not in kept and key not in kept:
            self.marks[name].put(name, kept, {})

    def _sifted(self, sibling: Json, beside: Json, walk: Walk) -> Json:
        if type(sibling) is list:
            return self._sifted_array(sibling, beside, walk)
        if type(sibling) is not dict or self.element is None:
            return None
        return self.element.split(sibling, walk)[0] or None

    def _sifted_array(self, siblings: list[Json], beside: Json, walk: Walk) -> Json:
        """An item that has neither value nor extension any more is masked: R4 wants one of them.

        Where some of the values are gone nobody could tell any more which sibling belongs to which."""
        if type(beside) is list and len(beside) != len(siblings):
            return None
        values = beside if type(beside) is list else [None] * len(siblings)
        items = [self._sifted(item, None, walk) for item in siblings]
        if not any(items) and (values is not beside or None not in values):
            return None
        empty = (value is None and item is None for value, item in zip(values, items, strict=False))
        return [masked() if nothing else item for nothing, item in zip(empty, items, strict=False)]


def put_inner(key: str, delta: Json, gone: Object) -> None:
    """Remember what was withheld inside an element that stays."""
    inner = gone.get(INNER)
    if inner is None:
        gone[INNER] = {key: delta}
    else:
        inner[key] = delta
