"""The figures of ``careloom bench audit``, for people and for programs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.audit import Appended, Sized
from bench.audit_share import Ran, Share
from bench.figures import quantile

THOUSAND, MILLION = 1_000, 1_000_000


def audit_as_json(found: Sequence[Sized], share: Share | None) -> dict[str, Any]:
    """Everything measured, in SI units and bytes."""
    told: dict[str, Any] = {"sizes": [_sized(one) for one in found]}
    if share is not None:
        told["audited"], told["bare"] = _ran(share.audited), _ran(share.bare)
        told["share_of_ingest"], told["seconds_of_a_read"] = share.of_ingest, share.of_read
    return told


def _sized(one: Sized) -> dict[str, Any]:
    return {
        "events": one.events,
        "filled_per_second": round(one.filled_per_second, 1),
        "append_seconds_per_event": {"batch": _appended(one.bundles), "single": _appended(one.singles)},
        "verified_per_second": round(one.verified_per_second, 1),
        "exported_per_second": round(one.exported_per_second, 1),
        "bytes_per_event": round(one.bytes_per_event, 1),
        "search": [
            {"question": q.question, "total": q.total, "seconds": {"p50": q.p50, "p95": q.p95}}
            for q in one.answered
        ],
        "search_seconds": {"p95": worst(one)},
    }


def _appended(one: Appended) -> dict[str, float]:
    return {"whole": one.whole, "beyond_insert": one.beyond, "insert": one.insert}


def _ran(one: Ran) -> dict[str, float]:
    return {"resources_per_second": round(one.per_second, 1), "read_p50_seconds": one.read}


def worst(one: Sized) -> float:
    """The slowest question's p95, in seconds."""
    return max(answer.p95 for answer in one.answered)


def show_audit(found: Sequence[Sized], share: Share | None, console: Console) -> None:
    """The slopes, the questions at the largest size, and the share."""
    console.print(_slopes(found))
    console.print(_questions(found[-1]))
    if share is not None:
        console.print(_share(share))


def _slopes(found: Sequence[Sized]) -> Table:
    table = _table("the trail as it grows", ("events", *(f"{one.events:,}" for one in found)))
    for name, figure in _FIGURES.items():
        table.add_row(name, *(figure(one) for one in found))
    return table


_FIGURES: Mapping[str, Callable[[Sized], str]] = {
    "filled, events/s": lambda one: f"{one.filled_per_second:,.0f}",
    "append in a batch, beyond the insert, µs": lambda one: f"{one.bundles.beyond * MILLION:.1f}",
    "insert in a batch, µs": lambda one: f"{one.bundles.insert * MILLION:.1f}",
    "append of one, with commit, ms": lambda one: f"{one.singles.whole * THOUSAND:.2f}",
    "verified, events/s": lambda one: f"{one.verified_per_second:,.0f}",
    "exported, events/s": lambda one: f"{one.exported_per_second:,.0f}",
    "bytes per event": lambda one: f"{one.bytes_per_event:,.0f}",
    "search p95, all questions, ms": lambda one: f"{_of_all(one, 0.95) * THOUSAND:.0f}",
    "search p95, slowest question, ms": lambda one: f"{worst(one) * THOUSAND:.0f}",
}


def _of_all(one: Sized, share: float) -> float:
    return quantile([seconds for answer in one.answered for seconds in answer.seconds], share)


def _questions(one: Sized) -> Table:
    table = _table(f"searches among {one.events:,} events", ("question", "total", "p50 ms", "p95 ms"))
    for answer in one.answered:
        times = (f"{seconds * THOUSAND:.0f}" for seconds in (answer.p50, answer.p95))
        table.add_row(answer.question, "many" if answer.total is None else f"{answer.total:,}", *times)
    return table


def _share(share: Share) -> Table:
    table = _table("with the trail and without", ("", "with", "without", "the trail's share"))
    rates = (f"{run.per_second:,.0f}" for run in (share.audited, share.bare))
    table.add_row("resources per second", *rates, f"{share.of_ingest:.1%}")
    reads = (f"{run.read * THOUSAND:.2f}" for run in (share.audited, share.bare))
    table.add_row("read p50, ms", *reads, f"{share.of_read * THOUSAND:.2f} ms")
    return table


def _table(title: str, heads: Sequence[str]) -> Table:
    table = Table(title=title)
    for place, head in enumerate(heads):
        table.add_column(head, no_wrap=True, justify="right" if place else "left")
    return table
