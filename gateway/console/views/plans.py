"""Plans: what rules proposed to this hospital's clinicians, what became of it, which rules were changed."""

from __future__ import annotations

from typing import Any

from gateway.console.asked import Answer, Desk, Shown, Visit
from gateway.custody import deciding, rulebook
from gateway.custody.deciding import ENOUGH, Rate
from mappers.recommendations_to_careplan import decision_reasons

_MOST_REASONS = 3
_OUTCOMES = ("accepted", "declined", "ignored", "open")


def show(desk: Desk, visit: Visit) -> Answer:
    """Counts by rule and version; what the hospital switched; what was recalled."""
    tenant, over = visit.person.organization, desk.settings.override_rate
    with desk.vault.database.read() as conn:
        rates = deciding.rates(conn, visit.now, tenant)
        switches = rulebook.switches(conn, tenant)
        recalls = rulebook.recalls(conn)
    rows = [_told(one, over) for one in rates]
    values = {
        "rules": sorted(rows, key=lambda row: (not row["flagged"], -row["proposed"])),
        "sums": {name: sum(row[name] for row in rows) for name in _OUTCOMES},
        "flagged": sum(row["flagged"] for row in rows),
        "over": over,
        "enough": ENOUGH,
        "switches": switches,
        "recalls": recalls,
    }
    return Shown("plans.html", values)


def _told(rate: Rate, over: int) -> dict[str, Any]:
    counts = {name: rate.counts.get(name, 0) for name in _OUTCOMES}
    common = sorted(rate.reasons.items(), key=lambda pair: (-pair[1], pair[0]))[:_MOST_REASONS]
    return {
        **counts,
        "rule": rate.rule,
        "version": rate.version,
        "proposed": sum(counts.values()),
        "overridden": rate.overridden,
        "flagged": rate.is_over(over),
        "reasons": [(_words(code), count) for code, count in common],
    }


def _words(code: str) -> str:
    known = decision_reasons().get(code)
    return known.display if known else code.capitalize()
