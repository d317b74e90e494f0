"""What the bench found, as values: measured in one place, printed in another."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Floor:
    """The plain single-file floor on the same bundles."""

    resources: int
    seconds: float
    cpu_seconds: float
    bytes: int

    @property
    def per_second(self) -> float:
        return self.resources / self.seconds


@dataclass(frozen=True, slots=True)
class Pushed:
    """One bundle as the pushing process saw it: when it was sent and answered, on one clock."""

    resources: int
    sent: float
    answered: float

    @property
    def seconds(self) -> float:
        return self.answered - self.sent


@dataclass(frozen=True, slots=True)
class Usage:
    """What one process had used at a moment."""

    cpu_seconds: float
    peak_bytes: int


@dataclass(frozen=True, slots=True)
class Stored:
    """What lies on disk in the end, plans and trail included, for how many resources that were sent."""

    bytes: int
    resources: int


@dataclass(frozen=True, slots=True)
class Ingest:
    """One run of ``careloom bench ingest``."""

    bundles: int
    connections: int
    resources: int
    seconds: float
    latencies: tuple[float, ...]
    gateway: Usage
    stored: Stored
    stages: Mapping[str, float]
    """CPU seconds per resource, by stage."""
    plan_seconds: tuple[float, ...]
    """From a bundle's answer to its patient's plan, on an otherwise idle system."""
    floor: Floor

    @property
    def per_second(self) -> float:
        return self.resources / self.seconds

    @property
    def cpu_per_resource(self) -> float:
        return self.gateway.cpu_seconds / self.resources

    @property
    def bytes_per_resource(self) -> float:
        return self.stored.bytes / self.stored.resources


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which this share lies; the nearest rank, so that it is one that was measured."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * share) - 1)]
