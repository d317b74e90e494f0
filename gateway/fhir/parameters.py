"""Parameters are honoured or refused, never dropped: a filter that is ignored gives out too much."""

from __future__ import annotations

from gateway.fhir.asked import Parameters
from gateway.fhir.outcome import turned_away
from gateway.refusal import Kind

DEFAULT_COUNT = 50
MOST = 1_000


def refuse_any(parameters: Parameters) -> None:
    """For interactions that have no parameters of their own."""
    if parameters:
        raise turned_away(
            Kind.MALFORMED, "not-supported", "This interaction takes no parameters but _format and _pretty."
        )


def take(parameters: Parameters, name: str) -> tuple[str | None, Parameters]:
    """One parameter that may come once, and the others."""
    values = [value for key, value in parameters if key == name]
    if len(values) > 1:
        raise turned_away(Kind.MALFORMED, "value", f"The parameter {name} may be given once.")
    return (values[0] if values else None), [pair for pair in parameters if pair[0] != name]


def take_count(parameters: Parameters, default: int = DEFAULT_COUNT) -> tuple[int, Parameters]:
    """How many entries a page has, and the other parameters."""
    text, rest = take(parameters, "_count")
    if text is None:
        return default, rest
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise turned_away(Kind.MALFORMED, "value", "_count must be a whole number.")
    return min(int(text), MOST), rest
