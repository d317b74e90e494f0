"""The answer to a bundle: one response per entry, in the bundle's own order and the sender's own ids."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec.structs import replace

from gateway.auth.actor import Actor
from gateway.instants import instant
from gateway.intake.returning import Returning
from gateway.intake.rights import READ
from gateway.intake.versions import Outcome
from gateway.stored import Answer, document
from mappers import lossless

_WRITES = ("create", "update", "patch")
STATUS = {200: "200 OK", 201: "201 Created", 204: "204 No Content"}


_STORED = "The resource was stored."
_SAID = {
    "resourceType": "OperationOutcome",
    "issue": [
        {
            "severity": "information",
            "code": "informational",
            "diagnostics": _STORED,
            "details": {"text": _STORED},
        }
    ],
}


def in_form(actor: Actor, outcomes: Sequence[Outcome], form: Returning) -> list[Outcome]:
    """The outcomes, each write with how much of it is told.

    What its sender did not send, but made by a patch, is shown to who may read it.
    """
    return [replace(o, told=_form(actor, o, form)) if o.interaction in _WRITES else o for o in outcomes]


def _form(actor: Actor, outcome: Outcome, form: Returning) -> Returning:
    stored = outcome.stored
    sent = outcome.entry.change is None
    if form is Returning.REPRESENTATION and not (
        sent or actor.scopes.covers(stored.type, READ, stored.body or {})
    ):
        return Returning.MINIMAL
    return form


def transaction(outcomes: Sequence[Outcome]) -> Answer:
    """The transaction-response of a bundle that went in whole."""
    return _answer("transaction-response", [entry(o) for o in outcomes])


def batch(results: Sequence[Outcome | dict[str, Any]]) -> Answer:
    """The batch-response: each entry's own outcome, or the response that says why it was refused."""
    return _answer(
        "batch-response", [entry(r) if isinstance(r, Outcome) else {"response": r} for r in results]
    )


def joined(entries: Sequence[bytes]) -> Answer:
    """The batch-response of entries that are finished each by itself."""
    told = b',"entry":[' + b",".join(entries) + b"]" if entries else b""
    return Answer(200, b'{"resourceType":"Bundle","type":"batch-response"' + told + b"}")


def _answer(kind: str, entries: list[dict[str, Any]]) -> Answer:
    body: dict[str, Any] = {"resourceType": "Bundle", "type": kind}
    if entries:
        body["entry"] = entries
    return Answer(200, lossless.dumps(body))


def entry(outcome: Outcome) -> dict[str, Any]:
    """What became of one entry, as its response says it."""
    stored = outcome.stored
    if outcome.interaction == "search":
        return {"resource": stored.body, "response": {"status": STATUS[outcome.status]}}
    response: dict[str, Any] = {"status": STATUS[outcome.status]}
    if stored.version:
        response["location"] = f"{stored.type}/{stored.id}/_history/{stored.version}"
        response["etag"] = f'W/"{stored.version}"'
        response["lastModified"] = instant(stored.updated)
    if outcome.interaction == "read":
        return {"resource": document(stored), "response": response}
    if outcome.told is Returning.OUTCOME:
        response["outcome"] = _SAID
    if outcome.told is Returning.REPRESENTATION:
        return {"resource": document(stored), "response": response}
    return {"response": response}
