"""Times in parameters: a FHIR date or instant as the stretch of microseconds that it means."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from gateway.fhir.asked import Parameters
from gateway.fhir.outcome import TurnedAway, turned_away
from gateway.fhir.parameters import take
from gateway.refusal import Kind
from mappers.r4.dates import stretch

_NO_TIME = timedelta()
_MILLISECOND = 1_000


def period(name: str, text: str) -> tuple[int, int]:
    """The first microsecond that a text means, and the first that it no longer does."""
    try:
        # A plus sign that was not escaped arrives as a space.
        found = stretch(text.replace(" ", "+"))
        if found is None:
            raise _refused(name)
        start, end = (_micros(wall - (found.zone or _NO_TIME)) for wall in (found.start, found.end))
    except OverflowError:
        raise _refused(name) from None
    # What we show of an instant ends at the millisecond.
    return start, max(end, start + _MILLISECOND)


def take_times(parameters: Parameters) -> tuple[int, tuple[int, int] | None, Parameters]:
    """``_since`` and ``_at`` of a history, and the other parameters."""
    since, rest = take(parameters, "_since")
    at, rest = take(rest, "_at")
    start = 0 if since is None else period("_since", since)[0]
    return start, None if at is None else period("_at", at), rest


def _micros(moment: datetime) -> int:
    return (moment.replace(tzinfo=UTC) - datetime.fromtimestamp(0, UTC)) // timedelta(microseconds=1)


def _refused(name: str) -> TurnedAway:
    return turned_away(
        Kind.MALFORMED, "value", f"{name} must be a FHIR date or instant, such as 2026-01-31T08:00:00Z."
    )
