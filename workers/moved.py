"""What moved a line of the plan since a worker wrote it: its draft was signed, or data show it done. Pure.

A clinician may decide at two places: on the line, and on the draft that it names. The line wins where both
speak. A line that is under way and proposed no more is completed when the record holds what was asked for; it
then names that evidence (``outcomeReference``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from typing import Any

from gateway.custody.ids import parse_pseudonym
from gateway.custody.records import Ref
from mappers.facts import Evidence
from mappers.recommendations_to_careplan import DECLINED, DONE, DRAFT, OPEN_ENDED, REASON_SYSTEM, act_of
from workers.reading import Derived

Body = Mapping[str, Any]
Line = Mapping[str, Any]
Closes = Callable[[str, Set[str]], tuple[Evidence, ...]]
"""By which evidence an act is done, for a line that rested on these references; nothing where it is not."""

_SIGNED = {
    "active": "scheduled",
    "requested": "scheduled",
    "received": "scheduled",
    "accepted": "scheduled",
    "ready": "scheduled",
    "in-progress": "in-progress",
    "on-hold": "on-hold",
    "completed": "completed",
    "revoked": "cancelled",
    "cancelled": "cancelled",
    "stopped": "cancelled",
    "rejected": "cancelled",
    "failed": "cancelled",
    "entered-in-error": "cancelled",
}
"""What the status of a draft that a clinician touched says of its line; ``draft`` says nothing."""
_BY_DATA = {"coding": [{"system": REASON_SYSTEM, "code": "done-by-data"}], "text": "The record shows it done"}


def nothing_closes(act: str, rested_on: Set[str]) -> tuple[Evidence, ...]:
    """Where nobody asked the record."""
    del act, rested_on
    return ()


def moved(line: Line, drafts: Mapping[Ref, Derived], plan_status: str, closes: Closes) -> Line:
    """One line of ours as it is to be taken now; ``closes`` answers nothing for what is still proposed."""
    return _closed(_signed(line, drafts), plan_status, closes)


def draft_of(line: Line) -> Ref | None:
    """The draft that a line names."""
    for one in line.get("detail", {}).get("extension", ()):
        if one.get("url") == DRAFT:
            kind, _, ident = str(one.get("valueReference", {}).get("reference")).partition("/")
            stored = parse_pseudonym(ident)
            return None if stored is None else (kind, stored)
    return None


def _signed(line: Line, drafts: Mapping[Ref, Derived]) -> Line:
    ref = draft_of(line)
    was = drafts.get(ref) if ref is not None else None
    if was is None or was.theirs is None:
        return line
    detail = line["detail"]
    now, status = _SIGNED.get(str(was.theirs.get("status"))), detail.get("status")
    if now is None or status in DECLINED | DONE or (status in OPEN_ENDED and now in OPEN_ENDED):
        return line
    reason = was.theirs.get("statusReason")
    return {**line, "detail": {**detail, "status": now, **({"statusReason": reason} if reason else {})}}


def _closed(line: Line, plan_status: str, closes: Closes) -> Line:
    """Accepted lines only: what nobody accepted goes by itself when it is done."""
    detail, act = line.get("detail", {}), act_of(line)
    status = detail.get("status")
    accepted = status in OPEN_ENDED or (status == "not-started" and plan_status == "active")
    if act is None or not accepted:
        return line
    rested_on = {one["reference"] for one in detail.get("reasonReference", ()) if "reference" in one}
    found = closes(act, rested_on)
    if not found:
        return line
    outcome = [{"reference": one.reference} for one in found]
    ended = {**detail, "status": "completed", "statusReason": _BY_DATA}
    return {**line, "outcomeReference": outcome, "detail": ended}
