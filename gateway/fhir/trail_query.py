"""An officer's question as conditions on the trail: every parameter is honoured or refused.

The values that name people are stored ids by now; nothing of them is in the clear. Each parameter is told
twice: as the condition on an event, and as what ``trail_ways`` needs to find such events and read no others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

from sqlalchemy import ColumnElement, and_, false, func, not_, or_

from gateway.auth.users import PURPOSES
from gateway.custody.ids import StoredId
from gateway.custody.tables import audit_event
from gateway.custody.trail_tables import given_away
from gateway.fhir.asked import Parameters
from gateway.fhir.balp import DISCLOSED, DISCLOSING, KIND_SYSTEM, PATTERNS, Code
from gateway.fhir.moments import period
from gateway.fhir.outcome import turned_away
from gateway.refusal import Kind

Clause: TypeAlias = ColumnElement[bool]
Resolve: TypeAlias = Callable[[str, str], StoredId | None]
"""The stored id behind ``Type`` and an id as the officer's organization writes it."""

_c = audit_event.c
_DAY = 86_400_000_000
_ACTION_SYSTEM = "http://hl7.org/fhir/audit-event-action"
_OUTCOME_SYSTEM = "http://hl7.org/fhir/audit-event-outcome"
_PURPOSE_SYSTEM = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
_CODES = {
    _ACTION_SYSTEM: frozenset("CRUDE"),
    _OUTCOME_SYSTEM: frozenset({"0", "4", "8", "12"}),
    _PURPOSE_SYSTEM: PURPOSES,
}
"""Closed lists: a code that none of them has would find nothing, and look like nobody."""


class EventClass(NamedTuple):
    """What a trail has few of: kind, action and outcome of an event."""

    kind: str
    action: str
    outcome: str


@dataclass(frozen=True, slots=True, eq=False)
class Wish:
    """One parameter. ``keys`` are its values as the trail has them, each once; of ``type``, ``subtype``,
    ``action`` and ``outcome`` there are none, for ``fits`` tells which classes of events have them. With
    ``gives``, events are wished for as well by which another organization was given something."""

    name: str
    clause: Clause
    keys: tuple[Any, ...] = ()
    fits: Callable[[EventClass], bool] | None = None
    gives: bool = False


def wishes(parameters: Parameters, resolve: Resolve) -> list[Wish]:
    """One wish per parameter; values that are separated by commas are alternatives."""
    return [_wish(name, value, resolve) for name, value in parameters]


def clauses(parameters: Parameters, resolve: Resolve) -> list[Clause]:
    """The condition of each parameter on an event."""
    return [wish.clause for wish in wishes(parameters, resolve)]


def _wish(name: str, value: str, resolve: Resolve) -> Wish:
    if name not in NAMES:
        raise turned_away(Kind.MALFORMED, "not-supported", f"AuditEvent is searched by: {', '.join(NAMES)}.")
    if not value:
        raise turned_away(Kind.MALFORMED, "value", f"The parameter {name} has no value.")
    parts = list(dict.fromkeys(value.split(",")))
    clause = or_(false(), *[_one(name, part, resolve) for part in parts])
    if name in _CLASSES:
        tests = [_CLASSES[name](part) for part in parts]
        gives = name == "subtype" and any(_is(DISCLOSED, part) for part in parts)
        return Wish(name, clause, fits=lambda one: any(test(one) for test in tests), gives=gives)
    keys = dict.fromkeys(key for part in parts for key in _keys(name, part, resolve))
    return Wish(name, clause, tuple(keys))


def _keys(name: str, value: str, resolve: Resolve) -> list[Any]:
    if name == "patient":
        stored = resolve("Patient", value.removeprefix("Patient/"))
        return [] if stored is None else [stored]
    if name == "entity":
        type_, _, id_ = value.partition("/")
        stored = resolve(type_, id_)
        return [] if stored is None else [(type_, stored)]
    if name == "agent":
        return [(_client(value), value)]
    if name == "_id":
        place = place_of(value)
        return [] if place is None else [place]
    if name == "purpose":
        code = _named(_PURPOSE_SYSTEM, value)
        return [] if code is None else [code]
    return [value.lower()] if name == "address" else []


def _one(name: str, value: str, resolve: Resolve) -> Clause:
    if name == "patient":
        return or_(false(), *[_c.patient == stored for stored in _keys(name, value, resolve)])
    if name == "entity":
        return _entity(value, resolve)
    return _PLAIN[name](value)


def _entity(value: str, resolve: Resolve) -> Clause:
    if not value.partition("/")[2]:
        raise turned_away(Kind.MALFORMED, "value", "entity must be Type/id.")
    return or_(
        false(), *[and_(_c.type == type_, _c.id == id_) for type_, id_ in _keys("entity", value, resolve)]
    )


def place_of(text: str) -> tuple[int, int] | None:
    """The log and the place in it that an event's id names; None where it is none."""
    log, dash, seq = text.partition("-")
    plain = dash and all(part.isascii() and part.isdigit() and len(part) < 13 for part in (log, seq))
    return (int(log), int(seq)) if plain else None


def _ident(value: str) -> Clause:
    place = place_of(value)
    return false() if place is None else and_(_c.log == place[0], _c.seq == place[1])


def _client(value: str) -> str:
    return value.removeprefix("Device/").rpartition("|")[2]


