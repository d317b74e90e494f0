"""What a policy does to every element of R4, told line by line, and the lines that do nothing.

Three faults make a policy unfit to sign. A *dead* line names what R4 does not have, or says what cannot be
done to it: in other tools a rule with a typo never fired, and nobody saw. A *shadowed* line is never asked,
because a more exact one or an enclosing element decides. A *gap* is an element that no line decides: it is
withheld, but nobody said so. Only what a resource can reach is looked at, so a line below something withheld
shows up.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gateway.privacy.elements import QUANTITIES, exists, is_primitive
from gateway.privacy.generalise import MEASURES
from gateway.privacy.lines import Lines, Spot
from gateway.privacy.policy import Kind, Policy, Verb
from mappers.r4.model import MODEL

_OPEN = frozenset({Verb.PARTS, Verb.CODED, Verb.PSEUDONYM})
_TEXT = frozenset({"string", "markdown", "code", "id", "uri", "url", "canonical", "oid", "uuid"})
_DATES = frozenset({"date", "dateTime", "instant"})
_MEASURES = QUANTITIES | {"Quantity"}
_GENERALISED = _DATES | {"string", "markdown", "xhtml"}
_LINKS = frozenset({"id", "string", "canonical", "uri", "url"})


@dataclass(frozen=True, slots=True)
class Row:
    """What becomes of one element."""

    type: str
    path: str
    kind: str
    action: str
    line: str
    """The line that decides; empty when none does."""


@dataclass(frozen=True, slots=True)
class Report:
    """The whole of a policy, and what is wrong with it."""

    policy: str
    rows: tuple[Row, ...]
    dead: tuple[str, ...]
    shadowed: tuple[str, ...]
    gaps: tuple[str, ...]

    @property
    def ok(self) -> bool:
        return bool(self.rows) and not (self.dead or self.shadowed or self.gaps)


def check(policy: Policy) -> Report:
    """Walk everything that a resource can reach under a policy."""
    survey = _Survey(policy)
    rows = tuple(survey.rows())
    unused = sorted(policy.lines.keys() - survey.used)
    nowhere = [line for line in unused if not exists(line)]
    return Report(
        policy=policy.name,
        rows=rows,
        dead=tuple(f"{line}: R4 has no such element" for line in nowhere) + tuple(sorted(survey.misfits)),
        shadowed=tuple(line for line in unused if line not in nowhere),
        gaps=tuple(sorted(survey.gaps)),
    )


class _Survey:
    """One walk over R4 under a policy: resources first, then the data types that they reach."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._lines = Lines(policy)
        self._reached: dict[str, None] = {}
        self.used: set[str] = set()
        self.gaps: set[str] = set()
        self.misfits: set[str] = set()

    def rows(self) -> Iterator[Row]:
        for kind in sorted(MODEL.resources):
            action = self._policy.lines.get(kind)
            if action is not None and action.verb is Verb.REFUSE:
                self.used.add(kind)
                yield Row(kind, kind, "Resource", str(action), kind)
            else:
                yield from self._parts(kind, kind, kind, ())
        done: set[str] = set()
        while waiting := sorted(self._reached.keys() - done):
            for kind in waiting:
                done.add(kind)
                yield from self._parts(kind, kind, kind, ())

    def _parts(self, owner: str, path: str, kind: str, outer: tuple[str, ...]) -> Iterator[Row]:
        for spot in self._lines.spots(kind, tuple(root for root in outer if root != kind)):
            here = f"{path}.{spot.key}"
            self._note(here, spot)
            yield Row(owner, here, spot.kind, _told(spot, self._policy.kind), spot.line)
            if is_primitive(spot.kind) or not _is_open(spot) or spot.kind not in MODEL.types:
                continue
            deeper = tuple(root for root in spot.outer if root != spot.kind)
            if spot.kind == here or deeper:
                yield from self._parts(owner, here, spot.kind, deeper)
            elif "." not in spot.kind:
                self._reached[spot.kind] = None

    def _note(self, path: str, spot: Spot) -> None:
        self.used.add(spot.line)
        if not spot.line and self._policy.kind is Kind.SPLIT:
            self.gaps.add(f"{path}: no line decides it")
        elif spot.element.modifier and spot.action.verb is Verb.WITHHOLD and not spot.speaks:
            self.gaps.add(f"{path}: it changes the meaning of what bears it and would go unseen")
        if not _fits(spot):
            self.misfits.add(f"{spot.line}: '{spot.action}' cannot be done to {spot.kind} ({path})")


def _is_open(spot: Spot) -> bool:
    return spot.action.verb in _OPEN or spot.action.how in MEASURES


def _told(spot: Spot, kind: Kind) -> str:
    """The action as it works out at this place."""
    listed = spot.element.codes in MODEL.codes
    if spot.kind == "code" and spot.action.verb is Verb.KEEP and kind is Kind.SPLIT and not listed:
        return "decided with its system" if spot.key == "code" else "withhold: R4 lists no codes"
    masked = spot.action.verb is Verb.WITHHOLD and spot.speaks
    return f"{spot.action}, marked" if masked else str(spot.action)


def _fits(spot: Spot) -> bool:
    verb, kind = spot.action.verb, spot.kind
    if verb in (Verb.WITHHOLD, Verb.MASK, Verb.REFUSE):
        return True
    if verb is Verb.GENERALISE:
        return kind in (_MEASURES if spot.action.how in MEASURES else _GENERALISED)
    if verb in (Verb.SHIFT, Verb.SHIFT_DAY, Verb.YEAR):
        return kind in _DATES
    if not is_primitive(kind):
        fitting = {
            Verb.PARTS: True,
            Verb.CODED: kind in _MEASURES | {"Coding"},
            Verb.PSEUDONYM: kind == "Identifier",
        }
        return fitting.get(verb, False)
    if verb is Verb.PSEUDONYM:
        return kind in _LINKS
    if verb is Verb.NAME:
        return kind in ("uri", "canonical") and not spot.many
    return verb is Verb.KEEP or (verb is Verb.MATCHING and kind in _TEXT)
