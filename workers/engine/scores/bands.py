"""Where a number falls: steps up to a limit that counts, and steps from a limit on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


def up_to(value: float, steps: Sequence[tuple[float, T]], beyond: T) -> T:
    """The first step whose limit is not exceeded; ``beyond`` above all of them."""
    return next((found for limit, found in steps if value <= limit), beyond)


def below(value: float, steps: Sequence[tuple[float, T]], beyond: T) -> T:
    """The first step that lies under its limit; ``beyond`` from the last limit on."""
    return next((found for limit, found in steps if value < limit), beyond)
