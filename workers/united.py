"""The plan of one person of whom there are several records (docs/merges.md): what clinicians decided in the
plans of the others stands in it too, and nothing in it outlasts the union that it came from. Pure.

A line that was carried over names the record that it came from, in an extension of its detail, so that it
goes when that record does. The plan of a record that went into another ends, and keeps its decisions for the
day on which it is taken up again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from gateway.custody.ids import pseudonym
from gateway.custody.records import Ref
from mappers.recommendations_to_careplan import DECLINED, DONE, DRAFT, act_of, merged
from workers.decisions import CARRIED, base_of, evidence, is_decided
from workers.reading import Derived, Known

Body = Mapping[str, Any]
Line = Mapping[str, Any]
PLAN = "CarePlan"
_POINTING = ("addresses", "supportingInfo")


def withdrawn(known: Known) -> list[Body]:
    """What is to stand of a record that went into another: its plan, revoked, decisions and all."""
    return [_withdrawn(was) for was in _plans(known.derived)]


def _withdrawn(was: Derived) -> Body:
    base = dict(base_of(was))
    found = merged(base)
    return was.written if found is base else found


def references(was: Derived | None) -> set[str]:
    """What a plan in which somebody decided points at, without versions."""
    base: Body = {} if was is None or not was.decided else base_of(was)
    reasons = (line.get("detail", {}).get("reasonReference", ()) for line in base.get("activity", ()))
    beside = (base.get(name, ()) for name in _POINTING)
    return {_local(one) for found in (*reasons, *beside) for one in found}


def standing(implied: Body, was: Derived | None, known: Known, foreign: set[str]) -> Derived | None:
    """The plan as it stands among the records that are one person now: with what was decided in theirs, and
    without what is of others (``foreign`` references, what was carried over from records that left)."""
    own = implied if was is None or not was.decided else base_of(was)
    here = {f"Patient/{pseudonym(one)}" for one in known.union.others}
    kept = _cleared(own, here, foreign)
    base = _carried(kept, known)
    if base is own:
        return was
    head = 0 if was is None else was.head
    return Derived(head, head, base, decided=True, ended=None if was is None else was.ended)


# --- what goes -------------------------------------------------------------------------------------------


def _cleared(plan: Body, here: set[str], foreign: set[str]) -> Body:
    there = list(plan.get("activity", ()))
    lines = [_without(line, foreign) for line in there if _stays(line, plan, here, foreign)]
    shown = {name: _others(plan[name], foreign) for name in _POINTING if name in plan}
    if lines == there and all(len(plan[name]) == len(kept) for name, kept in shown.items()):
        return plan
    return {**plan, **shown, "activity": lines}


def _stays(line: Line, plan: Body, here: set[str], foreign: set[str]) -> bool:
    origin = _origin(line)
    if origin is not None and origin not in here:
        return False
    rests_on = {text.partition("/_history/")[0] for text in evidence(line, plan)[3]}
    settled = act_of(line) is not None and line["detail"].get("status") in DECLINED | DONE
    return not (settled and rests_on and rests_on <= foreign)


def _without(line: Line, foreign: set[str]) -> Line:
    reasons = line.get("detail", {}).get("reasonReference", ())
    kept = _others(reasons, foreign)
    if len(kept) == len(reasons):
        return line
    detail = {name: value for name, value in line["detail"].items() if name != "reasonReference"}
    return {**line, "detail": {**detail, "reasonReference": kept} if kept else detail}


def _others(found: Sequence[Body], foreign: set[str]) -> list[Body]:
    return [one for one in found if _local(one) not in foreign]


# --- what comes ------------------------------------------------------------------------------------------


def _carried(plan: Body, known: Known) -> Body:
    """The plan with what was decided in the others' about acts that nobody has decided about in this one."""
    lines = list(plan.get("activity", ()))
    settled = {act_of(line) for line in lines if is_decided(line)}
    come = {act: (line, theirs) for act, line, theirs in _decided(known.beside) if act not in settled}
    if not come:
        return plan
    said = {_for(line) for line, _ in come.values()}
    info = [one for one in plan.get("supportingInfo", ()) if one.get("display") not in said]
    for line, theirs in come.values():
        info += [one for one in theirs.get("supportingInfo", ()) if one.get("display") == _for(line)]
    stay = [line for line in lines if act_of(line) not in come]
    return {**plan, "activity": [*stay, *(line for line, _ in come.values())], "supportingInfo": info}


def _decided(beside: Mapping[Ref, Derived]) -> Iterator[tuple[str | None, Line, Body]]:
    for was in _plans(beside):
        plan = base_of(was)
        for line in plan.get("activity", ()):
            if was.decided and is_decided(line) and _origin(line) is None:
                yield act_of(line), _marked(line, plan["subject"]["reference"]), plan


def _marked(line: Line, origin: str) -> Line:
    """The line, with its origin; the goals that it served, and its draft, ended with its plan."""
    mark = {"url": CARRIED, "valueReference": {"reference": origin}}
    detail = {name: value for name, value in line["detail"].items() if name != "goal"}
    kept = [one for one in detail.get("extension", ()) if one.get("url") != DRAFT]
    return {**line, "detail": {**detail, "extension": [*kept, mark]}}


def _origin(line: Line) -> str | None:
    """The record that a line was carried over from."""
    found = (one for one in line.get("detail", {}).get("extension", ()) if one.get("url") == CARRIED)
    return next((one["valueReference"]["reference"] for one in found), None)


def _plans(derived: Mapping[Ref, Derived]) -> list[Derived]:
    return [derived[ref] for ref in sorted(derived) if ref[0] == PLAN]


def _for(line: Line) -> str:
    return f"For: {line['detail'].get('code', {}).get('text')}"


def _local(one: Body) -> str:
    return str(one.get("reference")).partition("/_history/")[0]
