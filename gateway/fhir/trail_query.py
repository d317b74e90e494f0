"""An officer's question as SQL over the trail: every parameter is honoured or refused.

The values that name people are stored ids by now; nothing of them is in the clear.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from sqlalchemy import ColumnElement, and_, false, func, not_, or_

from gateway.custody.ids import StoredId
from gateway.custody.tables import audit_event
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
    """A client by its id, or a user as the client named it."""
    client = value.removeprefix("Device/").rpartition("|")[2]
    return or_(_c.client_id == client, _c.user == value)


def _address(value: str) -> Clause:
    """A string parameter: it begins so, whatever the case of its letters."""
    return func.lower(_c.address).startswith(value.lower(), autoescape=True)


def _token(column: ColumnElement[str], system: str) -> Callable[[str], Clause]:
    def clause(value: str) -> Clause:
        given, bar, code = value.rpartition("|")
        return false() if bar and given != system else column == code

    return clause


def _type(value: str) -> Clause:
    system, _, code = value.rpartition("|")
    kinds = [kind for kind, pattern in PATTERNS.items() if _is(pattern.type, value)]
    by_source = [_c.kind.startswith(f"{code}:", autoescape=True)] if system in ("", KIND_SYSTEM) else []
    if any(code == kind.partition(":")[0] for kind in PATTERNS):
        # Its events bear another code than our own.
        by_source = []
    return or_(false(), _c.kind.in_(kinds), *by_source)


def _subtype(value: str) -> Clause:
    system, bar, code = value.rpartition("|")
    kinds = [k for k, pattern in PATTERNS.items() if any(_is(one, value) for one in pattern.subtypes)]
    if not bar or system == KIND_SYSTEM:
        kinds.append(code)
    found = _c.kind.in_(kinds)
    return or_(found, _given_away()) if _is(DISCLOSED, value) else found


def _is(one: Code, value: str) -> bool:
    system, bar, code = value.rpartition("|")
    return one.code == code and (not bar or one.system == system)


def _given_away() -> Clause:
    """As ``audit_event.gave_away`` has it."""
    given = and_(_c.kind.in_(DISCLOSING), _c.patient.is_not(None), _c.outcome == "0")
    return and_(given, _c.organization != _c.log)


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
    "purpose": _token(_c.purpose, _PURPOSE_SYSTEM),
    "address": _address,
}

NAMES: Sequence[str] = (*_PLAIN, "patient", "entity")
