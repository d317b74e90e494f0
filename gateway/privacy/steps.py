"""The steps: what can be done to one element, each made once when a policy is compiled.

They are closures and not methods because they run some forty times for every resource that comes in.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeAlias

from gateway.privacy.generalise import Generaliser
from gateway.privacy.text import GRAMMARS
from gateway.privacy.walk import (
    DROPPED,
    INNER,
    WHOLE,
    Mark,
    NoClinicalHalf,
    Node,
    Object,
    Step,
    Walk,
    put_inner,
)
from mappers.lossless import Json
from mappers.r4.model import MODEL

Check: TypeAlias = Callable[[Json], bool]
Choose: TypeAlias = Callable[[Json], Node | None]
"""The node that an object of several possible shapes is split by; None when it is withheld whole."""

_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
URL_PSEUDONYM = "urn:careloom:url:"
_OWN_ACT, _RELEASE = GRAMMARS["own-act"], GRAMMARS["version"]
_VERSION = re.compile("[0-9]{1,9}")
"""Careloom's own versions; what an EHR calls a version may be anything."""


def withhold(mark: Mark | None) -> Step:
    """Nothing stays; where absence would be an answer, a mark does."""

    def step(key: str, value: Json, kept: Object, gone: Object, walk: Walk) -> None:
        gone[key] = value
        if mark is not None:
            mark.put(key, kept, gone)

    return step


def refuse(key: str, value: Json, kept: Object, gone: Object, walk: Walk) -> None:
    """A resource that bears this has no clinical half."""
    raise NoClinicalHalf


def keep(check: Check, mark: Mark | None) -> Step:
    """The value stays when it is what it should be."""

    def step(key: str, value: Json, kept: Object, gone: Object, walk: Walk) -> None:
        if check(value):
            kept[key] = value
        else:
            gone[key] = value
            if mark is not None:
                mark.put(key, kept, gone)

    return step


def each(check: Check) -> Check:
    """The check of an array of primitives; a null stands for an item that only has a sibling."""
    return lambda value: type(value) is list and all(item is None or check(item) for item in value)


def keep_some(check: Check, mark: Mark | None) -> Step:
    """Of an array of primitives those items stay that are what they should be."""

    def step(key: str, value: Json, kept: Object, gone: Object, walk: Walk) -> None:
        items = value if type(value) is list and None not in value else []
        some = [item for item in items if check(item)]
        if some:
            kept[key] = some
            if len(some) < len(items):
                dropped = [[DROPPED, at, item] for at, item in enumerate(items) if not check(item)]
                put_inner(key, dropped, gone)
        else:
            gone[key] = value
            if mark is not None:
                mark.put(key, kept, gone)

    return step


def change(generalise: Generaliser, mark: Mark | None) -> Step:
    """Less than the value stays."""

    def step(key: str, value: Json, kept: Object, gone: Object, walk: Walk) -> None:
        less = generalise(value, walk.terms)
        if less is None:
            gone[key] = value
            if mark is not None:
                mark.put(key, kept, gone)
            return
        kept[key] = less
        if less is not value and less != value:
            gone[key] = value

    return step


def inside(choose: Choose, mark: Mark | None) -> Step:
    """Each part of an object is decided on its own."""

    def step(key: str, value: Json, kept: Object, gone: Object, walk: Walk) -> None:
        node = choose(value) if type(value) is dict else None
        if node is not None:
            part, delta = node.split(value, walk)
            if part:
                kept[key] = part
                if delta:
                    put_inner(key, delta, gone)
                return
        gone[key] = value
        if mark is not None:
            mark.put(key, kept, gone)

    return step


def inside_each(choose: Choose, mark: Mark | None) -> Step:
    """Each part of each object in an array is decided on its own."""

    def step(key: str, value: Json, kept: Object, gone: Object, walk: Walk) -> None:
        items, delta = sift(value if type(value) is list else [], choose, mark, walk)
        if items:
            kept[key] = items
            if delta:
                put_inner(key, delta, gone)
        else:
            gone[key] = value
            if mark is not None:
                mark.put(key, kept, gone)

    return step


