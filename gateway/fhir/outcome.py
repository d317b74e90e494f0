"""The one table from what went wrong to a status and an OperationOutcome.

Whatever is raised below an edge ends here. What nobody foresaw becomes a 500 without detail: a message that
was written for somebody else may quote a patient. Texts hold no id that was asked for, for logs copy errors.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from werkzeug.exceptions import HTTPException

from gateway.custody import errors
from gateway.refusal import Issue, Kind, Refused, refused
from mappers import lossless
from mappers.r4 import expressions

STATUS = {
    Kind.MALFORMED: 400,
    Kind.INVALID: 400,
    Kind.UNPROCESSABLE: 422,
    Kind.UNAUTHENTICATED: 401,
    Kind.FORBIDDEN: 403,
    Kind.NOT_FOUND: 404,
    Kind.GONE: 410,
    Kind.METHOD: 405,
    Kind.NOT_ACCEPTABLE: 406,
    Kind.MEDIA_TYPE: 415,
    Kind.CONFLICT: 409,
    Kind.PRECONDITION: 412,
    Kind.TOO_LARGE: 413,
    Kind.TOO_MANY: 429,
    Kind.BUSY: 503,
    Kind.UNAVAILABLE: 503,
    Kind.BROKEN: 500,
}

_PHRASES = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    406: "Not Acceptable",
    409: "Conflict",
    410: "Gone",
    412: "Precondition Failed",
    413: "Content Too Large",
    415: "Unsupported Media Type",
    422: "Unprocessable Content",
    429: "Too Many Requests",
    500: "Internal Server Error",
    503: "Service Unavailable",
}

_RETRY_SECONDS = {Kind.CONFLICT: 1, Kind.TOO_MANY: 1, Kind.BUSY: 1, Kind.UNAVAILABLE: 5}

_CUSTODY: tuple[tuple[type[errors.CustodyError], Kind, Issue], ...] = (
    (errors.KeyGone, Kind.GONE, Issue("deleted", "The resource was erased.")),
    (errors.Erased, Kind.GONE, Issue("deleted", "The resource was erased and cannot be written again.")),
    (errors.Conflict, Kind.CONFLICT, Issue("conflict", "Another request changed the same data; try again.")),
    (
        errors.StoreUnavailable,
        Kind.UNAVAILABLE,
        Issue("transient", "The database cannot be reached at the moment; try again."),
    ),
    (
        errors.KeysUnreadable,
        Kind.UNAVAILABLE,
        Issue("transient", "The keys cannot be read at the moment; the operator has to look."),
    ),
)

_HTTP = {
    400: refused(Kind.MALFORMED, "structure", "The request broke off or cannot be read."),
    404: refused(Kind.NOT_FOUND, "not-found", "Nothing is served at this address."),
    405: refused(Kind.METHOD, "not-supported", "This method is not served at this address; see Allow."),
    413: refused(Kind.TOO_LARGE, "too-long", "The body is larger than this server accepts."),
}

_BROKEN = refused(Kind.BROKEN, "exception", "The server failed; the operator finds it by the X-Request-Id.")


class TurnedAway(Refused):
    """Refused at the door, before any use case was asked: the edge itself records it."""


class Tampering(Refused):
    """Something that is stored does not open: who asked is told nothing of it, the trail is."""

    rows: tuple[errors.Unopened, ...] = ()


def turned_away(kind: Kind, code: str, text: str, expression: str = "") -> TurnedAway:
    """A refusal by the edge with one issue."""
    return TurnedAway(kind, [Issue(code, text, expression)])


def no_operation() -> TurnedAway:
    """What is said of a ``$name`` that nothing is served under."""
    text = "This operation is not served here; /metadata lists those that are."
    return turned_away(Kind.NOT_FOUND, "not-supported", text)


def refusal_of(error: Exception) -> Refused:
    """What an exception means to whoever asked."""
    if isinstance(error, Refused):
        return error
    if isinstance(error, lossless.NotJson):
        where = expressions.of_json(error.kind, error.where) if error.where else ""
        return TurnedAway(Kind.MALFORMED, [Issue("structure", f"{error}.", where)])
    if isinstance(error, HTTPException):
        known = _HTTP.get(error.code or 500, _BROKEN)
        return TurnedAway(known.kind, known.issues)
    if isinstance(error, errors.Tampered):
        found = Tampering(_BROKEN.kind, _BROKEN.issues)
        found.rows = error.rows
        return found
    for kind_of_error, kind, issue in _CUSTODY:
        if isinstance(error, kind_of_error):
            return Refused(kind, [issue])
    return _BROKEN


def status_of(refusal: Refused) -> int:
    return STATUS[refusal.kind]


def retry_after(refusal: Refused) -> int | None:
    """Seconds to wait, where waiting helps."""
    return refusal.retry_after or _RETRY_SECONDS.get(refusal.kind)


def outcome(refusal: Refused) -> dict[str, Any]:
    """The refusal as an OperationOutcome."""
    severity = "fatal" if refusal.kind is Kind.BROKEN else "error"
    return {"resourceType": "OperationOutcome", "issue": [_issue(severity, i) for i in refusal.issues]}


def success(text: str) -> dict[str, Any]:
    """The OperationOutcome of something that went well."""
    return {
        "resourceType": "OperationOutcome",
        "issue": [_issue("information", Issue("informational", text))],
    }


def findings(issues: Sequence[Issue]) -> dict[str, Any]:
    """The OperationOutcome of a question after faults, each with its own severity."""
    return {"resourceType": "OperationOutcome", "issue": [_issue(one.severity, one) for one in issues]}


def explain(refusal: Refused) -> dict[str, Any]:
    """The response of a batch entry that was refused."""
    status = status_of(refusal)
    return {"status": f"{status} {_PHRASES[status]}", "outcome": outcome(refusal)}


def _issue(severity: str, issue: Issue) -> dict[str, Any]:
    told: dict[str, Any] = {"severity": severity, "code": issue.code, "diagnostics": issue.text}
    told["details"] = {"text": issue.text}
    if issue.expression:
        told["expression"] = [issue.expression]
    return told
