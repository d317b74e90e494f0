"""What R4 says a resource is, as values: HL7's definitions, compiled into one small table.

The table is read once, when somebody first asks. ``scripts/compile_r4.py`` makes it; ``docs/r4.md`` says
from what.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache, cached_property
from importlib.resources import files
from typing import Any

import msgspec
import zstandard

TABLE = "r4.json.zst"

RESOURCE = "resource"
DATATYPE = "datatype"
BACKBONE = "backbone"
PRIMITIVE = "primitive"


class Invariant(msgspec.Struct, frozen=True, array_like=True):
    """A condition that R4 puts on an element: its key, HL7's sentence, and the parsed FHIRPath."""

    key: str
    human: str
    tree: list[Any]


class Element(msgspec.Struct, frozen=True, array_like=True):
    """One element of a type. A choice is known by its stem: ``value`` for ``value[x]``."""

    name: str
    types: tuple[str, ...]
    """Data types; the path of a backbone type (``Patient.contact``); ``Resource`` for any resource."""
    min: int
    max: int | None
    """None for ``*``."""
    choice: bool
    modifier: bool
    targets: tuple[str, ...]
    """Types that a Reference or canonical may point at; empty when any may."""
    codes: str | None
    """The required binding's value set, a key of ``Model.codes`` (absent there when R4 lists no codes)."""
    invariants: tuple[Invariant, ...]
    summary: bool = False
    """Whether ``_summary=true`` shows it."""

    def json_names(self) -> Iterator[tuple[str, str]]:
        """The JSON names that it can bear, each with the type that this means."""
        if not self.choice:
            yield self.name, self.types[0]
            return
        for kind in self.types:
            yield self.name + kind[0].upper() + kind[1:], kind


class Type(msgspec.Struct, frozen=True, array_like=True):
    """A resource, data type, backbone element or primitive."""

    name: str
    kind: str
    elements: dict[str, Element]
    invariants: tuple[Invariant, ...]


class Path(msgspec.Struct, frozen=True, array_like=True):
    """Where a search parameter looks: JSON keys, with a filter ``[key, value]`` or a position between."""

    steps: tuple[str | int | tuple[str, str], ...]
    leaf: str
    """The type found there; ``exists`` when only presence counts."""
    target: str | None
    """Only references to this type (``resolve() is Patient``)."""


class Parameter(msgspec.Struct, frozen=True, array_like=True):
    """A search parameter of one resource type."""

    name: str
    type: str
    paths: tuple[Path, ...]
    url: str
    expression: str


class Part(msgspec.Struct, frozen=True, array_like=True):
    """One part of a composite parameter: its kind, and its places below the element or the whole resource."""

    type: str
    paths: tuple[Path, ...]
    whole: bool


class Composite(msgspec.Struct, frozen=True, array_like=True):
    """A search parameter whose parts must hold of one element together; ``bases`` are those elements."""

    name: str
    url: str
    bases: tuple[Path, ...]
    parts: tuple[Part, ...]


class _Table(msgspec.Struct, frozen=True):
    version: str
    source: str
    licence: str
    types: dict[str, Type]
    codes: dict[str, dict[str, tuple[str, ...]]]
    search: dict[str, dict[str, Parameter]]
    composites: dict[str, dict[str, Composite]]
    compartment: dict[str, tuple[str, ...]]
    unchecked: tuple[str, ...]


class Model:
    """The R4 table with the questions that validation, search, policies and rules ask of it."""

    @cached_property
    def _table(self) -> _Table:
        packed = files("mappers.r4").joinpath(TABLE).read_bytes()
        return msgspec.json.decode(zstandard.ZstdDecompressor().decompress(packed), type=_Table)

    @property
    def version(self) -> str:
        return self._table.version

    @property
    def source(self) -> str:
        """Where the definitions come from and under which licence."""
        return f"{self._table.source} ({self._table.licence})"

    @property
    def types(self) -> Mapping[str, Type]:
        """Every type by name; a backbone element's name is its path."""
        return self._table.types

    @cached_property
    def resources(self) -> frozenset[str]:
        """The 146 resource types."""
        return frozenset(name for name, kind in self._table.types.items() if kind.kind == RESOURCE)

    @property
    def codes(self) -> Mapping[str, Mapping[str, tuple[str, ...]]]:
        """The codes of each value set that a required binding names, by code system."""
        return self._table.codes

    @property
    def search(self) -> Mapping[str, Mapping[str, Parameter]]:
        """Search parameters by resource type and name, the ones of every resource included."""
        return self._table.search

    @property
    def composites(self) -> Mapping[str, Mapping[str, Composite]]:
        """Composite search parameters by resource type and name."""
        return self._table.composites

    @property
    def compartment(self) -> Mapping[str, tuple[str, ...]]:
        """For each type in the patient compartment, the search parameters that put a resource in it."""
        return self._table.compartment

    @property
    def unchecked(self) -> tuple[str, ...]:
        """Invariants of R4 that the table leaves out, because they cannot be told from one resource."""
        return self._table.unchecked

    @cache  # noqa: B019 - there is one model for the life of the process
    def json_names(self, type_name: str) -> Mapping[str, tuple[Element, str]]:
        """The JSON names of a type (``valueQuantity``, not ``value``), each with element and type."""
        elements = self.types[type_name].elements.values()
        return {key: (element, kind) for element in elements for key, kind in element.json_names()}

    def element(self, path: str) -> Element | None:
        """The element at a path: ``Observation.value``, ``Patient.contact.name.family``."""
        first, *rest = path.split(".")
        kind, element = self.types.get(first), None
        for name in rest:
            element = kind.elements.get(name) if kind else None
            if element is None:
                return None
            kind = self.types.get(element.types[0]) if len(element.types) == 1 else None
        return element


MODEL = Model()
