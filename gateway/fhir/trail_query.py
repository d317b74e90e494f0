"""An officer's question as SQL over the trail: every parameter is honoured or refused.

The values that name people are stored ids by now; nothing of them is in the clear.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from sqlalchemy import ColumnElement, and_, false, not_, or_

from gateway.custody.ids import StoredId
from gateway.custody.tables import audit_event
from gateway.fhir.asked import Parameters
from gateway.fhir.audit_event import INTERACTION, KIND_SYSTEM, SUBTYPES, TYPES
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


def clauses(parameters: Parameters, resolve: Resolve) -> list[Clause]:
    """One condition per parameter; values that are separated by commas are alternatives."""
    return [_clause(name, value, resolve) for name, value in parameters]


def _clause(name: str, value: str, resolve: Resolve) -> Clause:
    if name not in NAMES:
        raise turned_away(Kind.MALFORMED, "not-supported", f"AuditEvent is searched by: {', '.join(NAMES)}.")
    if not value:
        raise turned_away(Kind.MALFORMED, "value", f"The parameter {name} has no value.")
    return or_(false(), *[_one(name, part, resolve) for part in value.split(",")])


def _one(name: str, value: str, resolve: Resolve) -> Clause:
    if name == "patient":
        return _patient(value, resolve)
    if name == "entity":
        return _entity(value, resolve)
    return _PLAIN[name](value)


def _patient(value: str, resolve: Resolve) -> Clause:
    stored = resolve("Patient", value.removeprefix("Patient/"))
    return false() if stored is None else _c.patient == stored


def _entity(value: str, resolve: Resolve) -> Clause:
    type_, _, id_ = value.partition("/")
    if not id_:
        raise turned_away(Kind.MALFORMED, "value", "entity must be Type/id.")
    stored = resolve(type_, id_)
    return false() if stored is None else and_(_c.type == type_, _c.id == stored)


def _agent(value: str) -> Clause:
    return _c.client_id == value.removeprefix("Device/").rpartition("|")[2]


def _token(column: ColumnElement[str], system: str) -> Callable[[str], Clause]:
    def clause(value: str) -> Clause:
        given, bar, code = value.rpartition("|")
        return false() if bar and given != system else column == code

    return clause


def _type(value: str) -> Clause:
    system, bar, code = value.rpartition("|")
    sources = [s for s, known in TYPES.items() if known[1] == code and (not bar or known[0] == system)]
    if code not in {known[1] for known in TYPES.values()} and system in ("", KIND_SYSTEM):
        sources.append(code)
    return or_(false(), *[_c.kind.startswith(f"{source}:", autoescape=True) for source in sources])


def _subtype(value: str) -> Clause:
    system, bar, code = value.rpartition("|")
    kinds = [k for k, known in SUBTYPES.items() if known[1] == code and (not bar or known[0] == system)]
    if not bar or system == INTERACTION:
        kinds.append(f"rest:{code}")
    if not bar or system == KIND_SYSTEM:
        kinds.append(code)
    return _c.kind.in_(kinds)


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

_PLAIN: Mapping[str, Callable[[str], Clause]] = {
    "date": _date,
    "agent": _agent,
    "type": _type,
    "subtype": _subtype,
    "action": _token(_c.action, _ACTION_SYSTEM),
    "outcome": _token(_c.outcome, _OUTCOME_SYSTEM),
}

NAMES: Sequence[str] = (*_PLAIN, "patient", "entity")
