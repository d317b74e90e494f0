"""How far those are who are handed copies of the trail: for ``readyz``, for Prometheus and for people.

It is read from the database, by whoever asks: a courier that hands nothing on cannot say so itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gateway.copies import Copies
from gateway.custody import receivers
from gateway.custody.database import Database
from gateway.custody.jobs import SECOND
from gateway.custody.receivers import Standing

OK, LATE = "ok", "late"

_GAUGES = {
    "careloom_trail_waiting_events": "Events that this receiver has not confirmed.",
    "careloom_trail_waiting_seconds": "Age of the oldest event that this receiver has not confirmed.",
    "careloom_trail_answered_timestamp_seconds": "When this receiver last confirmed something.",
}


def standings(database: Database, copies: Copies, now: int) -> list[Standing]:
    """Every receiver that is configured. Raises a ``CustodyError`` when the database does not answer."""
    with database.read() as conn:
        return [receivers.standing(conn, name, logs, now) for name, logs in copies.receivers().items()]


def states(found: Sequence[Standing], copies: Copies) -> dict[str, str]:
    """In a word, by receiver: one that is late has been waiting longer than the settings allow."""
    return {one.name: LATE if one.late(copies.late_seconds) else OK for one in found}


def lines(found: Sequence[Standing]) -> Iterator[str]:
    """In Prometheus' text format."""
    for gauge, what in _GAUGES.items():
        if found:
            yield f"# HELP {gauge} {what}"
            yield f"# TYPE {gauge} gauge"
        for one in found:
            value = _values(one)[gauge]
            if value is not None:
                yield f'{gauge}{{receiver="{_label(one.name)}"}} {value}'


def _values(one: Standing) -> dict[str, int | None]:
    answered = None if one.answered is None else one.answered // SECOND
    return dict(zip(_GAUGES, (one.events, one.seconds, answered), strict=True))


def _label(name: str) -> str:
    return name.replace("\\", r"\\").replace('"', r"\"")
