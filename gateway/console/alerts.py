"""What somebody should look at now: an ordered table of questions, each answered by one index or one file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from sqlalchemy import Connection

from gateway import standing
from gateway.console import broken_glass, runs
from gateway.console.asked import Desk, Visit
from gateway.console.heads import LogState
from gateway.console.reading import Reading, Wanted
from gateway.custody import watch_cases
from gateway.custody.jobs import SECOND

GOOD, WARN, BAD = "good", "warn", "bad"
_DAY = 86_400 * SECOND
_LOOKED_BACK = 30 * _DAY
_VERIFIED_WITHIN = 8 * _DAY


@dataclass(frozen=True, slots=True)
class Alert:
    """One thing to look at, and where."""

    level: str
    text: str
    link: str = ""
    label: str = ""


@dataclass(frozen=True, slots=True)
class Scene:
    """What the questions may look at."""

    desk: Desk
    visit: Visit
    conn: Connection
    heads: Sequence[LogState]


Question: TypeAlias = Callable[[Scene], list[Alert]]


def _tampering(scene: Scene) -> list[Alert]:
    reading = Reading(scene.desk, scene.visit.person.organization)
    found = reading.search(Wanted([("outcome", "12")], scene.visit.now, None, 1))
    if not found.rows or found.rows[0].event.time < scene.visit.now - _LOOKED_BACK:
        return []
    text = "In the last 30 days somebody met data that had been altered."
    return [Alert(BAD, text, "/console/search?outcome=12", "Which")]


def _unsigned(scene: Scene) -> list[Alert]:
    late = [one for one in scene.heads if one.late]
    if not late:
        return []
    text = "New events wait longer than they should for a signed checkpoint. Is the courier running?"
    return [Alert(WARN, text)]


def _verified(scene: Scene) -> list[Alert]:
    last = runs.last_ended(scene.conn, runs.VERIFY, scene.visit.person.organization)
    if last is None:
        return [Alert(WARN, "The trail was never verified from here.", "/console/verify", "Verify it")]
    if last.outcome != runs.WHOLE:
        return [Alert(BAD, "The last verification found something wrong.", "/console/verify", "What")]
    if last.ended is not None and last.ended < scene.visit.now - _VERIFIED_WITHIN:
        return [
            Alert(WARN, "The trail was not verified for more than a week.", "/console/verify", "Verify it")
        ]
    return []


def _receivers(scene: Scene) -> list[Alert]:
    copies = scene.desk.settings.copies
    found = standing.standings(scene.desk.vault.database, copies, scene.visit.now)
    late = [name for name, state in standing.states(found, copies).items() if state == standing.LATE]
    return [
        Alert(WARN, f"A receiver of the trail is late: {name}. What it has not waits for it.")
        for name in late
    ]


def _glass(scene: Scene) -> list[Alert]:
    open_, late = broken_glass.waiting(scene.conn, scene.visit.person.organization, scene.visit.now)
    if not open_:
        return []
    text = f"Break-glass accesses that nobody has reviewed: {open_}."
    if late:
        text += f" Overdue: {late}."
    return [Alert(BAD if late else WARN, text, "/console/glass", "Review them")]


def _cases(scene: Scene) -> list[Alert]:
    count = sum(watch_cases.counts(scene.conn, scene.visit.person.organization).values())
    if not count:
        return []
    return [Alert(WARN, f"Open cases on the watch list: {count}.", "/console/watch", "Work through them")]


QUESTIONS: Sequence[Question] = (_tampering, _glass, _cases, _verified, _unsigned, _receivers)
"""In this order they are shown; another one is a function and a place here."""


def alerts(scene: Scene) -> list[Alert]:
    """Everything to look at now."""
    return [alert for question in QUESTIONS for alert in question(scene)]
