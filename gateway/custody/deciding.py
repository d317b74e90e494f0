"""How often what a rule proposes is accepted, declined or left lying: counted by rule and version.

Only workers write here, in the transaction of the plan that the count comes from. A proposal that nobody
decided about for ``IGNORED`` counts as ignored; one whose evidence changed before that counts as nothing.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, and_, case, func, select
from sqlalchemy.dialects import postgresql, sqlite

from gateway.custody.decision_table import rule_decision
from gateway.custody.ids import Tenant
from gateway.custody.jobs import SECOND

IGNORED = 30 * 86_400 * SECOND
ENOUGH = 20
"""Decisions below which a rate says nothing."""
_d = rule_decision.c


@dataclass(frozen=True, slots=True)
class Decision:
    """What became of one proposal by one rule; ``reason`` is a code, or empty."""

    mark: bytes
    rule: str
    version: str
    outcome: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Rate:
    """The counts of one version of a rule in one hospital."""

    tenant: Tenant
    rule: str
    version: str
    counts: Mapping[str, int]
    """``open``, ``accepted``, ``declined``, ``ignored``"""
    reasons: Mapping[str, int] = field(default_factory=dict)

    @property
    def decided(self) -> int:
        """How many proposals a clinician decided about."""
        return self.counts.get("accepted", 0) + self.counts.get("declined", 0)

    @property
    def overridden(self) -> float | None:
        """The share that was declined, in percent, of what was decided; None where that is too little."""
        return 100 * self.counts.get("declined", 0) / self.decided if self.decided >= ENOUGH else None

    def is_over(self, percent: int) -> bool:
        """Whether clinicians decline this so often that somebody must look at the rule."""
        return self.overridden is not None and self.overridden > percent


def counted(conn: Connection, tenant: Tenant, marks: Sequence[bytes]) -> dict[bytes, str]:
    """What is counted already of these proposals."""
    mine = and_(_d.tenant == tenant, _d.mark.in_(list(marks)))
    return {bytes(row.mark): row.outcome for row in conn.execute(select(_d.mark, _d.outcome).where(mine))}


def count(conn: Connection, tenant: Tenant, decisions: Sequence[Decision], now: int) -> list[Decision]:
    """Keep what became of these proposals; answers those of which that was news."""
    before = counted(conn, tenant, [one.mark for one in decisions])
    news = [one for one in decisions if _is_news(before.get(one.mark), one.outcome)]
    dialect = postgresql if conn.dialect.name == "postgresql" else sqlite
    for one in news:
        row = dialect.insert(rule_decision).values(
            tenant=tenant,
            mark=one.mark,
            rule=one.rule,
            version=one.version,
            outcome=one.outcome,
            reason=one.reason,
            since=now,
        )
        told = {"outcome": one.outcome, "reason": one.reason, "since": now}
        conn.execute(row.on_conflict_do_update(index_elements=["tenant", "mark"], set_=told))
    return news


def _is_news(was: str | None, now: str) -> bool:
    """What was accepted once stays so while it only lies there; what nobody counted cannot become moot."""
    if now == "moot":
        return was == "open"
    if now == "open":
        return was in (None, "moot")
    return was != now


def rates(
    conn: Connection, now: int, tenant: Tenant | None = None, rules: Sequence[str] | None = None
) -> list[Rate]:
    """The counts, by hospital, rule and version."""
    ignored = and_(_d.outcome == "open", _d.since <= now - IGNORED)
    outcome = case((ignored, "ignored"), else_=_d.outcome).label("outcome")
    query = select(_d.tenant, _d.rule, _d.version, outcome, _d.reason, func.count().label("times"))
    query = query.where(_d.outcome != "moot").group_by(_d.tenant, _d.rule, _d.version, outcome, _d.reason)
    if tenant is not None:
        query = query.where(_d.tenant == tenant)
    if rules is not None:
        query = query.where(_d.rule.in_(list(rules)))
    counts: dict[tuple[int, str, str], Counter[str]] = defaultdict(Counter)
    reasons: dict[tuple[int, str, str], Counter[str]] = defaultdict(Counter)
    for row in conn.execute(query):
        key = row.tenant, row.rule, row.version
        counts[key][row.outcome] += row.times
        if row.outcome == "declined":
            reasons[key][row.reason or "none given"] += row.times
    return [Rate(Tenant(k[0]), k[1], k[2], dict(counts[k]), dict(reasons[k])) for k in sorted(counts)]
