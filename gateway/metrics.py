"""Counts for Prometheus: how many requests, how they ended, how long they took. Never whose they were.

Labels come from the route table and from status codes, so no request can add a series of its own. They stand
on the board that all gateway processes share, and whichever of them is asked answers for all.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping

from gateway.board import Board

_BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_MICRO = 1_000_000
_APART = "|"
_REQUESTS, _MICROSECONDS, _BUCKET, _RESTARTS = "requests", "microseconds", "bucket", "restarts"

_Sorted = list[tuple[tuple[str, ...], int]]


class Metrics:
    """Counters of one gateway process, ``number`` counted from 0, beside those of the others."""

    def __init__(self, board: Board | None = None, number: int = 0) -> None:
        self._board = board or Board.alone()
        self._place = self._board.gateways[number]

    @property
    def board(self) -> Board:
        """Where all count."""
        return self._board

    def count(self, interaction: str, status: int, seconds: float) -> None:
        """One request has been answered."""
        amounts = {
            f"{_REQUESTS}|{interaction}|{status}": 1,
            f"{_MICROSECONDS}|{interaction}": round(seconds * _MICRO),
            f"{_BUCKET}|{interaction}|{bisect_left(_BOUNDS, seconds)}": 1,
        }
        self._place.add(amounts, answered=1)

    def text(self) -> str:
        """All counts of all processes in Prometheus' text format."""
        counters = self._board.counters()
        lines = (*_request_lines(counters), *_duration_lines(counters), *_process_lines(self._board))
        return "\n".join([*lines, *_restart_lines(counters), ""])


def restarted(board: Board, number: int, reason: str) -> None:
    """Gateway process ``number`` was started again; ``reason``: it had ``ended`` by itself, or ``hung``."""
    board.keeper.add({f"{_RESTARTS}|{number + 1}|{reason}": 1})


def _of(counters: Mapping[str, int], kind: str) -> _Sorted:
    """The counters of one kind, by what stands behind it."""
    split = ((tuple(name.split(_APART)), count) for name, count in counters.items())
    return sorted((name[1:], count) for name, count in split if name[0] == kind)


def _request_lines(counters: Mapping[str, int]) -> Iterator[str]:
    yield "# HELP careloom_requests_total Requests that were answered."
    yield "# TYPE careloom_requests_total counter"
    for (interaction, status), count in _of(counters, _REQUESTS):
        yield f'careloom_requests_total{{interaction="{interaction}",status="{status}"}} {count}'


def _duration_lines(counters: Mapping[str, int]) -> Iterator[str]:
    name = "careloom_request_seconds"
    yield f"# HELP {name} Time from the request to its answer."
    yield f"# TYPE {name} histogram"
    for (interaction,), microseconds in _of(counters, _MICROSECONDS):
        label, total = f'interaction="{interaction}"', 0
        for at, bound in enumerate((*_BOUNDS, "+Inf")):
            total += counters.get(f"{_BUCKET}|{interaction}|{at}", 0)
            yield f'{name}_bucket{{{label},le="{bound}"}} {total}'
        yield f"{name}_sum{{{label}}} {microseconds / _MICRO:.6f}"
        yield f"{name}_count{{{label}}} {total}"


def _process_lines(board: Board) -> Iterator[str]:
    yield "# HELP careloom_gateway_serving Whether this gateway process takes connections."
    yield "# TYPE careloom_gateway_serving gauge"
    for number, place in enumerate(board.gateways, 1):
        yield f'careloom_gateway_serving{{gateway="{number}"}} {int(place.serving)}'
    yield "# HELP careloom_gateway_connections Connections that this gateway process holds open."
    yield "# TYPE careloom_gateway_connections gauge"
    for number, place in enumerate(board.gateways, 1):
        yield f'careloom_gateway_connections{{gateway="{number}"}} {place.connections}'


def _restart_lines(counters: Mapping[str, int]) -> Iterator[str]:
    yield "# HELP careloom_gateway_restarts_total Times that a gateway process was started again."
    yield "# TYPE careloom_gateway_restarts_total counter"
    for (number, reason), count in _of(counters, _RESTARTS):
        yield f'careloom_gateway_restarts_total{{gateway="{number}",reason="{reason}"}} {count}'
