"""On what terms something is released: values that only the day and the reader of a release can give."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

OLDEST = 89
"""The highest age that is told as it is."""


@dataclass(frozen=True, slots=True)
class Terms:
    """The day of a release, and by how many days it shifts dates; without one of them less is shown."""

    as_of: date | None = None
    days: int | None = None
    """Of one patient before one reader; 0 is no shift, so it counts as none at hand."""


NO_TERMS = Terms()
"""A split has none: what it keeps does not depend on the day."""
