"""How much a question may say: looked at before any of it is understood, so that refusing it costs nothing.

Every value of a question is tried on every resource that a search opens, and each of its letters is read more
than once. A question of a megabyte would hold up everybody; no honest one comes near these limits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.refusal import Kind, refused

MOST_PARAMETERS = 100


@dataclass(frozen=True, slots=True)
class Extent:
    """``length``: characters of a name and of one value between commas. ``values``: of all parameters."""

    length: int = 2_000
    values: int = 1_000

    def check(self, parameters: Sequence[tuple[str, str]]) -> None:
        """Raises ``Refused`` where a question says more than that."""
        if len(parameters) > MOST_PARAMETERS:
            raise refused(Kind.INVALID, "too-costly", f"A search may have {MOST_PARAMETERS} parameters.")
        if sum(value.count(",") + 1 for _, value in parameters) > self.values:
            raise refused(Kind.INVALID, "too-costly", f"A search may have {self.values} values: divide it.")
        if any(len(part) > self.length for pair in parameters for text in pair for part in text.split(",")):
            raise refused(Kind.INVALID, "too-long", f"A value may have {self.length} characters.")


EXTENT = Extent()
