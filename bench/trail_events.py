"""A trail as years of use leave it, invented: what the bench of the trail fills a store with.

Bundles of one hospital's record system, the engine's reading and writing after each, people who look at
charts and partners who poll; refusals among them, and three events that have something that a million others
do not have. Those lie at the very beginning, where a search from the newest on finds them last. Nothing here
is drawn: the same number is the same event.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from itertools import count

from msgspec.structs import replace

from gateway.custody.audit import Event
from gateway.custody.ids import StoredId, Tenant

EHR = "b7a0c1de-0000-4000-8000-00000000e4e4"
PARTNERS = tuple(f"b7a0c1de-0000-4000-8000-{number:012}" for number in range(1, 9))
RARE_CLIENT, RARE_USER, RARE_ADDRESS = "b7a0c1de-0000-4000-8000-0000000000ff", "bench|dr-rare", "203.0.113.9"
ENGINE = "careloom-worker"
RARE_PURPOSE, BREAK_GLASS, TREATMENT = "HRESCH", "BTG", "TREAT"
RARE_OUTCOME, RARE_ACTION = "12", "D"

_SENT = ("Observation", "Observation", "Observation", "MedicationRequest", "Condition", "Encounter")
_WRITTEN = ("CarePlan", "Goal", "Goal", "Provenance", "RiskAssessment")
_CHART, _PARTNER_BASE, _USERS = 64, 1_000, 400
_REFUSED_OF, _BROKEN_OF, _BREAKS_OF = 50, 9_973, 4_999


@dataclass(frozen=True, slots=True)
class Cast:
    """Whose trail it is: the hospital and its patients; the first moment, and the microseconds per event."""

    log: Tenant
    patients: tuple[StoredId, ...]
    start: int
    step: int


def resource_id(patient: StoredId, number: int) -> StoredId:
    """The stored id of one resource in a patient's chart."""
    return StoredId(blake2b(patient + number.to_bytes(4), digest_size=16).digest())


def transactions(cast: Cast, events: int) -> Iterator[list[Event]]:
    """So many events, oldest first, in lists that were committed together."""
    left = events
    for batch in _endless(cast):
        yield batch[:left]
        left -= len(batch)
        if left <= 0:
            return


def _endless(cast: Cast) -> Iterator[list[Event]]:
    yield _rare(cast)
    number = 3
    for turn in count():
        # A prime, so that patients do not take turns in step with anything else.
        patient = cast.patients[turn * 7_919 % len(cast.patients)]
        for scene in _SCENES:
            made = scene(_Moment(cast, turn, patient, cast.start + number * cast.step))
            yield made
            number += len(made)


@dataclass(frozen=True, slots=True)
class _Moment:
    """Where the play stands: which turn it is, whose, and when."""

    cast: Cast
    turn: int
    patient: StoredId
    time: int


def _rare(cast: Cast) -> list[Event]:
    plain = Event(
        time=cast.start,
        kind="rest:vread",
        action="R",
        outcome="0",
        status=200,
        client_id=EHR,
        organization=cast.log,
        type="Consent",
        id=resource_id(cast.patients[0], _CHART),
        patient=cast.patients[0],
    )
    return [
        replace(plain, kind="rest:delete", action=RARE_ACTION, status=204, client_id=RARE_CLIENT),
        replace(plain, outcome=RARE_OUTCOME, status=500, user=RARE_USER, purpose=RARE_PURPOSE),
        replace(plain, address=RARE_ADDRESS),
    ]


def _bundle(now: _Moment) -> list[Event]:
    """What a record system sends of one patient in one transaction."""
    again = now.turn >= len(now.cast.patients)
    kind, action, status = ("rest:update", "U", 200) if again else ("rest:create", "C", 201)
    request = f"{now.turn:016x}"
    digest = blake2b(now.patient, digest_size=32).digest()
    return [
        Event(
            time=now.time,
            kind=kind,
            action=action,
            outcome="0",
            status=status,
            client_id=EHR,
            organization=now.cast.log,
            type=_SENT[number % len(_SENT)] if number else "Patient",
            id=resource_id(now.patient, number % _CHART) if number else now.patient,
            version=1,
            patient=now.patient,
            digest=digest,
            address="10.20.0.5",
            request_id=request,
        )
        for number in range(100)
    ]


def _engine(now: _Moment) -> list[Event]:
    """The engine reads the chart and writes a plan with what belongs to it."""
    read = Event(
        time=now.time,
        kind="worker:read",
        action="R",
        outcome="0",
        status=200,
        client_id=ENGINE,
        organization=now.cast.log,
        patient=now.patient,
        detail=f"versions {100 + now.turn % 50}",
    )
    wrote = replace(read, kind="worker:create", action="C", detail=None, version=1 + now.turn % 9)
    written = [
        replace(wrote, type=type_, id=resource_id(now.patient, 1_000 + place))
        for place, type_ in enumerate(_WRITTEN)
    ]
    return [read, *written]


def _looks(now: _Moment) -> list[Event]:
    """Somebody at a workstation opens the chart; some ask for what is not there, a few break the glass."""
    return [_look(now, number) for number in range(24)]


def _look(now: _Moment, number: int) -> Event:
    at = now.turn * 24 + number
    refused, broken, breaks = (not at % every for every in (_REFUSED_OF, _BROKEN_OF, _BREAKS_OF))
    search = number % 3 == 0
    return Event(
        time=now.time + number,
        kind="rest:search" if search else "rest:read",
        action="E" if search else "R",
        outcome="8" if broken else "4" if refused else "0",
        status=500 if broken else 404 if refused else 200,
        client_id=EHR,
        organization=now.cast.log,
        user=f"bench|dr-{at * 31 % _USERS}",
        purpose=BREAK_GLASS if breaks else TREATMENT,
        type=_SENT[number % len(_SENT)],
        id=None if search else resource_id(now.patient, number),
        version=None if search or refused else 1,
        patient=now.patient,
        address=f"10.20.{1 + at % 4}.{at * 7 % 250}",
        request_id=f"{at:016x}",
        detail="query: patient=Patient/***&code=4548-4&_count=50" if search else None,
    )


def _polls(now: _Moment) -> list[Event]:
    """Partners ask for plans; every tenth time for one whom nobody granted them."""
    return [_poll(now, number) for number in range(len(PARTNERS))]


def _poll(now: _Moment, number: int) -> Event:
    refused = (now.turn + number) % 10 == 0
    return Event(
        time=now.time + number,
        kind="rest:search",
        action="E",
        outcome="4" if refused else "0",
        status=403 if refused else 200,
        client_id=PARTNERS[number],
        organization=Tenant(_PARTNER_BASE + number),
        type="CarePlan",
        patient=None if refused else now.patient,
        address=f"192.0.2.{number}",
        request_id=f"{now.turn:012x}{number:04x}",
        detail="query: identifier=***&_count=50",
    )


_SCENES: tuple[Callable[[_Moment], list[Event]], ...] = (_bundle, _engine, _looks, _polls)
