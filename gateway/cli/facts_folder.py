"""A folder of FHIR files as the workers would see it: split by the policy, and each patient's own together.

A bundle is a world of its own, and so are the files that hold single resources, taken together. Nothing is
stored; the pseudonyms are of a key that is gone when the command ends.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import msgspec

from gateway.custody.ids import StoredId, pseudonym
from gateway.privacy.policy import Policy
from gateway.privacy.split import split
from mappers import lossless
from mappers.concept_maps import NO_MAPS, ConceptMaps
from mappers.facts import Facts
from mappers.fhir_to_facts import Opened, facts
from mappers.fhir_to_facts.account import Account, account, aside, total
from mappers.r4.compartment import patients
from mappers.r4.model import MODEL
from mappers.r4.references import rewrite

SHARED = "Medication"
"""The one type that no patient has and that others name: which drug it is."""
NOBODYS, NO_HALF, UNKNOWN = "belongs to no patient", "has no clinical half", "(no type of R4)"
KEY_BYTES, ID_BYTES = 32, 16

Resource = dict[str, Any]
Reader = Callable[[list[Opened], str], Facts]


@dataclass(slots=True)
class Folder:
    """What was found: accounts by type, how many patients, and how many files that are no FHIR."""

    accounts: tuple[Account, ...] = ()
    patients: int = 0
    no_fhir: int = 0


@dataclass(slots=True)
class _World:
    """The halves of resources that can point at one another, by patient."""

    charts: dict[str, list[Opened]] = field(default_factory=lambda: defaultdict(list))
    shared: dict[str, Opened] = field(default_factory=dict)
    accounts: list[Account] = field(default_factory=list)


def report(folder: Path, policy: Policy, as_of: date, maps: ConceptMaps = NO_MAPS) -> Folder:
    """What every resource in the JSON files of a folder becomes; numbers and our own words only."""
    found, loose, name = Folder(), list[Resource](), _names()

    def reader(chart: list[Opened], subject: str) -> Facts:
        return facts(chart, as_of, subject, maps)

    accounts: list[Account] = []
    for path in sorted(folder.rglob("*.json")):
        content = _content(path)
        if content is None:
            found.no_fhir += 1
        elif content["resourceType"] == "Bundle":
            accounts += _of_world(_settled(content), policy, name, reader, found)
        else:
            loose.append(content)
    accounts += _of_world(loose, policy, name, reader, found)
    found.accounts = total(accounts)
    return found


def _content(path: Path) -> Resource | None:
    """The resource in a file, or None where it holds none."""
    try:
        content = lossless.loads(path.read_bytes())
    except (OSError, ValueError, msgspec.MsgspecError):
        return None
    return content if isinstance(content, dict) and isinstance(content.get("resourceType"), str) else None


def _settled(bundle: Resource) -> list[Resource]:
    """The resources of a bundle, which point at one another by type and id."""
    entries = [entry for entry in bundle.get("entry", ()) if isinstance(entry.get("resource"), dict)]
    named = [_named(entry["resource"], number) for number, entry in enumerate(entries)]
    ids = {
        entry.get("fullUrl", number): f"{one.get('resourceType')}/{one['id']}"
        for number, (entry, one) in enumerate(zip(entries, named, strict=True))
    }
    return [rewrite(one, lambda text: ids.get(text, text)) for one in named]


def _named(resource: Resource, number: int) -> Resource:
    return resource if "id" in resource else {**resource, "id": f"r{number}"}


def _of_world(
    resources: Sequence[Resource],
    policy: Policy,
    name: Callable[[str, str], str],
    reader: Reader,
    found: Folder,
) -> Iterator[Account]:
    world = _World()
    for number, resource in enumerate(resources):
        _place(_named(resource, number), policy, name, world)
    yield from world.accounts
    used: set[str] = set()
    for subject, chart in sorted(world.charts.items()):
        found.patients += 1
        beside = [world.shared[one] for one in _drugs(chart) if one in world.shared]
        first = [one for one in beside if one.local not in used]
        used |= {one.local for one in beside}
        yield from account([*chart, *first], reader([*chart, *beside], subject))
    yield from (aside(SHARED, NOBODYS) for one in world.shared if one not in used)


def _place(resource: Resource, policy: Policy, name: Callable[[str, str], str], world: _World) -> None:
    kind = resource.get("resourceType")
    if kind not in MODEL.resources:
        world.accounts.append(aside(UNKNOWN, NO_HALF))
        return
    clinical = split(resource, policy, name).clinical
    if clinical is None:
        world.accounts.append(aside(kind, NO_HALF))
        return
    opened = Opened(f"{kind}/{clinical['id']}/_history/1", clinical)
    whose = min(patients(clinical), default=None)
    if whose is not None:
        world.charts[whose].append(opened)
    elif kind == SHARED:
        world.shared[opened.local] = opened
    else:
        world.accounts.append(aside(kind, NOBODYS))


def _drugs(chart: Sequence[Opened]) -> list[str]:
    """The Medications that a chart names, each once."""
    named = ((one.body.get("medicationReference") or {}).get("reference", "") for one in chart)
    return sorted({one for one in named if one})


def _names() -> Callable[[str, str], str]:
    key = os.urandom(KEY_BYTES)

    def name(kind: str, text: str) -> str:
        return pseudonym(StoredId(hmac.digest(key, f"{kind}\0{text}".encode(), hashlib.sha256)[:ID_BYTES]))

    return name
