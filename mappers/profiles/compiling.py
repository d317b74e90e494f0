"""From a StructureDefinition's elements to rules. What cannot be honoured is refused by the element's id."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from mappers.profiles.constraints import constraint
from mappers.profiles.elements import Branch, Told
from mappers.profiles.rules import Binding, Codes, Constraint, NotHonoured, Rule, Slicing
from mappers.profiles.slicing import Conforms, slicing
from mappers.r4.model import MODEL, Element

CORE = "http://hl7.org/fhir/StructureDefinition/"
_EXTENSIONS = ("extension", "modifierExtension")
_BY_URL = {"discriminator": [{"type": "value", "path": "url"}], "rules": "open"}
_BY_TYPE = {"discriminator": [{"type": "type", "path": "$this"}], "rules": "open"}
_MAX_VALUE_SET = CORE + "elementdefinition-maxValueSet"


class Surroundings(Protocol):
    """What a profile may lean on: other profiles by canonical, and value sets."""

    def type_of(self, canonical: str) -> str | None: ...

    def codes(self, canonical: str) -> Codes | None: ...


@dataclass(frozen=True, slots=True)
class Compiler:
    """Compiles the branches of one profile."""

    around: Surroundings
    conforms: Conforms

    def root(self, branch: Branch, kind: str) -> Rule:
        """The rule of the whole resource, extension or data type."""
        return replace(self._rule(branch, (kind,), None), min=0, max=None)

    def _rule(self, branch: Branch, kinds: tuple[str, ...], element: Element | None) -> Rule:
        """``element`` is R4's own, whose demands need not be repeated; None for a slice."""
        told = branch.told
        try:
            narrowed = _narrowed(told, kinds)
            targets, unopened = self._targets(told)
            return Rule(
                branch.name,
                min=_least(told, element),
                max=_most(told, element),
                types=frozenset(narrowed) if narrowed != kinds or element is None else frozenset(),
                profiles=tuple(self._profiles(told)),
                targets=targets,
                unopened=unopened,
                fixed=_of_any_type(told, "fixed"),
                pattern=_of_any_type(told, "pattern"),
                binding=self._binding(told, element),
                max_length=told.get("maxLength"),
                constraints=_constraints(told, narrowed),
                members=self._members(branch, narrowed),
                slicing=self._slicing(branch, narrowed, element),
            )
        except NotHonoured as why:
            text = str(why)
            raise NotHonoured(text if text.startswith(branch.id) else f"{branch.id}: {text}") from None

    def _members(self, branch: Branch, kinds: tuple[str, ...]) -> dict[str, Rule]:
        found: dict[str, Rule] = {}
        for member in _choices_gathered(branch, kinds):
            owner = next((kind for kind in kinds if member.name in _elements(kind)), None)
            if owner is None:
                raise NotHonoured(f"{member.id}: R4 has no such element")
            element = _elements(owner)[member.name]
            found[member.name] = self._rule(member, element.types, element)
        return found

    def _slicing(self, branch: Branch, kinds: tuple[str, ...], element: Element | None) -> Slicing | None:
        told = branch.told.get("slicing")
        if not branch.slices:
            if told and told.get("rules") == "closed":
                raise NotHonoured("closed slicing without slices")
            return None
        if told is None:
            told = _BY_URL if branch.name in _EXTENSIONS else _BY_TYPE if element and element.choice else {}
        named = {name: self._rule(one, kinds, None) for name, one in branch.slices.items()}
        rules = [replace(rule, name=f"{branch.name}:{name}") for name, rule in named.items()]
        return slicing(told, rules, self.conforms)

    def _profiles(self, told: Told) -> Iterator[str]:
        for one in told.get("type", ()):
            for canonical in one.get("profile", ()):
                if self.around.type_of(canonical) is not None:
                    yield canonical
                elif not canonical.startswith(CORE) or one["code"] == "Extension":
                    raise NotHonoured(f"it leans on a profile that is not known: {canonical}")

    def _targets(self, told: Told) -> tuple[frozenset[str], bool]:
        """The types that a reference may point at, and whether profiles are asked of what it points at."""
        canonicals = [url for one in told.get("type", ()) for url in one.get("targetProfile", ())]
        types = [self._target(canonical) for canonical in canonicals]
        unopened = any(not _is_core(canonical) for canonical in canonicals)
        if any(one is None or one == "Resource" for one in types):
            return frozenset(), unopened
        return frozenset(one for one in types if one is not None), unopened

    def _target(self, canonical: str) -> str | None:
        return canonical.removeprefix(CORE) if _is_core(canonical) else self.around.type_of(canonical)

    def _binding(self, told: Told, element: Element | None) -> Binding | None:
        binding = told.get("binding")
        if not binding or binding["strength"] not in ("required", "extensible") or "valueSet" not in binding:
            return None
        if any(one.get("url") == _MAX_VALUE_SET for one in binding.get("extension", ())):
            raise NotHonoured("a second, maximal value set")
        url = binding["valueSet"].partition("|")[0]
        if element is not None and (element.codes or "").partition("|")[0] == url:
            return None
        return Binding(binding["strength"], url, self.around.codes(url))


