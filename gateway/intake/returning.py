"""How the answer to a bundle is wanted: ``Prefer: return=`` and ``handling=``.

``handling`` is of searches for an answer. Criteria on which a write hangs are always strict: to leave one out
would write something else than was meant.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Returning(Enum):
    """FHIR's three forms. A bundle is answered in the first, unless its sender prefers another."""

    MINIMAL = "minimal"
    REPRESENTATION = "representation"
    OUTCOME = "OperationOutcome"


def returning(preferred: str | None) -> Returning:
    """The form that is meant; what no preference of FHIR's names is as if it were not there."""
    known = {form.value: form for form in Returning}
    return known.get(preferred or "", Returning.MINIMAL)


@dataclass(frozen=True, slots=True)
class Preferences:
    """What the sender of a bundle prefers. Its text is what is kept with a request that is done later."""

    returning: Returning = Returning.MINIMAL
    lenient: bool = False
    """Whether a search leaves out a parameter that it does not know, and says so."""

    def __str__(self) -> str:
        handling = "lenient" if self.lenient else "strict"
        return f"return={self.returning.value}; handling={handling}"

    @classmethod
    def kept(cls, text: str | None) -> Preferences:
        """The preferences behind their text; nothing was preferred where none was kept."""
        pairs = (part.strip().partition("=") for part in (text or "").split(";"))
        told = {name: value for name, _, value in pairs}
        return cls(returning(told.get("return")), told.get("handling") == "lenient")
