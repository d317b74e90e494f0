"""What can be refused before anything is looked up: rights, and the form of what was sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from gateway.auth.actor import Actor
from gateway.intake.entries import Entry
from gateway.profiles import Enforced
from gateway.refusal import Issue, Kind, Refused, refused
from gateway.stored import Resource
from mappers.r4 import validate

_FIRST = "Bundle.entry[0]"
LETTERS = {"POST": "c", "PUT": "u", "PATCH": "u", "DELETE": "d", "GET": "r"}


def envelope(bundle: Resource) -> None:
    """The bundle itself, without its resources, must be valid."""
    _refuse(validate.envelope_problems(bundle))


def batch(bundle: Resource) -> None:
    """A batch must be valid apart from its entries, each of which ``batch_entry`` looks at alone."""
    found = validate.envelope_problems(bundle)
    entries = bundle.get("entry")
    if found and isinstance(entries, list):
        sound = [raw for raw in entries if not _alone(raw)]
        rest = {name: value for name, value in bundle.items() if name != "entry"}
        found = validate.envelope_problems({**rest, "entry": sound} if sound or not entries else rest)
    _refuse(found)


def batch_entry(index: int, raw: Mapping[str, Any]) -> None:
    """One entry of a batch must be valid, whatever the others are."""
    at = f"Bundle.entry[{index}]"
    _refuse([replace(p, expression=at + p.expression.removeprefix(_FIRST)) for p in _alone(raw)])


def _alone(raw: Mapping[str, Any]) -> list[validate.Problem]:
    """What is wrong with an entry, told as of the only one of its bundle."""
    found = validate.envelope_problems({"resourceType": "Bundle", "type": "batch", "entry": [raw]})
    return [p if p.expression.startswith(_FIRST) else replace(p, expression=_FIRST) for p in found]


def allowed(actor: Actor, entries: Sequence[Entry]) -> None:
    """Every entry needs its own right; the first that lacks it is named."""
    for entry in entries:
        letter = "s" if entry.is_search else LETTERS[entry.method]
        if not actor.scopes.allows(entry.type, letter):
            raise refused(Kind.FORBIDDEN, "forbidden", "The token's scopes do not allow this.", entry.at)


def searches(entries: Sequence[Entry]) -> None:
    """A search beside writes that stand or fall together would have to see what is not written yet."""
    search = next((entry for entry in entries if entry.is_search), None)
    if search is not None and any(entry.method != "GET" for entry in entries):
        text = "A transaction that writes cannot search as well; search after it, or in a batch."
        raise refused(Kind.UNPROCESSABLE, "not-supported", text, search.at)


def resources(entries: Sequence[Entry]) -> None:
    """Every resource must be valid R4; all faults of all resources are named at once."""
    found: list[validate.Problem] = []
    for entry in entries:
        if entry.resource is not None:
            found += validate.problems(entry.resource, _root(entry))
    _refuse(found)


def conforming(entries: Sequence[Entry], enforced: Enforced | None) -> None:
    """Every valid resource must conform to a profile of its type, where this deployment asks for any."""
    if enforced is None:
        return
    told = [(entry, entry.resource) for entry in entries if entry.resource is not None]
    faults = [fault for entry, one in told for fault in enforced.faults(one, _root(entry))]
    if faults:
        patched = any(entry.change for entry, _ in told)
        raise Refused(Kind.UNPROCESSABLE if patched else Kind.INVALID, faults)


def _root(entry: Entry) -> str:
    return f"{entry.at}.resource" if entry.at else entry.type


def _refuse(found: Sequence[validate.Problem]) -> None:
    if found:
        raise Refused(Kind.INVALID, [Issue(p.code, p.text, p.expression) for p in found])
