"""Valid R4 resources of every type, drawn from the table: what is required and some of what is optional.

``resource_of("Observation")`` and ``any_resource()`` are Hypothesis strategies. An optional element is added
when the invariants of its type still hold with it. Texts begin with ``CANARY`` so that a test can look for
them elsewhere.
"""

from __future__ import annotations

import base64
from functools import cache
from itertools import chain
from typing import Any

import msgspec
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from mappers.r4.conditions import Condition, condition
from mappers.r4.model import MODEL, Element, Type

CANARY = "CANARY"
DEEPEST = 4
NEVER = frozenset({"contained", "implicitRules", "modifierExtension"})
"""Elements that are drawn nowhere, or only where ``_with_contained`` puts them."""

UNDRAWN = frozenset({"StructureDefinition.snapshot"})
"""Types whose invariants ask for whole structures, which no draw would hit."""

PREFERRED = {"Bundle.type": "collection", "Questionnaire.item.type": "string"}
"""Codes that ask for no further elements."""

AT_LEAST = {"Linkage.item": 2}
"""Lists whose least length stands in an invariant."""

LETTERS = st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", min_size=1, max_size=8)
TEXTS = st.text(st.characters(categories=["L", "N", "P", "S"]), max_size=8).map(
    lambda text: f"{CANARY} {text}!"
)
IDS = st.from_regex(r"\A[A-Za-z0-9.-]{1,20}\Z")
DATES = st.one_of(
    st.dates().map(str),
    st.dates().map(lambda day: str(day)[:7]),
    st.dates().map(lambda day: str(day)[:4]),
)
CLOCKS = st.tuples(st.times(), st.sampled_from(["", ".0", ".120"])).map(
    lambda drawn: f"{drawn[0]:%H:%M:%S}{drawn[1]}"
)
INSTANTS = st.tuples(st.dates(), CLOCKS, st.sampled_from(["Z", "+00:00", "-05:00", "+14:00"])).map(
    lambda drawn: f"{drawn[0]}T{drawn[1]}{drawn[2]}"
)
DECIMALS = st.one_of(
    st.integers(0, 10**6),
    st.sampled_from(["1.10", "0.000000100", "7.0", "1E2", "2.50e-3"]).map(lambda text: msgspec.Raw(text)),
)

PRIMITIVES: dict[str, SearchStrategy[Any]] = {
    "base64Binary": st.binary(min_size=1, max_size=12).map(lambda data: base64.b64encode(data).decode()),
    "boolean": st.booleans(),
    "canonical": LETTERS.map(lambda text: f"http://example.org/{CANARY}/{text}"),
    "code": LETTERS.map(lambda text: f"{CANARY}-{text}"),
    "date": DATES,
    "dateTime": st.one_of(DATES, INSTANTS),
    "decimal": DECIMALS,
    "id": IDS,
    "instant": INSTANTS,
    "integer": st.integers(0, 2**31 - 1),
    "markdown": TEXTS,
    "oid": st.integers(0, 999).map(lambda number: f"urn:oid:1.2.{number}"),
    "positiveInt": st.integers(1, 2**31 - 1),
    "string": TEXTS,
    "time": CLOCKS,
    "unsignedInt": st.integers(0, 2**31 - 1),
    "uri": LETTERS.map(lambda text: f"urn:{CANARY}:{text}"),
    "url": LETTERS.map(lambda text: f"https://example.org/{CANARY}/{text}"),
    "uuid": st.uuids().map(lambda drawn: f"urn:uuid:{drawn}"),
    "xhtml": LETTERS.map(lambda text: f'<div xmlns="http://www.w3.org/1999/xhtml">{CANARY} {text}</div>'),
}


SAMPLES: dict[str, Any] = {
    "base64Binary": "Q0FOQVJZ",
    "boolean": True,
    "canonical": f"http://example.org/{CANARY}",
    "code": CANARY,
    "date": "2012-05",
    "dateTime": "2012-05-01T10:00:00Z",
    "decimal": msgspec.Raw("1.10"),
    "ElementDefinition": {"id": CANARY, "path": CANARY},
    "id": CANARY,
    "instant": "2012-05-01T10:00:00Z",
    "integer": 1,
    "markdown": CANARY,
    "oid": "urn:oid:1.2.3",
    "positiveInt": 1,
    "string": CANARY,
    "time": "10:00:00",
    "unsignedInt": 1,
    "uri": f"urn:{CANARY}",
    "url": f"https://example.org/{CANARY}",
    "uuid": "urn:uuid:c757873d-ec9a-4326-a141-556f43239520",
    "xhtml": f'<div xmlns="http://www.w3.org/1999/xhtml">{CANARY}</div>',
}


