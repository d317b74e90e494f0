"""Proportion of days covered from a chart: of each long-term medicine that was dispensed with its days.

Counted from the first fill of the twelve months before the last one to the day of the last: what somebody has
done since the last fill nobody knows, and a share that fell by itself every day would be news every day. A
medicine is one whose supply is told in days, twice at least and over 90 days; the last fill is at most six
months old.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal

from mappers.facts import Medicine
from mappers.recommendations import Estimate, Rule, Scored
from workers.engine.answer import soonest
from workers.engine.calendar import DAY, Span
from workers.engine.case import Case
from workers.engine.enrichers import Enrichment
from workers.engine.enrichers.asked import sourced
from workers.engine.scores.score import answer
from workers.engine.scores.table import SCORES

LONG_TERM = frozenset(
    {
        "statin",
        "ras_inhibitor",
        "calcium_channel_blocker",
        "thiazide",
        "thiazide_like",
        "beta_blocker",
        "mineralocorticoid_antagonist",
        "biguanide",
        "sulfonylurea",
        "sglt2_inhibitor",
        "dpp4_inhibitor",
        "direct_oral_anticoagulant",
        "thyroid_hormone",
    }
)
"""Classes that are taken every day for years; own choice, unverified."""
YEAR_BEFORE, MAX_AGE = Span(-12), Span(6)
LEAST_DAYS, LEAST_FILLS = 90, 2
RULE = Rule(
    "score-pdc",
    "1",
    SCORES["pdc"].title,
    sourced("pdc", "Proportion of days covered: arithmetic", "Careloom", "2026-11-22"),
)


class Adherence:
    """The enricher."""

    rule = RULE

    def enrich(self, case: Case) -> Enrichment:
        """One share for each long-term medicine, by its ingredients."""
        told = [_told(names, fills, case.today) for names, fills in sorted(_fills(case).items())]
        return Enrichment(
            scores=tuple(one for one, _ in told if one), until=soonest(until for _, until in told)
        )


def _fills(case: Case) -> Mapping[tuple[str, ...], Sequence[Medicine]]:
    """What was dispensed, by ingredients, oldest first."""
    found: dict[tuple[str, ...], list[Medicine]] = defaultdict(list)
    for one in case.facts.medicines:
        dispensed = one.evidence.reference.startswith("MedicationDispense/")
        if dispensed and one.ingredients and one.started and one.stopped and LONG_TERM & set(one.classes):
            found[one.ingredients].append(one)
    return {names: sorted(fills, key=_day) for names, fills in found.items()}


def _day(fill: Medicine) -> date:
    return fill.started or date.min


def _told(
    names: tuple[str, ...], fills: Sequence[Medicine], today: date
) -> tuple[Scored | None, date | None]:
    last = _day(fills[-1])
    kept = [one for one in fills if _day(one) >= YEAR_BEFORE.after(last)]
    stale = MAX_AGE.after(last) + DAY
    days = (last - _day(kept[0])).days
    if today >= stale or len(kept) < LEAST_FILLS or days < LEAST_DAYS:
        return None, None
    return _scored(names, kept, days), stale


def _scored(names: tuple[str, ...], kept: Sequence[Medicine], days: int) -> Scored:
    first, last = _day(kept[0]), _day(kept[-1])
    pairs = [((_day(one) - first).days, ((one.stopped or _day(one)) - _day(one)).days) for one in kept]
    found = answer(SCORES["pdc"], {"fills": pairs, "period_start": 0, "period_days": days})
    share = round(Decimal(str(found.result["pdc"])) * 100, 0)
    name = " and ".join(names)
    return Scored(
        f"{RULE.id}-{'-'.join(names).replace(' ', '-')}",
        RULE,
        tuple(sorted({one.evidence for one in kept})),
        (Estimate(f"Days covered by {name}", share, share, "%"),),
        found.band or "below 80 %",
        when=last,
        notes=(f"From {first.isoformat()} to {last.isoformat()}, by {len(kept)} fills.",),
        category="therapy",
    )
