"""Maps in force: the codes that they decide, and resources read through them.

A map adds and never replaces: what an EHR says in a code system itself stands, so a concept that has a code
of the target's system already is left as it is. What was read through a map says so in its evidence.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from mappers.codes import Code, usual
from mappers.lossless import Json


class Translation(NamedTuple):
    """What a code means, and the canonical of the map that says so."""

    target: Code
    by: str


@dataclass(frozen=True, slots=True)
class Described:
    """One map as a person looks it up: how many codes it decides, leaves open, and gives to no table here."""

    canonical: str
    title: str
    decided: int
    undecided: int
    unread: int
    """Of those that are decided: how many mean something that no table here has a name for."""


@dataclass(frozen=True)
class ConceptMaps:
    """All maps of a deployment. ``decided``: each own code, and what it means."""

    decided: Mapping[Code, tuple[Translation, ...]] = field(default_factory=dict)
    described: tuple[Described, ...] = ()
    digest: str = ""
    """SHA-256 over what was loaded; empty where there is no map."""

    @cached_property
    def own_codes(self) -> Mapping[str, frozenset[str]]:
        """By system as a resource writes it: the codes that are decided, and so may be read."""
        found: dict[str, set[str]] = {}
        for system, code in self.decided:
            found.setdefault(system, set()).add(code)
        return {system: frozenset(codes) for system, codes in found.items()}

    def read(self, body: dict[str, Json]) -> tuple[dict[str, Json], tuple[str, ...]]:
        """A resource with what its own codes mean beside them, and the maps that were needed."""
        if not self.decided:
            return body, ()
        by: set[str] = set()
        found = self._inside(body, by)
        return found, tuple(sorted(by))

    def _inside(self, value: dict[str, Json], by: set[str]) -> dict[str, Json]:
        changed = {key: self._any(key, item, by) for key, item in value.items() if type(item) in (dict, list)}
        return value if all(changed[key] is value[key] for key in changed) else {**value, **changed}

    def _any(self, key: str, item: Json, by: set[str]) -> Json:
        if key == "coding" and type(item) is list:
            return self._codings(item, by)
        if key == "valueCoding" and type(item) is dict:
            return self._codings([item], by)[0]
        if type(item) is dict:
            return self._inside(item, by)
        if type(item) is not list:
            return item
        inner = [self._any("", one, by) for one in item]
        return item if all(new is old for new, old in zip(inner, item, strict=True)) else inner

    def _codings(self, codings: list[Json], by: set[str]) -> list[Json]:
        """What they mean, then the codings themselves: whoever takes the first code takes the known one."""
        said = [_code(one) for one in codings]
        systems = {code.system for code in said if code not in self.decided}
        means = [
            one for code in said for one in self.decided.get(code, ()) if one.target.system not in systems
        ]
        if not means:
            return codings
        by.update(one.by for one in means)
        targets = dict.fromkeys(one.target for one in means)
        return [*({"system": system, "code": code} for system, code in targets), *codings]


def _code(coding: Json) -> Code:
    """A coding's code; of what is no coding, one that nobody has."""
    if type(coding) is not dict or "code" not in coding:
        return Code("", "")
    return Code(usual(str(coding.get("system", ""))), str(coding["code"]))


NO_MAPS = ConceptMaps()
