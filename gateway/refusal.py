"""The closed set of ways in which the gateway says no.

A use case raises ``Refused``; ``fhir/outcome.py`` alone knows which status and OperationOutcome each kind
becomes. Texts are for a person and hold no patient data and no id that was asked for: logs copy errors.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """Why a request is refused: the edge translates each to one status."""

    MALFORMED = "malformed"
    INVALID = "invalid"
    UNPROCESSABLE = "unprocessable"
    UNAUTHENTICATED = "unauthenticated"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not-found"
    GONE = "gone"
    METHOD = "method"
    NOT_ACCEPTABLE = "not-acceptable"
    MEDIA_TYPE = "media-type"
    CONFLICT = "conflict"
    PRECONDITION = "precondition"
    TOO_LARGE = "too-large"
    TOO_MANY = "too-many"
    BUSY = "busy"
    UNAVAILABLE = "unavailable"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Issue:
    """One thing that is wrong: ``code`` from FHIR's issue-type, ``expression`` a FHIRPath or empty."""

    code: str
    text: str
    expression: str = ""
    severity: str = "error"
    """What a refusal names is always an error; a question may have milder answers."""


class Refused(Exception):  # noqa: N818 - it reads as what happened
    """The request was refused; nothing was stored."""

    def __init__(self, kind: Kind, issues: Sequence[Issue], retry_after: int | None = None) -> None:
        super().__init__(kind.value)
        self.kind = kind
        self.issues = tuple(issues)
        self.retry_after = retry_after


class Recorded(Refused):
    """A refusal that stands in the trail already; the door records every other."""


def refused(kind: Kind, code: str, text: str, expression: str = "") -> Refused:
    """A refusal with one issue."""
    return Refused(kind, [Issue(code, text, expression)])


def recorded(kind: Kind, code: str, text: str) -> Recorded:
    """A refusal with one issue, whose event its use case has written."""
    return Recorded(kind, [Issue(code, text)])