def _agent(value: str) -> Clause:
    """A client by its id, or a user as the client named it."""
    return or_(_c.client_id == _client(value), _c.user == value)


def _address(value: str) -> Clause:
    """A string parameter: it begins so, whatever the case of its letters."""
    return func.lower(_c.address).startswith(value.lower(), autoescape=True)


def _named(system: str, value: str) -> str | None:
    """The code of a value, unless it names another system than this one."""
    given, bar, code = value.rpartition("|")
    return None if bar and given != system else code


def _token(column: ColumnElement[str], system: str) -> Callable[[str], Clause]:
    def clause(value: str) -> Clause:
        code = _named(system, value)
        if code is not None and code not in _CODES[system]:
            told = f"{column.name} must be one of {', '.join(sorted(_CODES[system]))}."
            raise turned_away(Kind.MALFORMED, "value", told)
        return false() if code is None else column == code

    return clause


@dataclass(frozen=True, slots=True)
class _Kinds:
    """Kinds of events: these, and all of one source."""

    names: tuple[str, ...]
    source: str | None = None

    def clause(self) -> Clause:
        named = _c.kind.in_(self.names)
        return named if self.source is None else or_(named, _c.kind.startswith(self.source, autoescape=True))

    def have(self, kind: str) -> bool:
        return kind in self.names or (self.source is not None and kind.startswith(self.source))


def _type_kinds(value: str) -> _Kinds:
    system, _, code = value.rpartition("|")
    kinds = tuple(kind for kind, pattern in PATTERNS.items() if _is(pattern.type, value))
    # Events of a known source bear another code than our own.
    own = system in ("", KIND_SYSTEM) and all(code != kind.partition(":")[0] for kind in PATTERNS)
    return _Kinds(kinds, f"{code}:" if own else None)


def _subtype_kinds(value: str) -> _Kinds:
    system, bar, code = value.rpartition("|")
    kinds = [k for k, pattern in PATTERNS.items() if any(_is(one, value) for one in pattern.subtypes)]
    return _Kinds((*kinds, code) if not bar or system == KIND_SYSTEM else tuple(kinds))


def _type(value: str) -> Clause:
    return _type_kinds(value).clause()


def _subtype(value: str) -> Clause:
    found = _subtype_kinds(value).clause()
    return or_(found, _given_away()) if _is(DISCLOSED, value) else found


def _is(one: Code, value: str) -> bool:
    system, bar, code = value.rpartition("|")
    return one.code == code and (not bar or one.system == system)


def _given_away() -> Clause:
    """As ``audit_event.gave_away`` has it."""
    return and_(given_away(), _c.kind.in_(DISCLOSING), _c.outcome == "0")


def _date(value: str) -> Clause:
    prefix, rest = (value[:2], value[2:]) if value[:2].isalpha() else ("eq", value)
    compare = _COMPARISONS.get(prefix)
    if compare is None:
        raise turned_away(
            Kind.MALFORMED, "value", "date must begin with a prefix of FHIR's, such as ge, or with a year."
        )
    return compare(*period("date", rest))


_COMPARISONS: Mapping[str, Callable[[int, int], Clause]] = {
    "eq": lambda low, high: and_(_c.time >= low, _c.time < high),
    "ne": lambda low, high: not_(and_(_c.time >= low, _c.time < high)),
    "gt": lambda _, high: _c.time >= high,
    "sa": lambda _, high: _c.time >= high,
    "lt": lambda low, _: _c.time < low,
    "eb": lambda low, _: _c.time < low,
    "ge": lambda low, _: _c.time >= low,
    "le": lambda _, high: _c.time < high,
    "ap": lambda low, high: and_(_c.time >= low - _DAY, _c.time < high + _DAY),
}


def earliest(parameters: Parameters) -> int:
    """Before this moment there is nothing that these parameters ask for; 0 where no date says so."""
    asked = [value.split(",") for name, value in parameters if name == "date"]
    return max((min(map(_begins, parts)) for parts in asked), default=0)


def _begins(value: str) -> int:
    prefix, rest = (value[:2], value[2:]) if value[:2].isalpha() else ("eq", value)
    low, high = period("date", rest)
    return {"eq": low, "ge": low, "gt": high, "sa": high, "ap": low - _DAY}.get(prefix, 0)


_PLAIN: Mapping[str, Callable[[str], Clause]] = {
    "_id": _ident,
    "date": _date,
    "agent": _agent,
    "type": _type,
    "subtype": _subtype,
    "action": _token(_c.action, _ACTION_SYSTEM),
    "outcome": _token(_c.outcome, _OUTCOME_SYSTEM),
    "purpose": _token(_c.purpose, _PURPOSE_SYSTEM),
    "address": _address,
}

_CLASSES: Mapping[str, Callable[[str], Callable[[EventClass], bool]]] = {
    "type": lambda value: lambda one: _type_kinds(value).have(one.kind),
    "subtype": lambda value: lambda one: _subtype_kinds(value).have(one.kind),
    "action": lambda value: lambda one: _named(_ACTION_SYSTEM, value) == one.action,
    "outcome": lambda value: lambda one: _named(_OUTCOME_SYSTEM, value) == one.outcome,
}

NAMES: Sequence[str] = (*_PLAIN, "patient", "entity")