def _elements(kind: str) -> Mapping[str, Element]:
    """The elements of a type; what stands beside a primitive has those of any element."""
    found = MODEL.types.get(kind)
    return (found.elements if found is not None else {}) or MODEL.types["Element"].elements


def _is_core(canonical: str) -> bool:
    name = canonical.removeprefix(CORE)
    return canonical.startswith(CORE) and (name in MODEL.resources or name == "Resource")


def _narrowed(told: Told, kinds: tuple[str, ...]) -> tuple[str, ...]:
    """The types that stay; what names none of R4's (a backbone, a system type) narrows nothing."""
    codes = [one["code"] for one in told.get("type", ())]
    if kinds == ("Resource",):
        return tuple(code for code in codes if code in MODEL.resources) or kinds
    return tuple(kind for kind in kinds if kind in codes) or kinds


def _least(told: Told, element: Element | None) -> int:
    least: int = told.get("min", 0)
    return 0 if element is not None and least <= element.min else least


def _most(told: Told, element: Element | None) -> int | None:
    most = told.get("max", "*")
    if most == "*" or (element is not None and element.max is not None and int(most) >= element.max):
        return None
    return int(most)


def _of_any_type(told: Told, stem: str) -> Any:
    """``fixedUri``, ``patternCodeableConcept`` …"""
    return next((told[key] for key in told if key.startswith(stem) and key[len(stem) :][:1].isupper()), None)


def _constraints(told: Told, kinds: tuple[str, ...]) -> dict[str, tuple[Constraint, ...]]:
    given = told.get("constraint", ())
    made = {kind: [constraint(one, kind) for one in given] for kind in kinds} if given else {}
    found = {kind: tuple(one for one in each if one is not None) for kind, each in made.items()}
    return {kind: each for kind, each in found.items() if each}


def _choices_gathered(branch: Branch, kinds: tuple[str, ...]) -> list[Branch]:
    """The members, ``valueQuantity`` brought under ``value[x]`` as the slice of that type."""
    members = dict(branch.members)
    for name in branch.members:
        for kind in kinds:
            element, inner = (
                MODEL.json_names(kind).get(name, (None, "")) if kind in MODEL.types else (None, "")
            )
            if element is not None and element.choice:
                one = members.pop(name)
                stem = members.setdefault(
                    element.name, Branch(element.name, f"{branch.id}.{element.name}[x]")
                )
                told = {**one.told, "type": one.told.get("type") or [{"code": inner}]}
                stem.slices.setdefault(name, Branch(element.name, one.id, told, one.members, one.slices))
                break
    return list(members.values())
