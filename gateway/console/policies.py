"""What the policies in force decide, as `careloom policy check` finds it: counted, looser lines named."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import lru_cache

from gateway.privacy.check import check
from gateway.privacy.differences import Way, differences, shipped_for
from gateway.privacy.policy import load


@dataclass(frozen=True, slots=True)
class Judged:
    """One policy. ``actions``: how many elements each kind of line decides; ``looser``: what it keeps that
    the shipped one does not."""

    name: str
    digest: str
    ok: bool
    faults: tuple[str, ...]
    actions: tuple[tuple[str, int], ...]
    shipped: str
    looser: tuple[str, ...]
    tighter: int


@lru_cache(maxsize=8)
def judged(name: str) -> Judged:
    """A policy by its name or path; it was read at the start and stays as it is. Raises ``PolicyRefused``."""
    policy = load(name)
    report = check(policy)
    shipped = shipped_for(policy)
    changed = differences(policy, report, shipped)
    return Judged(
        policy.name,
        policy.digest,
        report.ok,
        (*report.dead, *report.shadowed, *report.gaps),
        tuple(Counter(row.action for row in report.rows).most_common()),
        shipped,
        tuple(row.path for row in changed.rows if row.way is Way.LOOSER),
        changed.count(Way.TIGHTER),
    )
