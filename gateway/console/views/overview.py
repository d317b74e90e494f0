"""The overview: what is new since one was here, what goes on, what was refused, what to look at."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Any

from gateway.console import heads, sums, words
from gateway.console.alerts import Scene, alerts
from gateway.console.asked import Answer, Desk, Shown, Visit
from gateway.console.charts import chart
from gateway.console.reading import Reading, Wanted
from gateway.console.rendering import local
from gateway.console.views.search import lines
from gateway.custody.audit import Event
from gateway.custody.jobs import SECOND

_REFUSALS = 6
_MOST_CLIENTS = 8


@dataclass(frozen=True, slots=True)
class Period:
    """How far back the overview looks: so many steps of so many hours."""

    name: str
    label: str
    steps: int
    hours: int


PERIODS = (
    Period("day", "24 hours", 24, 1),
    Period("week", "7 days", 7, 24),
    Period("month", "30 days", 30, 24),
    Period("quarter", "13 weeks", 13, 168),
)
_USUAL = PERIODS[1]


def show(desk: Desk, visit: Visit) -> Answer:
    """The first page after log-in."""
    reading, zone = Reading(desk, visit.person.organization), desk.settings.sign_in.zone
    period = next((one for one in PERIODS if one.name == visit.argument("period")), _USUAL)
    edges, labels = _edges(period, visit.now, zone)
    with desk.vault.database.read() as conn:
        counts = sums.counts(conn, reading.logs, edges)
        parts = sums.not_done(conn, reading.logs, edges)
        shares = sums.shares(conn, reading.logs, edges[0])
        new = sums.since(conn, reading.logs, visit.before)
        states = heads.states(conn, desk, visit.person.organization, visit.now)
        to_do = alerts(Scene(desk, visit, conn, states))
    refused = reading.search(Wanted([("outcome", sums.NOT_DONE)], visit.now, None, _REFUSALS))
    values = {
        "alerts": to_do,
        "new": new,
        "before": visit.before,
        "period": period,
        "periods": PERIODS,
        "chart": chart(labels, counts, parts),
        "sum": sum(counts),
        "not_done": sum(parts),
        "clients": _clients(shares, reading),
        "outcomes": [(words.OUTCOMES.get(o, o), o, n) for o, n in sorted(shares.outcomes.items())],
        "looked_at": shares.looked_at,
        "refused": lines(refused.rows, reading),
        "heads": states,
    }
    return Shown("overview.html", values, refused.patients)


def _edges(period: Period, now: int, zone: tzinfo) -> tuple[list[int], list[str]]:
    """The times between the bars, the last one ahead of now, and what stands under each bar."""
    end = local(now, zone).replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    if period.hours > 1:
        end = end.replace(hour=0) + timedelta(days=1 if local(now, zone).hour < 23 else 0)
    moments = [end - timedelta(hours=period.hours * back) for back in range(period.steps, -1, -1)]
    labels = [_label(moment, period) for moment in moments[:-1]]
    return [int(moment.timestamp()) * SECOND for moment in moments], labels


def _label(moment: datetime, period: Period) -> str:
    return f"{moment:%H}:00" if period.hours == 1 else f"{moment.day} {moment:%b}"


def _clients(shares: sums.Shares, reading: Reading) -> list[dict[str, Any]]:
    names = reading.names()
    most = sorted(shares.clients.items(), key=lambda pair: -pair[1])
    top = most[0][1] if most else 1
    shown = [
        {
            "name": words.capital(_name(client_id, names)),
            "id": client_id,
            "count": count,
            "share": max(1, 100 * count // top),
        }
        for client_id, count in most[:_MOST_CLIENTS]
    ]
    rest = sum(count for _, count in most[_MOST_CLIENTS:])
    return shown + ([{"name": "All others", "id": None, "count": rest, "share": 0}] if rest else [])


def _name(client_id: str | None, names: words.Names) -> str:
    told = Event(0, "", "", "", 0, client_id=client_id)
    return words.client_name(told, names) or "no client"