def resource_of(type_name: str) -> SearchStrategy[dict[str, Any]]:
    """Valid resources of one type."""
    return _resources(type_name)


def any_resource() -> SearchStrategy[dict[str, Any]]:
    """Valid resources of all 146 types."""
    return st.sampled_from(sorted(MODEL.resources)).flatmap(resource_of)


@st.composite
def _resources(draw: DrawFn, type_name: str) -> dict[str, Any]:
    body = {"resourceType": type_name, "id": draw(IDS), **draw(_objects(type_name, 0))}
    if "contained" in MODEL.types[type_name].elements and draw(st.integers(0, 5)) == 0:
        return _with_contained(body, draw(LETTERS), draw(_objects("Organization", DEEPEST)))
    return body


def _with_contained(body: dict[str, Any], name: str, organization: dict[str, Any]) -> dict[str, Any]:
    """The resource with one contained resource that it refers to."""
    organization = {key: value for key, value in organization.items() if key not in ("id", "meta")}
    inner = {"resourceType": "Organization", "id": name, **organization}
    pointer = {"url": f"urn:{CANARY}:contained", "valueReference": {"reference": f"#{name}"}}
    return {**body, "contained": [inner], "extension": [*body.get("extension", []), pointer]}


def smallest(type_name: str) -> dict[str, Any]:
    """The smallest valid object of a type, always the same."""
    return _sample(type_name)


def optional(type_name: str) -> list[str]:
    """The elements that it may have besides."""
    return [name for name in _optional(MODEL.types[type_name]) if name not in _smallest(type_name)]


def member(type_name: str, name: str) -> dict[str, Any]:
    """One of them, always the same."""
    return _sample_member(f"{type_name}.{name}", MODEL.types[type_name].elements[name])


def holds(type_name: str, body: dict[str, Any]) -> bool:
    """Whether the invariants of its type hold of an object."""
    return _holds(type_name, body)


# --- objects ---------------------------------------------------------------------------------------------


