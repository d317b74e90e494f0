"""What clinicians decided about a plan stands: the new answer is woven around their decisions (law 10). Pure.

The stored versions are the only memory. The plan's *base* is the newest version that a worker wrote with the
newest version of a clinician laid over it; each line of it is one of these, against what is proposed now:

- Not ours (it bears no act): it stays as it is.
- Undecided (``not-started``): it stays as it is while its evidence does, and follows the answer otherwise.
- Declined (``cancelled``, ``stopped``, or taken out of the plan): it stays so until the act is proposed on
  other evidence.
- Done (``completed``): it stays; the act proposed again on other evidence is a new line beside it.
- Under way: it stays, and a note says so when it is proposed no more; done by data, it is completed.

Evidence is what Careloom gave with the line: rules with versions, and resources with versions. A version of
a clinician comes without its words; they stay in that version, and a new one is written only when more than
words would change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from typing import Any

from gateway.custody.ids import parse_pseudonym
from gateway.custody.records import Ref
from mappers import lossless
from mappers.facts import Evidence
from mappers.recommendations import Plan
from mappers.recommendations_to_careplan import (
    ACT,
    DECLINED,
    DONE,
    OPEN_ENDED,
    act_of,
    is_withdrawn,
    retold,
)
from workers.moved import Closes, draft_of, moved, nothing_closes
from workers.reading import Derived
from workers.signed import laid_over

Body = Mapping[str, Any]
Line = Mapping[str, Any]
UNSUPPORTED = "No longer supported: "
CARRIED = "urn:careloom:carried-from"
# What Careloom writes of a plan; all else in it is somebody else's.
_OURS = frozenset(
    {
        "resourceType",
        "id",
        "identifier",
        "meta",
        "text",
        "status",
        "intent",
        "title",
        "subject",
        "created",
        "author",
        "addresses",
        "supportingInfo",
        "goal",
        "activity",
        "note",
    }
)


def woven(
    implied: Body,
    answer: Plan,
    was: Derived,
    standing: Mapping[Ref, Derived],
    closes: Closes = nothing_closes,
) -> Body:
    """What is to stand now; what a worker last wrote, when nothing but words would change."""
    kind = implied["resourceType"]
    if kind == "CarePlan" and (was.decided or _any_signed(was.body, standing)):
        return _plan(implied, answer, was, standing, closes)
    if kind == "Goal" and was.decided:
        return {**implied, "lifecycleStatus": (was.theirs or was.body)["lifecycleStatus"]}
    return implied


def _any_signed(plan: Body, standing: Mapping[Ref, Derived]) -> bool:
    """Whether a clinician decided on a draft of a plan that nobody else touched."""
    drafts = (standing.get(ref) for line in _of(plan, "activity") if (ref := draft_of(line)) is not None)
    return any(one is not None and one.theirs is not None for one in drafts)


def _plan(implied: Body, answer: Plan, was: Derived, standing: Mapping[Ref, Derived], closes: Closes) -> Body:
    base = laid_over(was.body, was.theirs)
    if not was.decided:
        # Nobody decided on a line of this plan: what was carried over from another record went with it.
        base = {**base, "activity": [one for one in _of(base, "activity") if not is_carried(one)]}
    if was.theirs is None and is_withdrawn(was.body):
        # The patient consents again: what is proposed now is for a clinician to decide.
        base = {**base, "status": implied["status"]}
    left, base = base, _moved(base, implied, standing, closes)
    lines = list(_lines(base, implied))
    body = {**_others(base), **implied, "status": base["status"], "intent": base["intent"], "activity": lines}
    body["addresses"] = _with(implied, base, "addresses", lambda _: True)
    body["goal"] = _with(implied, base, "goal", lambda text: _ref(text) not in standing)
    body["supportingInfo"] = _supporting(implied, base, lines, standing)
    body["note"] = [*implied.get("note", ()), *_notes(base, implied)]
    body["text"] = retold(answer, body)
    body = {name: value for name, value in body.items() if value != []}
    theirs = was.head != was.last and was.ended is None
    return was.body if theirs and _weight(body) == _weight(left) else body


def _moved(base: Body, implied: Body, standing: Mapping[Ref, Derived], closes: Closes) -> Body:
    """The base after what was signed as a draft and what data show as done."""
    proposed = {act_of(line) for line in _of(implied, "activity")}

    def done(act: str, rested_on: Set[str]) -> tuple[Evidence, ...]:
        return () if act in proposed else closes(act.removeprefix(ACT), rested_on)

    status = str(base.get("status"))
    lines = [moved(one, standing, status, done) if act_of(one) else one for one in _of(base, "activity")]
    return {**base, "activity": lines}


def is_carried(line: Line) -> bool:
    """Whether this line came from the plan of another record of the same person (docs/merges.md)."""
    return any(one.get("url") == CARRIED for one in line.get("detail", {}).get("extension", ()))


def is_decided(line: Line) -> bool:
    """Whether this line of ours is under way, or settled in one way or the other."""
    return act_of(line) is not None and _status(line) in DECLINED | DONE | OPEN_ENDED


def base_of(was: Derived) -> Body:
    """A plan as it stands, with our words and their decisions."""
    return laid_over(was.body, was.theirs) if was.decided else was.body


def as_it_stands(plan: Body, was: Derived | None) -> Body:
    """The plan after a job, by what came of ``woven``: where nothing is written, as a clinician left it."""
    unwritten = was is not None and was.theirs is not None and lossless.same(dict(plan), dict(was.body))
    return base_of(was) if was is not None and unwritten else plan


def evidence(line: Line, plan: Body) -> tuple[Any, ...]:
    """What a line of a plan rests on, as one value that can be compared."""
    detail = line.get("detail", {})
    code = detail.get("code", {})
    beside = {one["reference"] for one in _of(plan, "supportingInfo") if one.get("display") == _for(code)}
    found = {one["reference"] for one in detail.get("reasonReference", ())} | beside
    return (
        detail.get("kind"),
        lossless.dumps(code),
        frozenset(detail.get("instantiatesCanonical", ())),
        # A new address or a merge makes a version of the Patient, too, and is no other reason for anything.
        frozenset(text for text in found if not text.startswith("Patient/")),
    )


# --- lines -----------------------------------------------------------------------------------------------


def _lines(base: Body, implied: Body) -> Iterator[Line]:
    """Every line of the base that stays or follows, in its place; then what is new."""
    fresh = _fresh(base, implied)
    for line in _of(base, "activity"):
        act, status = act_of(line), _status(line)
        if act is None or status in DONE | OPEN_ENDED:
            yield line
        elif status in DECLINED:
            yield fresh.pop(act, line)
        elif now := fresh.pop(act, None):
            yield line if evidence(now, implied) == evidence(line, base) else now
    yield from fresh.values()


def _fresh(base: Body, implied: Body) -> dict[str, Line]:
    """What is proposed and is neither under way nor settled on this very evidence, by its act."""
    lines = [(act_of(line), line) for line in _of(base, "activity")]
    under_way = {act for act, line in lines if _status(line) in OPEN_ENDED}
    settled = {(act, evidence(line, base)) for act, line in lines if _status(line) in DONE | DECLINED}
    proposed = [(act_of(line), line) for line in _of(implied, "activity")]
    return {
        act: line
        for act, line in proposed
        if act is not None and act not in under_way and (act, evidence(line, implied)) not in settled
    }


def _notes(base: Body, implied: Body) -> Iterator[Body]:
    """What is under way although it is proposed no more, and why."""
    proposed = {act_of(line) for line in _of(implied, "activity")}
    withdrawn = [one.get("text", "") for one in _of(implied, "note")]
    for line in _of(base, "activity"):
        detail = line.get("detail", {})
        act = act_of(line)
        if act is None or act in proposed or _status(line) not in OPEN_ENDED:
            continue
        title = detail["code"]["text"]
        because = next((text for text in withdrawn if text.startswith(f"Withdrawn: {title}.")), None)
        why = because or "The record no longer meets the rule that proposed it."
        yield {"text": f"{UNSUPPORTED}{title}. {why.removeprefix(f'Withdrawn: {title}. ')}"}


# --- the rest of the plan --------------------------------------------------------------------------------


def _others(base: Body) -> dict[str, Any]:
    return {name: value for name, value in base.items() if name.lstrip("_") not in _OURS}


def _with(implied: Body, base: Body, name: str, keep: Callable[[str], bool]) -> list[Body]:
    """References of the answer, and those of the base that stay beside them."""
    ours = list(_of(implied, name))
    there = {_unversioned(one) for one in ours}
    stay = [one for one in _of(base, name) if _unversioned(one) not in there]
    return [*ours, *(one for one in stay if keep(_unversioned(one)))]


def _supporting(
    implied: Body, base: Body, lines: Sequence[Line], standing: Mapping[Ref, Derived]
) -> list[Body]:
    """The answer's, then what kept lines rest on, then what a clinician put there."""
    ours = list(_of(implied, "supportingInfo"))
    rested = {_for(line["detail"]["code"]) for line in lines if act_of(line) is not None}
    for one in _of(base, "supportingInfo"):
        said = one.get("display")
        theirs = said is None and _ref(_unversioned(one)) not in standing
        if (theirs or said in rested) and one not in ours:
            ours.append(one)
    return ours


def _weight(plan: Body) -> tuple[Any, ...]:
    """What of a plan is more than words."""
    dangers = (_unversioned(one) for one in _of(plan, "supportingInfo"))
    return (
        plan.get("status"),
        [(act_of(one), _status(one), evidence(one, plan)) for one in _of(plan, "activity")],
        frozenset(_unversioned(one) for one in _of(plan, "goal")),
        frozenset(text for text in dangers if text.startswith("DetectedIssue/")),
        [one["text"] for one in _of(plan, "note") if one.get("text", "").startswith(UNSUPPORTED)],
    )


def _status(line: Line) -> str | None:
    found: str | None = line.get("detail", {}).get("status")
    return found


def _of(plan: Body, name: str) -> Sequence[Any]:
    found: Sequence[Any] = plan.get(name, ())
    return found


def _for(code: Body) -> str:
    return f"For: {code.get('text')}"


def _unversioned(one: Body) -> str:
    return str(one.get("reference")).partition("/_history/")[0]


def _ref(text: str) -> tuple[str, Any]:
    kind, _, ident = text.partition("/")
    return kind, parse_pseudonym(ident)
