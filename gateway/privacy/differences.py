"""In what a policy differs from one that ships: the check judges form, and this shows what somebody changed.

An action is *looser* when it may tell more than the shipped one; what cannot be told to be tighter counts as
looser. What only withholds in another way, by a mark or by silence, is *other*.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

from gateway.privacy.check import Report, Row, check
from gateway.privacy.policy import CLINICAL, PARTNER_LIMITED, SHIPPED, Extension, Kind, Policy, load


class Way(Enum):
    """Whether more is told than under the shipped policy; in the order in which it is shown."""

    LOOSER = "looser"
    OTHER = "other"
    TIGHTER = "tighter"


_ORDER = list(Way)
_WITHHELD = 1
_KEPT = 99
_TELLS = {
    "refuse": 0,
    "withhold": _WITHHELD,
    "withhold,": _WITHHELD,
    "withhold:": _WITHHELD,
    "mask": _WITHHELD,
    "pseudonym": 2,
    "pseudonym-url": 2,
    "year": 3,
    "generalise birth-year": 3,
    "generalise year": 4,
    "generalise month": 5,
    "generalise zip3": 5,
    "generalise undated": 6,
    "generalise dates-in-text": 7,
    "generalise ages-in-text": 8,
    "generalise age": 8,
    "generalise years": 9,
    "keep-matching": 10,
    "coded": 10,
    "decided": 10,
    "shift-day": 11,
    "shift": 12,
    "parts": 13,
    "keep": _KEPT,
}
"""How much each action tells, the least first. Actions that are not comparable may stand at one height."""
_SILENT = "withhold: an enclosing element is withheld"


@dataclass(frozen=True, slots=True)
class Difference:
    """One element, or entry of a list, of which the two policies make something else."""

    type: str
    path: str
    action: str
    shipped: str
    way: Way

    @property
    def uncovers(self) -> bool:
        """Whether something is told that the shipped policy withholds whole."""
        return _tells(self.shipped) <= _WITHHELD < _tells(self.action)


@dataclass(frozen=True, slots=True)
class Differences:
    """All differences from one shipped policy, looser ones first."""

    shipped: str
    rows: tuple[Difference, ...]

    def count(self, way: Way) -> int:
        return sum(row.way is way for row in self.rows)

    @property
    def uncovered(self) -> int:
        return sum(row.uncovers for row in self.rows)

    def __str__(self) -> str:
        more = self.count(Way.LOOSER) - self.uncovered
        return (
            f"{self.uncovered:,} elements are kept that the shipped policy {self.shipped} withholds, "
            f"{more:,} more are looser, {self.count(Way.TIGHTER):,} tighter, {self.count(Way.OTHER):,} other."
        )


def shipped_for(policy: Policy) -> str:
    """The shipped policy of the same kind: for a release the one of its name, else the default profile."""
    if policy.kind is Kind.SPLIT:
        return CLINICAL
    return policy.name if policy.name in SHIPPED and policy.name != CLINICAL else PARTNER_LIMITED


def differences(policy: Policy, report: Report, shipped: str) -> Differences:
    """Every element whose action is not that of the shipped policy, and every entry of its lists."""
    theirs = load(shipped)
    found = [*_elements(report, check(theirs)), *_lists(policy, theirs)]
    found.sort(key=lambda row: (_ORDER.index(row.way), not row.uncovers))
    return Differences(shipped, tuple(found))


def _elements(mine: Report, theirs: Report) -> Iterator[Difference]:
    ours, shipped = ({row.path: row for row in report.rows} for report in (mine, theirs))
    for path, row in (shipped | ours).items():
        here, there = _action(ours, path), _action(shipped, path)
        if here != there and not {here, there} <= {_SILENT, "withhold"}:
            yield Difference(row.type, path, here, there, _way(here, there))


def _action(rows: Mapping[str, Row], path: str) -> str:
    return rows[path].action if path in rows else _SILENT


def _way(action: str, shipped: str) -> Way:
    told, before = _tells(action), _tells(shipped)
    if told == before == _WITHHELD:
        return Way.OTHER
    return Way.TIGHTER if told < before else Way.LOOSER


def _tells(action: str) -> int:
    return _TELLS.get(action, _TELLS.get(action.split(" ")[0], _KEPT))


def _lists(mine: Policy, theirs: Policy) -> Iterator[Difference]:
    yield from _extensions("extension", mine.extensions, theirs.extensions)
    yield from _extensions("modifierExtension", mine.modifiers, theirs.modifiers)
    for system, code in sorted(theirs.ages ^ mine.ages):
        told = ("keep", "generalise years") if (system, code) in theirs.ages else ("generalise years", "keep")
        yield Difference("[ages]", f"{system}|{code}", *told, _way(*told))


def _extensions(
    name: str, mine: Mapping[str, Extension], theirs: Mapping[str, Extension]
) -> Iterator[Difference]:
    for url in sorted(mine.keys() | theirs.keys()):
        here, there = mine.get(url), theirs.get(url)
        if here != there:
            within = there is not None and (here is None or _within(here, there))
            way = Way.TIGHTER if within else Way.LOOSER
            yield Difference(f"[{name}]", url, _allowed(here), _allowed(there), way)


def _within(one: Extension, other: Extension) -> bool:
    return one.codes <= other.codes and set(one.parts) <= set(other.parts)


def _allowed(extension: Extension | None) -> str:
    if extension is None:
        return "withhold"
    return f"parts: {len(extension.codes)} codes, {len(extension.parts)} inner urls"
