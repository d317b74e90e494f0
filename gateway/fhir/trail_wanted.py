"""What a search of the trail wants of its answer: the order of events, and how exactly they are counted.

Events are kept in the order of their times, so time is the one order that there is; every other is refused.
"""

from __future__ import annotations

from dataclasses import dataclass

from gateway.fhir.asked import Parameters
from gateway.fhir.outcome import turned_away
from gateway.fhir.parameters import take
from gateway.refusal import Kind

SORT, TOTAL = "_sort", "_total"
NONE, ESTIMATE, ACCURATE = "none", "estimate", "accurate"
_ORDERS = {"-date": False, "-_lastUpdated": False, "date": True, "_lastUpdated": True}
"""Whether the oldest come first. An event is written once, so both names mean its time."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """``total``: ``None`` counts as far as that costs little."""

    oldest_first: bool = False
    total: str | None = None


def take_wanted(parameters: Parameters) -> tuple[Wanted, Parameters]:
    """What is wanted, and the other parameters. Raises ``Refused``."""
    sort, rest = take(parameters, SORT)
    total, rest = take(rest, TOTAL)
    if sort is not None and sort not in _ORDERS:
        told = f"Events come by time: _sort is one of {', '.join(_ORDERS)}."
        raise turned_away(Kind.MALFORMED, "not-supported", told)
    if total not in (None, NONE, ESTIMATE, ACCURATE):
        raise turned_away(Kind.MALFORMED, "value", "_total is none, estimate or accurate.")
    return Wanted(_ORDERS.get(sort or "", False), total), rest
