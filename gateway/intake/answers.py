"""The answer to a bundle: one response per entry, in the bundle's own order and the sender's own ids."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gateway.instants import instant
from gateway.intake.versions import Outcome
from gateway.stored import Answer, document
from mappers import lossless

STATUS = {200: "200 OK", 201: "201 Created", 204: "204 No Content"}


def transaction(outcomes: Sequence[Outcome]) -> Answer:
    """The transaction-response of a bundle that went in whole."""
    return _answer("transaction-response", [_entry(o) for o in outcomes])


def batch(results: Sequence[Outcome | dict[str, Any]]) -> Answer:
    """The batch-response: each entry's own outcome, or the response that says why it was refused."""
    return _answer(
        "batch-response", [_entry(r) if isinstance(r, Outcome) else {"response": r} for r in results]
    )


def _answer(kind: str, entries: list[dict[str, Any]]) -> Answer:
    body: dict[str, Any] = {"resourceType": "Bundle", "type": kind}
    if entries:
        body["entry"] = entries
    return Answer(200, lossless.dumps(body))


def _entry(outcome: Outcome) -> dict[str, Any]:
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
    return {"response": response}
