"""What became of each resource, counted: so many of a type, so many facts, and every reason why not.

A resource belongs to one heading only: it is evidence of a fact, or else unreadable, or else set aside. The
reasons are our own words and hold nothing of what was sent.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from mappers.facts import Evidence, Facts, SetAside, Unreadable
from mappers.fhir_to_facts.opened import Opened


@dataclass(frozen=True, slots=True)
class Account:
    """Of one type: how many resources there were, what they became, and the reasons with their counts.

    A reason counts each thing that it was given for: one panel can hold two values without a unit.
    """

    type: str
    resources: int
    facts: int = 0
    unreadable: int = 0
    set_aside: int = 0
    why_unreadable: Mapping[str, int] = field(default_factory=dict)
    why_set_aside: Mapping[str, int] = field(default_factory=dict)

    @property
    def dropped(self) -> int:
        """Resources of which nothing is said at all: always 0, or there is a fault."""
        return self.resources - self.facts - self.unreadable - self.set_aside

    @property
    def share(self) -> float:
        """How much of the type became facts."""
        return self.facts / self.resources if self.resources else 0.0


def account(resources: Sequence[Opened], known: Facts) -> tuple[Account, ...]:
    """What became of these resources of one patient, by type."""
    sent = {one.reference for one in resources}
    told = {one.reference for one in _evidence(known)}
    unread = {one.evidence.reference for one in known.unreadable} - told
    spared = {one.evidence.reference for one in known.set_aside}
    count = _counts(sent)
    facts, unreadable, set_aside = _counts(told & sent), _counts(unread), _counts(spared)
    return tuple(
        Account(
            kind,
            resources=count[kind],
            facts=facts[kind],
            unreadable=unreadable[kind],
            set_aside=set_aside[kind],
            why_unreadable=_reasons(kind, known.unreadable),
            why_set_aside=_reasons(kind, known.set_aside),
        )
        for kind in sorted(count)
    )


def total(accounts: Iterable[Account]) -> tuple[Account, ...]:
    """The accounts of many patients as one, by type."""
    merged: dict[str, Account] = {}
    for one in accounts:
        known = merged.get(one.type, Account(one.type, 0))
        merged[one.type] = Account(
            one.type,
            resources=known.resources + one.resources,
            facts=known.facts + one.facts,
            unreadable=known.unreadable + one.unreadable,
            set_aside=known.set_aside + one.set_aside,
            why_unreadable=_sum(known.why_unreadable, one.why_unreadable),
            why_set_aside=_sum(known.why_set_aside, one.why_set_aside),
        )
    return tuple(merged[kind] for kind in sorted(merged))


def aside(kind: str, reason: str) -> Account:
    """One resource that never came as far as the readers, and why."""
    return Account(kind, resources=1, set_aside=1, why_set_aside={reason: 1})


def _evidence(known: Facts) -> Iterator[Evidence]:
    """The evidence of every fact, of whatever group."""
    yield known.person.evidence
    for one in fields(known):
        group: Any = getattr(known, one.name)
        for said in group if isinstance(group, tuple) else ():
            if hasattr(said, "evidence") and not isinstance(said, Unreadable | SetAside):
                yield said.evidence


def _kind(reference: str) -> str:
    return reference.partition("/")[0]


def _counts(references: Iterable[str]) -> Counter[str]:
    return Counter(map(_kind, references))


def _reasons(kind: str, group: Iterable[Unreadable | SetAside]) -> dict[str, int]:
    counted = Counter(one.reason for one in group if _kind(one.evidence.reference) == kind)
    return dict(sorted(counted.items()))


def _sum(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted((Counter(one) + Counter(other)).items()))
