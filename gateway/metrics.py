"""Counts for Prometheus: how many requests, how they ended, how long they took. Never whose they were.

Labels come from the route table and from status codes, so no request can add a series of its own.
"""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator

_BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """Counters of one process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: Counter[tuple[str, int]] = Counter()
        self._seconds: defaultdict[str, float] = defaultdict(float)
        self._buckets: defaultdict[str, list[int]] = defaultdict(lambda: [0] * (len(_BOUNDS) + 1))

    def count(self, interaction: str, status: int, seconds: float) -> None:
        """One request has been answered."""
        with self._lock:
            self._requests[interaction, status] += 1
            self._seconds[interaction] += seconds
            self._buckets[interaction][bisect_left(_BOUNDS, seconds)] += 1

    def text(self) -> str:
        """All counts in Prometheus' text format."""
        with self._lock:
            return "\n".join([*self._request_lines(), *self._duration_lines(), ""])

    def _request_lines(self) -> Iterator[str]:
        yield "# HELP careloom_requests_total Requests that were answered."
        yield "# TYPE careloom_requests_total counter"
        for (interaction, status), count in sorted(self._requests.items()):
            yield f'careloom_requests_total{{interaction="{interaction}",status="{status}"}} {count}'

    def _duration_lines(self) -> Iterator[str]:
        name = "careloom_request_seconds"
        yield f"# HELP {name} Time from the request to its answer."
        yield f"# TYPE {name} histogram"
        for interaction, buckets in sorted(self._buckets.items()):
            label, total = f'interaction="{interaction}"', 0
            for bound, count in zip((*_BOUNDS, "+Inf"), buckets, strict=True):
                total += count
                yield f'{name}_bucket{{{label},le="{bound}"}} {total}'
            yield f"{name}_sum{{{label}}} {self._seconds[interaction]:.6f}"
            yield f"{name}_count{{{label}}} {total}"
