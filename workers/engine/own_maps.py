"""The hospital's own ConceptMaps, read from a folder at start: by workers and by the gateway.

They are the deployment's, as profiles are: they name nobody and belong to no tenant. A fault in any of them
refuses all, with each fault named, because half a map would make "not known" look like "not there".
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from mappers.concept_maps import Compiled, ConceptMaps, compiled
from mappers.lossless import NotJson, loads
from workers.engine.definitions import Knowledge
from workers.engine.knowledge import KnowledgeRefused


class MapsRefused(KnowledgeRefused):
    """ConceptMaps cannot be honoured; each fault is named."""


def files(place: Path) -> tuple[Path, ...]:
    """The files of a folder in their order; none where there is no folder."""
    return tuple(sorted(place.glob("*.json")))


def maps(place: Path, needed: bool = False) -> ConceptMaps:
    """All maps of a folder, which must be there where it is ``needed``. Raises ``MapsRefused``."""
    if needed and not place.is_dir():
        raise MapsRefused(["CARELOOM_CONCEPT_MAPS names no folder: make it, or leave the setting out."])
    return linted(files(place)).maps


def linted(paths: Iterable[Path]) -> Compiled:
    """The maps of some files with what is worth a look. Raises ``MapsRefused`` with every fault."""
    faults: list[str] = []
    found = compiled([one for path in paths for one in _resources(path, faults)])
    if faults or found.faults:
        raise MapsRefused([*faults, *found.faults])
    return found


def joined(knowledge: Knowledge, own: ConceptMaps) -> Knowledge:
    """Knowledge with the maps in force; plans are made anew when either changes."""
    if not own.digest:
        return knowledge
    digest = sha256(f"{knowledge.digest} {own.digest}".encode()).hexdigest()
    return replace(knowledge, maps=own, digest=digest)


def _resources(path: Path, faults: list[str]) -> list[dict[str, Any]]:
    try:
        told = loads(path.read_bytes())
    except (NotJson, OSError) as error:
        faults.append(f"{path.name}: cannot be read as JSON ({type(error).__name__}).")
        return []
    bundle = isinstance(told, dict) and told.get("resourceType") == "Bundle"
    held = [one.get("resource") for one in told.get("entry", ())] if bundle else [told]
    found = [one for one in held if isinstance(one, dict) and one.get("resourceType") == "ConceptMap"]
    if not found:
        faults.append(f"{path.name}: holds no ConceptMap.")
    return found
