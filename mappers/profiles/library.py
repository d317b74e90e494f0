"""The profiles that are known, and resources held to them. Each is compiled when it is first asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from mappers.lossless import Json
from mappers.profiles.checking import Check
from mappers.profiles.compiling import CORE, Compiler
from mappers.profiles.elements import Told, merged, tree
from mappers.profiles.extensions import contexts, places
from mappers.profiles.rules import ERROR, INFORMATION, Codes, Finding, Item, NotHonoured, Rule
from mappers.profiles.untold import untold
from mappers.profiles.valuesets import ValueSets
from mappers.r4.expressions import root_of
from mappers.r4.model import MODEL

Definition: TypeAlias = Mapping[str, Any]
"""A StructureDefinition as JSON."""

_R4 = "4.0"
_ABSTRACT = frozenset({"Resource", "DomainResource", "Element"})


@dataclass(frozen=True, slots=True)
class Profile:
    """What is known of a profile without compiling it."""

    url: str
    version: str
    type: str
    title: str

    @property
    def canonical(self) -> str:
        return f"{self.url}|{self.version}" if self.version else self.url


@dataclass(frozen=True, slots=True)
class _Compiled:
    profile: Profile
    rule: Rule
    contexts: frozenset[str]


class Library:
    """Profiles by canonical. Of two definitions of one canonical the later counts."""

    def __init__(self, resources: Iterable[Mapping[str, Any]]) -> None:
        given = list(resources)
        definitions = [one for one in given if one.get("resourceType") == "StructureDefinition"]
        self._definitions: dict[str, Definition] = {one["url"]: one for one in definitions}
        self._valuesets = ValueSets(given)
        self._compiled: dict[str, _Compiled] = {}

    def profiles(self) -> tuple[Profile, ...]:
        """Every profile of a resource type, by canonical; extensions and data types are met within them."""
        known = [_profile(one) for _, one in sorted(self._definitions.items())]
        return tuple(one for one in known if one.type in MODEL.resources)

    def find(self, canonical: str) -> Profile | None:
        """The profile of a canonical, if it is known in this version."""
        url, _, version = canonical.partition("|")
        told = self._definitions.get(url)
        found = _profile(told) if told is not None else None
        return found if found is not None and version in ("", found.version) else None

    def refusals(self, urls: Iterable[str] | None = None) -> list[str]:
        """Why definitions, these or all, cannot be honoured, one line each; empty when they can."""
        faults = []
        for url in sorted(self._definitions if urls is None else urls):
            try:
                self._of(url)
            except NotHonoured as why:
                faults.append(f"{url}: {why}")
        return faults

    def check(self, resource: Mapping[str, Json], canonical: str, root: str = "") -> list[Finding]:
        """Everything that the profile has to say of the resource; ``root`` stands before each expression.

        Raises ``NotHonoured`` for a profile that is not known.
        """
        compiled = self._of(canonical.partition("|")[0])
        kind = compiled.profile.type
        if resource.get("resourceType") != kind:
            text = f"{compiled.profile.title} is a profile of {kind}, which this resource is not."
            return [Finding(ERROR, "structure", text, root or root_of(resource))]
        root = root or kind
        check = Check(compiled.profile.title, resource, lambda url, item, path: self._inner(url, item, path))
        check.item(compiled.rule, Item("", kind, resource), root)
        check.found += self._extensions(resource, root)
        if check.unopened:
            check.found.append(Finding(INFORMATION, "informational", _UNOPENED, root))
        return list(dict.fromkeys(check.found))

    def untold(self, url: str) -> list[str]:
        """What the profile asks that cannot be told here, by element; raises ``NotHonoured``."""
        compiled = self._of(url)
        return list(untold(compiled.rule, compiled.profile.type))

    # --- for the compiler ----------------------------------------------------------------------------------

    def type_of(self, canonical: str) -> str | None:
        """The type that a known profile is of."""
        told = self._definitions.get(canonical.partition("|")[0])
        return told["type"] if told is not None else None

    def codes(self, canonical: str) -> Codes | None:
        """The codes of a value set, where they are listed."""
        return self._valuesets.codes(canonical)

    # --- compiling -----------------------------------------------------------------------------------------

    def _of(self, url: str) -> _Compiled:
        found = self._compiled.get(url)
        if found is None:
            found = self._compiled[url] = self._made(url)
        return found

    def _made(self, url: str) -> _Compiled:
        told = self._definitions.get(url)
        if told is None:
            raise NotHonoured("it is not known")
        branch = tree(self._elements(told, ()))
        rule = Compiler(self, self._conforms).root(branch, told["type"])
        return _Compiled(_profile(told), rule, contexts(told))

    def _elements(self, told: Definition, seen: tuple[str, ...]) -> list[Told]:
        """The elements of a profile upon those of its bases, down to R4's own."""
        _refuse_form(told)
        base = told["baseDefinition"].partition("|")[0]
        under = self._definitions.get(base)
        if base == CORE + told["type"]:
            return merged((), _own(told))
        if under is not None and base not in seen and under.get("type") == told["type"]:
            return merged(self._elements(under, (*seen, told["url"])), _own(told))
        if "snapshot" in told:
            return merged((), told["snapshot"]["element"])
        raise NotHonoured(f"its base is not known: {base}")

    # --- data types and extensions -------------------------------------------------------------------------

    def _conforms(self, canonical: str, item: Item) -> bool:
        return all(one.severity != ERROR for one in self._inner(canonical, item, "", whole=True))

    def _inner(self, canonical: str, item: Item, path: str, whole: bool = False) -> list[Finding]:
        """What a data type's profile says. Extensions are found on their own (``whole``: here too)."""
        compiled = self._of(canonical.partition("|")[0])
        if not whole and compiled.profile.type == "Extension":
            return []
        held = Check(
            compiled.profile.title, item.value, lambda url, one, at: self._inner(url, one, at, whole)
        )
        held.item(compiled.rule, item, path)
        return held.found

    def _extensions(self, resource: Json, root: str) -> Iterator[Finding]:
        for place in places(resource, root, lambda url: self.type_of(url) == "Extension"):
            compiled = self._of(place.item.value["url"])
            yield from self._inner(compiled.profile.url, place.item, place.path, whole=True)
            if compiled.contexts and compiled.contexts.isdisjoint(place.on):
                where = ", ".join(sorted(compiled.contexts))
                text = f"{compiled.profile.title} may stand only on {where}."
                yield Finding(ERROR, "structure", text, place.path)


_UNOPENED = (
    "What is referred to was not looked up: whether it conforms to the profiles asked of it is not told."
)


def _profile(told: Definition) -> Profile:
    return Profile(told["url"], told.get("version", ""), told["type"], told.get("title") or told["name"])


def _own(told: Definition) -> Iterable[Told]:
    found: Iterable[Told] = told.get("differential", told.get("snapshot", {})).get("element", ())
    return found


def _refuse_form(told: Definition) -> None:
    if not str(told.get("fhirVersion", _R4)).startswith(_R4):
        raise NotHonoured("it is of another version of FHIR")
    if told.get("derivation") != "constraint" or told["type"] not in MODEL.types or told["type"] in _ABSTRACT:
        raise NotHonoured("it is no constraint on a resource, a data type or Extension of R4")
    if not _own(told):
        raise NotHonoured("it has neither differential nor snapshot")
