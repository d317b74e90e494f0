"""Which records of a clinic are one person: what ``Patient.link`` says, unless they contradict it. Pure.

Decided anew from all records of a group as they stand, so the order in which they came cannot matter. A group
grows from its surviving record (the end of the chain) outwards: a record joins when it contradicts none that
joined before, and of two that would join together and contradict each other neither does. One that was kept
out is the surviving record of what goes into it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations

from mappers.fhir_to_facts import patient
from mappers.lossless import Json
from mappers.r4.references import Literal, parse

BIRTH_DATE, SEX, DEATH, FORK, CYCLE = "birth date", "sex", "death", "fork", "cycle"
REPLACED_BY, REPLACES = "replaced-by", "replaces"

Id = bytes
"""Whatever tells records apart; its order decides nothing."""
Link = tuple[Id, Id]
"""A record, and the one that it goes into."""

_OPPOSED = (frozenset({"male", "female"}), frozenset({"M", "F"}))


class State(StrEnum):
    """What became of a link."""

    WAITING = "waiting"
    UNITED = "united"
    BLOCKED = "blocked"


@dataclass(frozen=True, slots=True)
class Record:
    """What of a Patient tells people apart; None where it is not told."""

    born: str | None
    """A FHIR date: year, month or day."""
    gender: str | None
    birth_sex: str | None
    deceased: bool


@dataclass(frozen=True, slots=True)
class Decision:
    """What became of a link: why it is blocked, or with which record its two ends are one person."""

    state: State
    reason: str | None = None
    survivor: Id | None = None


def record(body: dict[str, Json]) -> Record:
    """What a Patient says of itself."""
    return Record(
        born=body.get("birthDate"),
        gender=body.get("gender"),
        birth_sex=patient.birth_sex(body),
        deceased=patient.deceased(body),
    )


def links(body: dict[str, Json]) -> Iterator[tuple[str, str]]:
    """What a Patient says of other records: ``replaced-by`` or ``replaces``, and the other's id."""
    for link in body.get("link", ()):
        target = parse(link.get("other", {}).get("reference", ""))
        if link.get("type") not in (REPLACED_BY, REPLACES) or not isinstance(target, Literal):
            continue
        if target.type == "Patient":
            yield link["type"], target.id


def decided(records: Mapping[Id, Record], told: Collection[Link]) -> dict[Link, Decision]:
    """What becomes of each link, given every record that stands and is named by one of them."""
    chains = _Chains(records, told)
    kept_out = dict(chains.faults)
    survivor: dict[Id, Id] = {}
    for group, apart in _groups(chains):
        survivor |= dict.fromkeys(group, group[0])
        kept_out |= apart
    return {link: _decision(link, records, survivor, kept_out) for link in sorted(set(told))}


def _decision(
    link: Link, records: Mapping[Id, Record], survivor: Mapping[Id, Id], kept_out: Mapping[Id, str]
) -> Decision:
    one, other = link
    if one in records and other in records and survivor[one] == survivor[other] != one:
        return Decision(State.UNITED, survivor=survivor[one])
    if one in kept_out:
        return Decision(State.BLOCKED, kept_out[one])
    return Decision(State.WAITING)


# --- chains ----------------------------------------------------------------------------------------------


class _Chains:
    """Who goes into whom where that can be told: a forest of the records that stand."""

    def __init__(self, records: Mapping[Id, Record], told: Collection[Link]) -> None:
        self.records = records
        self.targets: dict[Id, set[Id]] = {}
        for one, other in told:
            self.targets.setdefault(one, set()).add(other)
        self._ahead = {one: self._reached(one) for one in self.targets}
        self.faults: dict[Id, str] = {}
        self.children: dict[Id, list[Id]] = {one: [] for one in records}
        self.roots = set(records)
        for one in self.targets:
            self._place(one)

    def standing_targets(self, one: Id) -> set[Id]:
        return self.targets.get(one, set()) & self.records.keys()

    def _place(self, one: Id) -> None:
        standing = self._nearest(self.standing_targets(one))
        if one in self._ahead[one]:
            self.faults[one] = CYCLE
        elif len(self._nearest(self.targets[one])) != 1 or len(standing) > 1:
            self.faults[one] = FORK
        elif one in self.records and standing:
            self.children[standing.pop()].append(one)
            self.roots.discard(one)

    def _nearest(self, targets: set[Id]) -> set[Id]:
        """Those that do not come behind another: what is told of the rest of a chain is told twice."""
        return {one for one in targets if not any(one in self._ahead.get(t, ()) for t in targets - {one})}

    def _reached(self, one: Id) -> set[Id]:
        seen: set[Id] = set()
        waiting = [one]
        while waiting:
            fresh = self.targets.get(waiting.pop(), set()) - seen
            seen |= fresh
            waiting += fresh
        return seen


# --- groups ----------------------------------------------------------------------------------------------


def _groups(chains: _Chains) -> Iterator[tuple[Sequence[Id], Mapping[Id, str]]]:
    """Each group with its surviving record first, and who was kept out of it for what."""
    roots = sorted(chains.roots)
    while roots:
        group, apart = _grown(chains, roots.pop())
        yield group, apart
        roots += apart


def _grown(chains: _Chains, root: Id) -> tuple[list[Id], dict[Id, str]]:
    group, apart, layer = [root], dict[Id, str](), [root]
    while layer:
        nearest = [child for one in layer for child in chains.children[one]]
        against = {one: _against(chains, one, group) for one in nearest}
        fit = [one for one in nearest if not against[one]]
        for one, other in combinations(fit, 2):
            found = contradictions(chains.records[one], chains.records[other])
            against[one] |= found
            against[other] |= found
        apart |= {one: _told(why) for one, why in against.items() if why}
        layer = [one for one in nearest if not against[one]]
        group += layer
    return group, apart


def _against(chains: _Chains, one: Id, group: Sequence[Id]) -> set[str]:
    """What keeps a record out of a group that has grown as far as the one that it goes into."""
    mine = chains.records[one]
    found = {name for other in group for name in contradictions(mine, chains.records[other])}
    if mine.deceased and not chains.records[group[0]].deceased:
        found.add(DEATH)
    if not chains.standing_targets(one) <= set(group):
        found.add(FORK)
    return found


def contradictions(one: Record, other: Record) -> set[str]:
    """What two records tell that cannot be true of one person."""
    found = set()
    if one.born and other.born and not (one.born.startswith(other.born) or other.born.startswith(one.born)):
        found.add(BIRTH_DATE)
    if {one.gender, other.gender} in _OPPOSED or {one.birth_sex, other.birth_sex} in _OPPOSED:
        found.add(SEX)
    return found


def _told(reasons: Iterable[str]) -> str:
    return ", ".join(sorted(reasons))
