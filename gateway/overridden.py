"""How often clinicians decline what each rule proposes, and which rules they decline too often.

Counts of rules in hospitals: nothing here is about a patient.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, select

from gateway.custody.deciding import Rate, rates
from gateway.custody.ids import Tenant
from gateway.custody.tables import organization

OUTCOMES = ("open", "accepted", "declined", "ignored")


def report(conn: Connection, now: int, over: int, name: str | None = None) -> list[dict[str, Any]]:
    """One row for each version of a rule in each hospital, or in the one of this name."""
    names = _names(conn)
    found = rates(conn, now)
    return [
        _row(one, names[one.tenant], over)
        for one in found
        if one.tenant in names and name in (None, names[one.tenant])
    ]


def flagged(conn: Connection, now: int, over: int) -> set[tuple[str, str]]:
    """The rules and versions that some hospital declines too often."""
    return {(one.rule, one.version) for one in rates(conn, now) if one.is_over(over)}


def lines(found: Sequence[Rate]) -> Iterator[str]:
    """The counts of all hospitals together in Prometheus' text format."""
    name = "careloom_rule_proposals"
    yield f"# HELP {name} Proposals by rule and by what clinicians made of them."
    yield f"# TYPE {name} gauge"
    totals: dict[tuple[str, str], Counter[str]] = {}
    for one in found:
        totals.setdefault((one.rule, one.version), Counter()).update(one.counts)
    for (rule, version), counts in sorted(totals.items()):
        for outcome in OUTCOMES:
            labels = f'rule="{rule}",version="{version}",outcome="{outcome}"'
            yield f"{name}{{{labels}}} {counts[outcome]}"


def _row(one: Rate, name: str, over: int) -> dict[str, Any]:
    share = one.overridden
    return {
        "organization": name,
        "rule": one.rule,
        "version": one.version,
        **{outcome: one.counts.get(outcome, 0) for outcome in OUTCOMES},
        "override_percent": None if share is None else round(share, 1),
        "flagged": one.is_over(over),
        "reasons": dict(sorted(one.reasons.items())),
    }


def _names(conn: Connection) -> Mapping[Tenant, str]:
    rows = conn.execute(select(organization.c.number, organization.c.name))
    return {Tenant(row.number): row.name for row in rows}
