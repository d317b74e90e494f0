"""The profiles that this deployment knows: those that ship, and those that its operator put into a folder.

They are conformance data: they name nobody, belong to no tenant, and are neither sealed nor taken over HTTP.
A file that cannot be honoured stops the start by name, because a profile that is half checked would say yes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeAlias

from gateway.refusal import Issue
from mappers import lossless
from mappers.profiles.library import Library, Profile
from mappers.profiles.rules import ERROR
from mappers.r4 import validate

Brought: TypeAlias = tuple[dict[str, Any], ...]
"""Conformance resources as JSON."""

TAKEN = ("StructureDefinition", "ValueSet", "CodeSystem")
_NEEDED = {"StructureDefinition": ("url", "name", "type", "derivation", "baseDefinition")}


class ProfilesRefused(Exception):  # noqa: N818 - it reads as what happened
    """Profiles cannot be honoured; the text names each fault."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__(" ".join(faults))
        self.faults = tuple(faults)


@cache
def shipped() -> Brought:
    """What comes with the product: US Core's, as far as ``docs/profiles.md`` says."""
    return _resources(files("mappers.profiles").joinpath("us_core.json").read_bytes())


def read(file: Path) -> Brought:
    """The conformance resources of one file; raises ``ProfilesRefused`` when it is none or no valid R4."""
    try:
        found = _resources(file.read_bytes())
    except OSError as error:
        raise ProfilesRefused([f"{file.name} cannot be read: {error.strerror}."]) from None
    except lossless.NotJson as error:
        raise ProfilesRefused([f"{file.name}: {error}."]) from None
    faults = [fault for one in found for fault in _faults(one)]
    if faults or not found:
        raise ProfilesRefused([f"{file.name}: {fault}" for fault in faults or ["it holds nothing to add."]])
    return found


def brought(folder: Path, needed: bool = False) -> tuple[Path, ...]:
    """The files of a folder in their order; ``needed``: that it is not there is an error."""
    if needed and not folder.is_dir():
        raise ProfilesRefused(["CARELOOM_PROFILES names no folder: make it, or leave the setting out."])
    return tuple(sorted(folder.glob("*.json"))) if folder.is_dir() else ()


def library(paths: Iterable[Path]) -> Library:
    """What ships, compiled when it is asked, and what these files bring, compiled at once."""
    added = tuple(one for path in paths for one in read(path))
    found = Library((*shipped(), *added))
    faults = found.refusals(one["url"] for one in added if one["resourceType"] == "StructureDefinition")
    if faults:
        raise ProfilesRefused(faults)
    return found


def _resources(content: bytes) -> Brought:
    told = lossless.loads(content)
    held = [one.get("resource") for one in told.get("entry", ())] if _is(told, "Bundle") else [told]
    # A narrative says nothing that is checked, and would lie in memory for nothing.
    kept = [{k: v for k, v in one.items() if k != "text"} for one in held if _is(one, *TAKEN)]
    return tuple(kept)


def _is(value: Any, *types: str) -> bool:
    return isinstance(value, dict) and value.get("resourceType") in types


def _faults(resource: dict[str, Any]) -> list[str]:
    found = [f"{one.expression}: {one.text}." for one in validate.problems(resource)]
    absent = [name for name in _NEEDED.get(resource["resourceType"], ("url",)) if name not in resource]
    return found + [f"{resource['resourceType']}.{name} is missing." for name in absent]


# --- at writes -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Enforced:
    """Profiles that resources of their types must conform to, one of them, to be stored."""

    library: Library
    of_type: Mapping[str, tuple[Profile, ...]]

    def faults(self, resource: Mapping[str, Any], root: str) -> list[Issue]:
        """Why a resource conforms to none of its type's; those of the profile that it misses by least."""
        told = [
            [one for one in self.library.check(resource, profile.url, root) if one.severity == ERROR]
            for profile in self.of_type.get(str(resource.get("resourceType")), ())
        ]
        return [Issue(one.code, one.text, one.expression) for one in min(told, key=len, default=[])]


def enforced(known: Library, canonicals: Sequence[str]) -> Enforced | None:
    """What the setting asks of writes, or None. Raises ``ProfilesRefused`` for what is not known."""
    found = {canonical: known.find(canonical) for canonical in canonicals}
    unknown = [name for name, profile in found.items() if profile is None or profile not in known.profiles()]
    if unknown:
        faults = [f"CARELOOM_PROFILES_ENFORCED names a profile that is not known: {one}." for one in unknown]
        raise ProfilesRefused(faults)
    profiles = [profile for profile in found.values() if profile is not None]
    if not profiles:
        return None
    faults = known.refusals(profile.url for profile in profiles)
    if faults:
        raise ProfilesRefused(faults)
    types = {profile.type for profile in profiles}
    return Enforced(known, {kind: tuple(one for one in profiles if one.type == kind) for kind in types})
