"""What is watched for, as data: which events, about whom, in which period, and how many are too many. Pure.

The numbers are our own choice, to be reviewed by each hospital: nobody publishes any that hold everywhere.
"Usual" is the mean of the same rule, subject and length of period before.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo

from gateway.custody.audit import Event
from gateway.custody.ids import StoredId

SECOND = 1_000_000
HOUR, DAY = 3_600 * SECOND, 86_400 * SECOND
_GIVING = frozenset({"rest:read", "rest:vread", "rest:history", "rest:search", "rest:everything"})
_FROM, _TO = 22, 6
"""The hours between which nobody is usually at work."""
MANY_TIMES = 5
"""So many times what is usual is a spike."""
KNOWN = 3
"""Periods of which something must be known before anything is unusual."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What a rule may know beside the event."""

    zone: tzinfo
    is_revoked: Callable[[str], bool]
    is_marked: Callable[[StoredId], bool]
    is_first: Callable[[str, StoredId], bool]


@dataclass(frozen=True, slots=True)
class Rule:
    """``subject`` names whom an event is about for this rule, or None. ``least`` opens a case; with
    ``unusual`` only when it is many times what is usual, too."""

    key: str
    title: str
    why: str
    period: int
    least: int
    subject: Callable[[Event, Scene], str | None]
    unusual: bool = False


def _given(event: Event) -> bool:
    return event.kind in _GIVING and event.outcome == "0"


def _volume(event: Event, _scene: Scene) -> str | None:
    return event.client_id if _given(event) else None


def _contact(event: Event, scene: Scene) -> str | None:
    if event.client_id is None or event.patient is None or not _given(event):
        return None
    return event.client_id if scene.is_first(event.client_id, event.patient) else None


def _hours(event: Event, scene: Scene) -> str | None:
    if event.user is None or event.patient is None or not _given(event):
        return None
    hour = datetime.fromtimestamp(event.time / SECOND, scene.zone).hour
    return event.user if hour >= _FROM or hour < _TO else None


def _refused(event: Event, _scene: Scene) -> str | None:
    return event.client_id if event.outcome == "4" and event.status in (401, 403) else None


def _marked(event: Event, scene: Scene) -> str | None:
    if event.patient is None or not _given(event) or not scene.is_marked(event.patient):
        return None
    return event.user or event.client_id


def _revoked(event: Event, scene: Scene) -> str | None:
    if event.kind != "token:refuse" or event.client_id is None:
        return None
    return event.client_id if scene.is_revoked(event.client_id) else None


def _identified(event: Event, _scene: Scene) -> str | None:
    looked = event.kind.startswith("console:") and event.patient is not None and event.outcome == "0"
    return event.user if looked else None


RULES: Mapping[str, Rule] = {
    rule.key: rule
    for rule in (
        Rule(
            "volume",
            "Far more data than usual went to one client",
            "Somebody may be taking records away.",
            HOUR,
            500,
            _volume,
            unusual=True,
        ),
        Rule(
            "first-contact",
            "A client met many patients for the first time",
            "A system usually asks about patients whom it knows.",
            DAY,
            50,
            _contact,
            unusual=True,
        ),
        Rule(
            "off-hours",
            "Somebody read many records at night",
            f"Between {_FROM} and {_TO} o'clock few people are at work.",
            DAY,
            30,
            _hours,
            unusual=True,
        ),
        Rule(
            "refusals",
            "A client was refused again and again",
            "It may be misconfigured, or somebody tries what is not theirs.",
            HOUR,
            20,
            _refused,
        ),
        Rule(
            "marked",
            "A marked patient's record was read",
            "Somebody asked that every access to it be looked at.",
            DAY,
            1,
            _marked,
        ),
        Rule(
            "revoked",
            "A revoked client still calls",
            "Its owner may not know, or somebody else has its key.",
            DAY,
            1,
            _revoked,
        ),
        Rule(
            "identified",
            "Somebody looked up many patients at the console",
            "There, pseudonyms are turned into patients.",
            DAY,
            40,
            _identified,
            unusual=True,
        ),
    )
}


def is_case(rule: Rule, count: int, periods: int, usual: int) -> bool:
    """Whether so many events in a period are something to look into."""
    if count < rule.least:
        return False
    return not rule.unusual or periods < KNOWN or count > MANY_TIMES * usual
