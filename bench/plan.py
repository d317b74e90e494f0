"""How many patients a second one core of workers plans, and whether that holds as a record grows.

A new installation takes the bundles in; then one worker process of its own does the jobs, one after the
other, so that its CPU and its memory are a worker's and nobody else's. A job is all that a worker does: open
the record, facts, rules, resources, seal, commit with jobs and trail.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.bundles import generated
from bench.figures import quantile
from bench.inside import founded, post
from gateway.settings import Settings

BUDGET = 4_000
"""About so many resources of each size are taken in, so that sizes are measured alike."""


class NotPlanned(Exception):  # noqa: N818 - it reads as what happened
    """The worker that was measured did not do its jobs; the text says why."""


@dataclass(frozen=True, slots=True)
class Planned:
    """What the patients of one size took: CPU seconds of each job, and the worker's peak so far in bytes."""

    resources: int
    seconds: tuple[float, ...]
    peak_bytes: int

    @property
    def per_second(self) -> float:
        """Patients a second by one core, by the median job."""
        return 1 / quantile(self.seconds, 0.5)


def plans(sizes: Sequence[int], today: date, folder: Path | None) -> list[Planned]:
    """Measure each size, in an installation of its own. Raises ``NotAccepted`` or ``NotPlanned``."""
    return [_planned(size, today, folder) for size in sizes]


def _planned(size: int, today: date, folder: Path | None) -> Planned:
    with TemporaryDirectory(prefix="careloom-bench-", dir=folder) as home:
        settings = Settings.from_environ({"CARELOOM_DATA_DIR": home, "CARELOOM_RATE": "1000000"})
        gateway, headers = founded(settings)
        _worked(Path(home))  # Its knowledge is adopted while there is nobody to plan anew.
        for bundle in generated(max(3, min(40, BUDGET // size)), size, today):
            post(gateway, headers, bundle)
        return Planned(size, *_worked(Path(home)))


def growth(found: Sequence[Planned]) -> float:
    """What one resource of the largest record costs beside one of the smallest; 1 or less where linear."""
    ordered = sorted(found, key=lambda one: one.resources)
    first, last = ordered[0], ordered[-1]
    return (first.per_second * first.resources) / (last.per_second * last.resources)


def _worked(home: Path) -> tuple[tuple[float, ...], int]:
    """A worker process that does what is due and says what it took."""
    command = [sys.executable, "-m", "bench.planning"]
    ran = subprocess.run(command, env=_environ(home), capture_output=True, text=True, check=False)  # noqa: S603 - our own module
    if ran.returncode != 0:
        raise NotPlanned(ran.stderr.strip().splitlines()[-1] if ran.stderr else "no word of why")
    told = json.loads(ran.stdout.splitlines()[-1])
    return tuple(told["seconds"]), told["peak_bytes"]


def _environ(home: Path) -> Mapping[str, str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith("CARELOOM_")}
    return {**own, "CARELOOM_DATA_DIR": str(home)}
