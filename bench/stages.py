"""Where a resource's CPU time goes, told by whose code is running.

A timer interrupts this process every few milliseconds of CPU time; the innermost frame that lies in a module
of a stage says which stage was at work. Nothing in the product knows of it: what is measured is what runs.
"""

from __future__ import annotations

import signal
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

ROOT = Path(__file__).resolve().parent.parent
INTERVAL = 0.002
REST = "other"

VALIDATION = ("validate", "conditions", "shapes", "primitives", "terms", "narrative", "faults")

STAGES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("parse and write JSON", ("mappers/lossless",)),
    ("search rows", ("mappers/r4/search",)),
    ("validate", tuple(f"mappers/r4/{name}" for name in VALIDATION)),
    ("references", ("mappers/r4/references", "mappers/r4/compartment")),
    ("split", ("gateway/privacy/",)),
    (
        "seal",
        (
            "gateway/custody/cipher",
            "gateway/custody/key",
            "gateway/custody/roots",
        ),
    ),
    ("identity side", ("gateway/custody/identity/",)),
    ("audit", ("gateway/custody/audit", "gateway/custody/merkle", "gateway/trace")),
    ("store", ("gateway/custody/",)),
    ("use case", ("gateway/intake",)),
    ("edge", ("gateway/fhir/", "gateway/auth/")),
)
"""Name of a stage and where its code lies; the first that fits counts."""


@contextmanager
def sampled() -> Iterator[dict[str, float]]:
    """CPU seconds of this thread by stage, complete when the block ends."""
    spent: dict[str, float] = defaultdict(float)
    last = time.process_time()

    def tick(_signal: int, frame: FrameType | None) -> None:
        # One long call into C gets one tick for many intervals: the time since the last one is its weight.
        nonlocal last
        now = time.process_time()
        spent[_stage(frame)] += now - last
        last = now

    before = signal.signal(signal.SIGPROF, tick)
    signal.setitimer(signal.ITIMER_PROF, INTERVAL, INTERVAL)
    try:
        yield spent
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def per_resource(spent: Mapping[str, float], resources: int) -> dict[str, float]:
    """The stages in the order in which a bundle meets them, each for one resource."""
    names = [name for name, _ in STAGES] + [REST]
    return {name: spent[name] / resources for name in names if spent.get(name)}


def _stage(frame: FrameType | None) -> str:
    while frame is not None:
        stage = _STAGE_OF.get(frame.f_code.co_filename)
        if stage is None:
            stage = _STAGE_OF[frame.f_code.co_filename] = _stage_of_file(frame.f_code.co_filename)
        if stage:
            return stage
        frame = frame.f_back
    return REST


_STAGE_OF: dict[str, str] = {}


def _stage_of_file(name: str) -> str:
    if not name.startswith(f"{ROOT}/"):
        return ""
    inside = name.removeprefix(f"{ROOT}/")
    return next((stage for stage, places in STAGES if inside.startswith(places)), "")
