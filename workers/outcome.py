"""What has to be written so that what stands agrees with what is implied now: pure.

A resource that is implied and stands as a worker last wrote it is left alone (law 7), whatever a clinician
made of it since (law 10). What is implied no more ends: each type has a status that says so, and the plan of
somebody who died is completed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from gateway.custody.ids import StoredId, parse_pseudonym
from gateway.custody.records import Ref
from mappers import lossless
from mappers.recommendations_to_careplan import SIGNABLE
from workers.reading import ENDED, Derived

Body = Mapping[str, Any]

_ENDS_OTHERWISE = {"CarePlan": ("completed",)}


@dataclass(frozen=True, slots=True)
class Change:
    """One version to be written."""

    type: str
    id: StoredId
    version: int
    body: Body


def changes(implied: Iterable[Body], standing: Mapping[Ref, Derived]) -> list[Change]:
    """The versions to write: new, changed, or ended."""
    wanted = {ref(body): body for body in implied}
    found = [_change(which, body, standing.get(which)) for which, body in wanted.items()]
    found += [_ended(which, standing[which]) for which in sorted(standing) if which not in wanted]
    return [change for change in found if change is not None]


def ref(body: Body) -> Ref:
    """Which resource a derived body is."""
    stored = parse_pseudonym(body["id"])
    if stored is None:
        raise ValueError("a derived resource has a pseudonym for its id")
    return body["resourceType"], stored


def _change(which: Ref, body: Body, was: Derived | None) -> Change | None:
    if was is None:
        return Change(*which, 1, body)
    kept = _dated_as(body, was.body)
    return None if lossless.same(kept, was.written) else Change(*which, was.head + 1, kept)


def _dated_as(body: Body, was: Body) -> Body:
    """The same plan computed on another day is still the plan of the day on which it was created."""
    return {**body, "created": was["created"]} if "created" in body and "created" in was else body


def _ended(which: Ref, was: Derived) -> Change | None:
    # A draft that a clinician touched is their order now, whatever becomes of the plan.
    if which[0] not in ENDED or (which[0] in SIGNABLE and was.theirs is not None):
        return None
    element, status = ENDED[which[0]]
    if was.written.get(element) in (status, *_ENDS_OTHERWISE.get(which[0], ())):
        return None
    return Change(*which, was.head + 1, {**was.body, element: status})
