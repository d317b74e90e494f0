"""The codes of a value set, where it lists them; None where only a terminology server could tell."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from mappers.lossless import Json
from mappers.profiles.rules import Codes
from mappers.r4.model import MODEL


class ValueSets:
    """The value sets and code systems that were brought, beside those of R4's own required bindings."""

    def __init__(self, resources: Iterable[Mapping[str, Json]]) -> None:
        told = [one for one in resources if one.get("resourceType") in ("ValueSet", "CodeSystem")]
        self._sets = {one["url"]: one for one in told if one["resourceType"] == "ValueSet" and "url" in one}
        self._systems = {one["url"]: one for one in told if one["resourceType"] == "CodeSystem"}

    def codes(self, canonical: str) -> Codes | None:
        """The codes behind a canonical, its version left aside when only another is known."""
        url = canonical.partition("|")[0]
        if url in self._sets:
            return self._listed(self._sets[url])
        own = MODEL.codes.get(url)
        return None if own is None else {system: frozenset(codes) for system, codes in own.items()}

    def _listed(self, found: Mapping[str, Json]) -> Codes | None:
        expansion = found.get("expansion")
        if expansion is not None:
            return _by_system(_contained(expansion.get("contains", ())))
        compose = found.get("compose", {})
        if not compose.get("include") or "exclude" in compose:
            return None
        pairs: list[tuple[str, str]] = []
        for include in compose["include"]:
            codes = self._included(include)
            if codes is None:
                return None
            pairs += [(include["system"], code) for code in codes]
        return _by_system(pairs)

    def _included(self, include: Mapping[str, Json]) -> list[str] | None:
        """The codes that one ``include`` names itself, or that are all of a code system."""
        if "system" not in include or "filter" in include or "valueSet" in include:
            return None
        if "concept" in include:
            return [concept["code"] for concept in include["concept"]]
        system = self._systems.get(include["system"], {})
        return list(_all(system.get("concept", ()))) if system.get("content") == "complete" else None


def _contained(contains: Iterable[Mapping[str, Json]]) -> Iterator[tuple[str, str]]:
    for one in contains:
        if not one.get("abstract") and "code" in one:
            yield one.get("system", ""), one["code"]
        yield from _contained(one.get("contains", ()))


def _all(concepts: Iterable[Mapping[str, Json]]) -> Iterator[str]:
    for concept in concepts:
        yield concept["code"]
        yield from _all(concept.get("concept", ()))


def _by_system(pairs: Iterable[tuple[str, str]]) -> Codes:
    found: dict[str, set[str]] = {}
    for system, code in pairs:
        found.setdefault(system, set()).add(code)
    return {system: frozenset(codes) for system, codes in found.items()}
