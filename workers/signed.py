"""A clinician's version of our plan, laid over what we wrote before it. Pure.

It reaches workers without its words, but with the uris by which our lines are known. A line that bears the
act of one of ours is that line; where a client dropped the uris, lines are matched by what is left: kind,
codes, evidence and goals, then fewer of these, and lines that all this cannot tell apart in their order. What
the clinician can change is theirs; our words, our evidence and the act stay ours. A line of ours that is gone
was declined. A second line with the act of one of ours is the clinician's own, and bears the act no more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mappers.recommendations_to_careplan import act_of

Body = Mapping[str, Any]
Trait = Callable[[Body], Any]

# What a clinician decides of a line; `scheduled` stands for every type that it can have.
_THEIRS = frozenset(
    {
        "status",
        "statusReason",
        "doNotPerform",
        "location",
        "performer",
        "productCodeableConcept",
        "productReference",
        "dailyAmount",
        "quantity",
        "scheduledTiming",
        "scheduledPeriod",
        "scheduledString",
    }
)
_OURS = frozenset(
    {
        "resourceType",
        "id",
        "identifier",
        "meta",
        "text",
        "title",
        "subject",
        "created",
        "author",
        "description",
    }
)
_LINKS = frozenset({"addresses", "goal", "supportingInfo"})
_BOTH = _LINKS | {"activity", "note"}


def laid_over(ours: Body, theirs: Body | None) -> Body:
    """Our plan as the clinician left it."""
    if theirs is None:
        return ours
    kept = {name: value for name, value in ours.items() if name in _OURS or name in ("intent", "note")}
    said = {name: value for name, value in theirs.items() if name.lstrip("_") not in _OURS | _BOTH}
    shown = {name: _shown(ours.get(name, ()), theirs.get(name, ())) for name in sorted(_LINKS)}
    lines = _lines(ours.get("activity", ()), theirs.get("activity", ()))
    return {**kept, "status": ours["status"], **said, **shown, "activity": lines}


def _shown(ours: Sequence[Body], theirs: Sequence[Body]) -> list[Body]:
    """Our references with what they are for, then the clinician's own."""
    there = {one.get("reference") for one in ours}
    return [*ours, *(one for one in theirs if one.get("reference") not in there)]


def _lines(ours: Sequence[Body], theirs: Sequence[Body]) -> list[Body]:
    found = _matched(ours, theirs)
    lines = [_decided(ours[found[n]], line) if n in found else _own(line) for n, line in enumerate(theirs)]
    gone = [line for n, line in enumerate(ours) if n not in found.values()]
    return [*lines, *(_declined(line) for line in gone if act_of(line) is not None)]


def _matched(ours: Sequence[Body], theirs: Sequence[Body]) -> dict[int, int]:
    """Which of our lines each of theirs is, surest first."""
    found: dict[int, int] = {}
    for trait in _TRAITS:
        free = [n for n in range(len(ours)) if n not in found.values()]
        for n, line in enumerate(theirs):
            mark = trait(line) if n not in found else None
            fits = next((m for m in free if mark is not None and trait(ours[m]) == mark), None)
            if fits is not None:
                found[n] = fits
                free.remove(fits)
    return found


def _decided(ours: Body, theirs: Body) -> Body:
    said = theirs.get("detail", {})
    mine = {name: value for name, value in ours.get("detail", {}).items() if name not in _THEIRS}
    decided = {name: value for name, value in said.items() if name.lstrip("_") in _THEIRS}
    return {**theirs, "detail": {**mine, **decided}}


def _own(line: Body) -> Body:
    """A line of the clinician's own bears no act, so that nobody takes it for ours; other uris never came."""
    if act_of(line) is None:
        return line
    return {**line, "detail": {key: item for key, item in line["detail"].items() if key != "instantiatesUri"}}


def _declined(line: Body) -> Body:
    detail = line["detail"]
    still = detail.get("status") in ("not-started", "unknown", None)
    return {**line, "detail": {**detail, "status": "cancelled"}} if still else line


# --- what lines are known by -----------------------------------------------------------------------------


def _exactly(line: Body) -> Any:
    kind, codes, evidence, goals = _parts(line)
    return (kind, codes, evidence, goals) if evidence or codes else None


def _by_evidence(line: Body) -> Any:
    kind, _, evidence, _ = _parts(line)
    return (kind, evidence) if evidence else None


def _by_code(line: Body) -> Any:
    kind, codes, _, _ = _parts(line)
    return (kind, codes) if codes else None


def _parts(line: Body) -> tuple[Any, frozenset[Any], frozenset[Any], frozenset[Any]]:
    detail = line.get("detail", {})
    codes = detail.get("code", {}).get("coding", ())
    return (
        detail.get("kind"),
        frozenset((one.get("system"), one.get("code")) for one in codes if "code" in one),
        _references(detail, "reasonReference"),
        _references(detail, "goal"),
    )


def _references(detail: Body, name: str) -> frozenset[Any]:
    return frozenset(one.get("reference") for one in detail.get(name, ()))


_TRAITS: tuple[Trait, ...] = (act_of, _exactly, _by_evidence, _by_code)