@st.composite
def _objects(draw: DrawFn, type_name: str, depth: int) -> dict[str, Any]:
    """An object of a type: its smallest form that is valid, then whatever else its invariants allow."""
    kind = MODEL.types[type_name]
    body: dict[str, Any] = {}
    for name in _smallest(type_name):
        body |= draw(_members(kind.elements[name], depth))
    others = [name for name in _optional(kind) if name not in _smallest(type_name)]
    if depth < DEEPEST and others:
        for name in draw(st.lists(st.sampled_from(others), max_size=4 - depth // 2, unique=True)):
            grown = body | draw(_members(kind.elements[name], depth))
            body = grown if _holds(type_name, grown) else body
    return body if _holds(type_name, body) else _sample(type_name)


@st.composite
def _members(draw: DrawFn, element: Element, depth: int) -> dict[str, Any]:
    """The JSON members of one element: value, array, or primitive with its extensions beside it."""
    key, kind = draw(st.sampled_from([*element.json_names()]))
    if element.max is not None and element.max <= 1:
        value = draw(_values(element, kind, depth))
        if _extensible(element, kind) and draw(st.integers(0, 9)) == 0:
            return {key: value, f"_{key}": {"extension": [draw(_extensions())]}}
        return {key: value}
    values = draw(
        st.lists(_values(element, kind, depth), min_size=max(1, element.min), max_size=max(2, element.min))
    )
    if _extensible(element, kind) and draw(st.integers(0, 9)) == 0:
        padding = [None] * len(values)
        return {key: [*values, None], f"_{key}": [*padding, {"extension": [draw(_extensions())]}]}
    return {key: values}


def _extensible(element: Element, kind: str) -> bool:
    """Whether extensions may stand beside the value: not beside ids, urls of extensions and XHTML."""
    return kind in PRIMITIVES and element.name not in ("id", "url", "div")


@st.composite
def _extensions(draw: DrawFn) -> dict[str, Any]:
    return {"url": f"urn:{CANARY}:{draw(LETTERS)}", "valueString": draw(TEXTS)}


def _values(element: Element, kind: str, depth: int) -> SearchStrategy[Any]:
    if element.codes in MODEL.codes:
        return _bound(MODEL.codes[element.codes], kind)
    if kind == "Reference":
        targets = element.targets or ("Patient", "Practitioner", "Observation")
        return st.tuples(st.sampled_from(targets), IDS).map(lambda drawn: {"reference": "/".join(drawn)})
    if kind == "Resource":
        return _objects("Basic", depth + 1).map(lambda body: {"resourceType": "Basic", **body})
    return PRIMITIVES[kind] if kind in PRIMITIVES else st.deferred(lambda: _objects(kind, depth + 1))


def _bound(codes: Any, kind: str) -> SearchStrategy[Any]:
    """A value that a required binding allows."""
    pairs = st.sampled_from([(system, code) for system, known in sorted(codes.items()) for code in known])
    if kind == "Coding":
        return pairs.map(lambda pair: {"system": pair[0], "code": pair[1]})
    if kind == "CodeableConcept":
        return pairs.map(lambda pair: {"coding": [{"system": pair[0], "code": pair[1]}]})
    return pairs.map(lambda pair: pair[1])


# --- invariants ------------------------------------------------------------------------------------------


@cache
def _conditions(type_name: str) -> tuple[Condition, ...]:
    return tuple(condition(one.tree, type_name) for one in MODEL.types[type_name].invariants)


@cache
def _on_elements(type_name: str) -> tuple[tuple[str, str, tuple[Condition, ...]], ...]:
    kind = MODEL.types[type_name]
    return tuple(
        (key, leaf, tuple(condition(one.tree, leaf) for one in element.invariants))
        for element in kind.elements.values()
        for key, leaf in element.json_names()
        if element.invariants
    )


def _holds(type_name: str, body: dict[str, Any]) -> bool:
    if any(test(body, body) is False for test in _conditions(type_name)):
        return False
    for key, _, tests in _on_elements(type_name):
        values = body.get(key, [])
        for value in values if isinstance(values, list) else [values]:
            if value is not None and any(test(value, body) is False for test in tests):
                return False
    return True


def _optional(kind: Type) -> list[str]:
    return [
        name
        for name, element in kind.elements.items()
        if not element.min and name not in NEVER | {"id"} and element.types[0] not in UNDRAWN
    ]


def _is_complex(element: Element) -> bool:
    return not set(element.types) & set(PRIMITIVES)


@cache
def _smallest(type_name: str) -> tuple[str, ...]:
    """Elements that together make a valid object: the required ones, and one or two more where needed."""
    kind = MODEL.types[type_name]
    required = tuple(name for name, element in kind.elements.items() if element.min)
    optional = [name for name in _optional(kind) if name != "extension"]
    optional.sort(key=lambda name: (type_name in kind.elements[name].types, _is_complex(kind.elements[name])))
    singles = ((*required, name) for name in optional)
    pairs = ((*required, one, other) for one in optional for other in optional if one < other)
    for names in chain([required], singles, pairs):
        body = _assembled(kind, names)
        if (body or kind.kind == "resource") and _holds(type_name, body):
            return names
    raise LookupError(type_name)


def _assembled(kind: Type, names: tuple[str, ...]) -> dict[str, Any]:
    return {
        key: value
        for name in names
        for key, value in _sample_member(f"{kind.name}.{name}", kind.elements[name]).items()
    }


def _sample(type_name: str) -> dict[str, Any]:
    return _assembled(MODEL.types[type_name], _smallest(type_name))


def _sample_member(path: str, element: Element) -> dict[str, Any]:
    key, kind = next(iter(element.json_names()))
    value = PREFERRED.get(path) or _sample_value(element, kind)
    return {key: value if element.max == 1 else [value] * AT_LEAST.get(path, max(1, element.min))}


def _sample_value(element: Element, kind: str) -> Any:
    """Always the same small value of a type."""
    if element.codes in MODEL.codes:
        system, codes = next(iter(sorted(MODEL.codes[element.codes].items())))
        coding = {"system": system, "code": codes[0]}
        return {"Coding": coding, "CodeableConcept": {"coding": [coding]}}.get(kind, codes[0])
    if kind == "Reference":
        return {"reference": f"{(element.targets or ('Patient',))[0]}/{CANARY}"}
    if kind == "Resource":
        return {"resourceType": "Basic", "id": CANARY, "code": {"text": CANARY}}
    return SAMPLES[kind] if kind in SAMPLES else _sample(kind)
