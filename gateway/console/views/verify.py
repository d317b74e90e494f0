"""Verify: the whole trail recomputed while one watches; and an export that proves itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from gateway.console import heads, runs
from gateway.console.asked import Answer, Denied, Desk, Moved, Sent, Shown, Visit, nothing_there
from gateway.console.doing import PLACE
from gateway.console.people import OFFICERS
from gateway.console.runs import EXPORT, VERIFY, Order, Run
from gateway.custody.jobs import SECOND

HERE = "/console/verify"
_SHOWN = 8
_WAITS = 20 * SECOND
_PART = 1 << 18
_FORMS = ("ndjson", "csv")


def show(desk: Desk, visit: Visit) -> Answer:
    """What runs, what was found, and what can be fetched."""
    organization = visit.person.organization
    with desk.vault.database.read() as conn:
        verified = [_told(run, visit.now) for run in runs.latest(conn, VERIFY, organization, _SHOWN)]
        exported = [_told(run, visit.now) for run in runs.latest(conn, EXPORT, organization, _SHOWN)]
        states = heads.states(conn, desk, organization, visit.now)
    for one in exported:
        one["there"] = _file(desk, bytes.fromhex(one["id"])).exists()
    values = {
        "verified": verified,
        "exported": exported,
        "heads": states,
        "may_export": visit.person.role in OFFICERS,
        "running": any(one["running"] for one in (*verified[:1], *exported[:1])),
    }
    return Shown("verify.html", values)


def begin(desk: Desk, visit: Visit) -> Answer:
    """Order a verification; the courier begins within a second or two."""
    return _ordered(desk, visit, VERIFY, {})


def export(desk: Desk, visit: Visit) -> Answer:
    """Order an export of the organization's log."""
    form = visit.form.get("format", "ndjson")
    if form not in _FORMS:
        raise Denied(400, "An export is written as ndjson or csv.")
    since, until = _day(visit.form.get("since", "")), _day(visit.form.get("until", ""))
    if since and until and since > until:
        raise Denied(400, "The first day lies behind the last one.")
    wish: dict[str, object] = {"form": form}
    if since:
        wish["since"] = _micros(since)
    if until:
        wish["until"] = _micros(until + timedelta(days=1))
    return _ordered(desk, visit, EXPORT, wish)


def fetch(desk: Desk, visit: Visit) -> Answer:
    """The file of an export."""
    try:
        id_ = bytes.fromhex(visit.place["id"])
    except ValueError:
        raise nothing_there() from None
    with desk.vault.database.read() as conn:
        run = runs.find(conn, visit.person.organization, id_)
    file = _file(desk, id_)
    if run is None or run.kind != EXPORT or not file.exists():
        raise nothing_there("This file is not here: files are kept for a day. Have it made anew.")
    return Sent(_parts(file), "careloom-trail.zip", "application/zip")


def _ordered(desk: Desk, visit: Visit, kind: str, wish: dict[str, object]) -> Answer:
    person = visit.person
    order = Order(kind, person.organization, person.id, visit.now, json.dumps({**wish, "user": person.user}))
    with desk.vault.database.write() as conn:
        runs.ask(conn, desk.entropy(runs.ID_BYTES), order)
    return Moved(HERE, detail=f"ordered: {kind}")


def _told(run: Run, now: int) -> dict[str, Any]:
    """A run as the page shows it."""
    report = json.loads(run.report) if run.report else {}
    waits = run.begun is None or (run.beat is not None and run.beat < now - runs.SILENT)
    return {
        "id": run.id.hex(),
        "asked": run.asked,
        "ended": run.ended,
        "running": run.ended is None,
        "waiting": run.ended is None and waits,
        "stuck": run.ended is None and waits and now - run.asked > _WAITS,
        "share": run.share,
        "done": run.done,
        "total": run.total,
        "outcome": run.outcome,
        "report": report,
        "seconds": None if run.ended is None or run.begun is None else (run.ended - run.begun) // SECOND,
    }


def _file(desk: Desk, id_: bytes) -> Path:
    return desk.settings.storage.data_dir / PLACE / f"{id_.hex()}.zip"


def _parts(file: Path) -> Iterator[bytes]:
    with file.open("rb") as opened:
        while part := opened.read(_PART):
            yield part


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise Denied(400, "A day is written as 2026-03-02.") from None


def _micros(day: date) -> int:
    return int(datetime.combine(day, time(), UTC).timestamp()) * SECOND