def sift(values: list[Json], choose: Choose, mark: Mark | None, walk: Walk) -> tuple[list[Json], list[Json]]:
    """What stays of an array, and what is withheld of each of its items."""
    items: list[Json] = []
    delta: list[Json] = []
    for at, item in enumerate(values):
        node = choose(item) if type(item) is dict else None
        part, gone = node.split(item, walk) if node is not None else ({}, {})
        if part:
            items.append(part)
            if gone:
                delta.append([INNER, at, gone])
        elif mark is not None:
            items.append(mark.value())
            delta.append([WHOLE, at, item])
        else:
            delta.append([DROPPED, at, item])
    return items, delta


def resource_id(kind: str) -> Step:
    """The id of a resource becomes its pseudonym."""

    def step(key: str, value: Json, kept: Object, gone: Object, walk: Walk) -> None:
        gone[key] = value
        if type(value) is str:
            kept[key] = walk.pseudonym_of(kind, value)
        else:
            raise NoClinicalHalf

    return step


def contained_id(key: str, value: Json, kept: Object, gone: Object, walk: Walk) -> None:
    """The id of a contained resource becomes a number of its own."""
    gone[key] = value
    name = walk.fragments.get(value) if type(value) is str else None
    if name is not None:
        kept[key] = name


def reference(key: str, value: Json, kept: Object, gone: Object, walk: Walk) -> None:
    """``Patient/mrn-1`` becomes ``Patient/<pseudonym>``; what is no local reference is withheld."""
    told = _pseudonymous(value, walk) if type(value) is str else None
    if told is not None:
        kept[key] = told
    if told != value:
        gone[key] = value


def _pseudonymous(text: str, walk: Walk) -> str | None:
    if text[:1] == "#":
        return _fragment(text, walk)
    kind, _, rest = text.partition("/")
    ident, history, version = rest.partition("/_history/")
    if kind not in MODEL.resources or _ID.fullmatch(ident) is None:
        return None
    told = f"{kind}/{walk.pseudonym_of(kind, ident)}"
    return f"{told}{history}{version}" if _VERSION.fullmatch(version) else told


def _fragment(text: str, walk: Walk) -> str | None:
    name = walk.fragments.get(text[1:], "")
    if not name and text != "#":
        return None
    walk.uses.append((walk.inside, name))
    return f"#{name}"


def fragment(key: str, value: Json, kept: Object, gone: Object, walk: Walk) -> None:
    """Of urls only those stay that name something inside the same resource."""
    told = _fragment(value, walk) if type(value) is str and value[:1] == "#" else None
    if told is not None:
        kept[key] = told
    if told != value:
        gone[key] = value


def named(key: str, value: Json, kept: Object, gone: Object, walk: Walk) -> None:
    """A url by which one definition names another: inside the same resource, on this server, or anywhere."""
    told = _name_of(value, walk) if type(value) is str else None
    if told is not None:
        kept[key] = told
    if told != value:
        gone[key] = value


def _name_of(text: str, walk: Walk) -> str | None:
    if text[:1] == "#" or _OWN_ACT(text):
        return _fragment(text, walk) if text[:1] == "#" else text
    literal = _pseudonymous(text, walk)
    if literal is not None:
        return literal
    url, bar, version = text.partition("|")
    if bar and not _RELEASE(version):
        return None
    return f"{URL_PSEUDONYM}{walk.pseudonym_of('Identifier', f'url|{url}')}{bar}{version}"


def marked(step: Step, mark: Mark) -> Step:
    """A step that leaves a mark when nothing stays."""

    def then(key: str, value: Json, kept: Object, gone: Object, walk: Walk) -> None:
        step(key, value, kept, gone, walk)
        if key not in kept:
            mark.put(key, kept, gone)

    return then


def known_modifier(known: frozenset[str], then: Step) -> Step:
    """A modifier extension that the policy does not know changes the resource's meaning unseen."""

    def step(key: str, value: Json, kept: Object, gone: Object, walk: Walk) -> None:
        for item in value if type(value) is list else (None,):
            if type(item) is not dict or item.get("url") not in known:
                raise NoClinicalHalf
        then(key, value, kept, gone, walk)

    return step
