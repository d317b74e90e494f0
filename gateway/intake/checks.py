"""What can be refused before anything is looked up: rights, and the form of what was sent."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.auth.actor import Actor
from gateway.intake.entries import Entry
from gateway.refusal import Issue, Kind, Refused, refused
from gateway.stored import Resource
from mappers.r4 import validate

LETTERS = {"POST": "c", "PUT": "u", "DELETE": "d", "GET": "r"}


def envelope(bundle: Resource) -> None:
    """The bundle itself, without its resources, must be valid."""
    _refuse(validate.envelope_problems(bundle))


def allowed(actor: Actor, entries: Sequence[Entry]) -> None:
    """Every entry needs its own right; the first that lacks it is named."""
    for entry in entries:
        if not actor.scopes.allows(entry.type, LETTERS[entry.method]):
            raise refused(Kind.FORBIDDEN, "forbidden", "The token's scopes do not allow this.", entry.at)


def resources(entries: Sequence[Entry]) -> None:
    """Every resource must be valid R4; all faults of all resources are named at once."""
    found: list[validate.Problem] = []
    for entry in entries:
        if entry.resource is not None:
            root = f"{entry.at}.resource" if entry.at else entry.type
            found += validate.problems(entry.resource, root)
    _refuse(found)


def _refuse(found: Sequence[validate.Problem]) -> None:
    if found:
        raise Refused(Kind.INVALID, [Issue(p.code, p.text, p.expression) for p in found])
