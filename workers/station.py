"""What one worker process has at hand: the clinical side of custody, the knowledge, and a clock.

Opened once per process, after the fork, in this one place.
"""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from gateway.custody.opening import Clinic, open_clinic
from gateway.custody.settings import Storage
from mappers.concept_maps import ConceptMaps
from workers.engine import knowledge, limit, own_maps
from workers.engine.definitions import Knowledge

OVERRIDDEN = 70
PACKS = Path(__file__).parent / "knowledge"


@dataclass(frozen=True, slots=True)
class Station:
    """Everything that a task needs and does not make itself."""

    clinic: Clinic
    knowledge: Knowledge
    clock: Callable[[], int]
    """Microseconds since 1970 in UTC."""
    entropy: Callable[[int], bytes]
    most: int = limit.MOST
    """How many acts a plan asks for at once."""
    overridden: int = OVERRIDDEN
    """The share of proposals, in percent, above which a rule that clinicians decline says so."""


_open: dict[int, Station] = {}


@cache
def load_knowledge() -> Knowledge:
    """The knowledge packs, linted; raises ``KnowledgeRefused``."""
    return knowledge.load(PACKS)


def load_maps(environ: Mapping[str, str]) -> ConceptMaps:
    """The hospital's own ConceptMaps; raises ``KnowledgeRefused``."""
    storage = Storage.from_environ(environ)
    return own_maps.maps(storage.concept_maps_folder, storage.concept_maps is not None)


def microseconds() -> int:
    """The time."""
    return time.time_ns() // 1000


def open_here(environ: Mapping[str, str]) -> Station:
    """Open this process's station; what a parent opened is not used."""
    storage = Storage.from_environ(environ)
    known = own_maps.joined(load_knowledge(), load_maps(environ))
    most = int(environ.get("CARELOOM_PLAN_LIMIT") or limit.MOST)
    over = int(environ.get("CARELOOM_OVERRIDE_RATE") or OVERRIDDEN)
    _open[os.getpid()] = Station(open_clinic(storage), known, microseconds, secrets.token_bytes, most, over)
    return _open[os.getpid()]


def here() -> Station:
    """This process's station, opened now if it was not yet."""
    return _open.get(os.getpid()) or open_here(os.environ)
