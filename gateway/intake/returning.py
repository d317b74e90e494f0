"""How much a write is answered with: ``Prefer: return=``, for each write of a bundle as for one by itself."""

from __future__ import annotations

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
