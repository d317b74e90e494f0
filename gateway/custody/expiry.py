"""What may go by now: retention rules, periods and holds as conditions on heads and versions.

The same question is asked twice: of a window of heads in a snapshot, to find what is due, and of those heads
again in the transaction that deletes, after the tenant's writers were stopped. ``docs/retention.md`` says why
each condition is there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, case, func, literal, or_, select
from sqlalchemy.sql.selectable import FromClause

from gateway.custody import holds
from gateway.custody.ids import TENANT_COMPARTMENT, StoredId, Tenant, WriteNo
from gateway.custody.keeping import EVERY_TYPE, Counted, Rules
from gateway.custody.merges import UNDONE
from gateway.custody.periods import NEVER
from gateway.custody.tables import audit_event, patient_merge, record, version

LAST = ("Patient", "Consent")
"""Who somebody is and what they allowed goes when nothing else of them has to be kept."""

WRITES = ("rest:create", "rest:update", "rest:patch", "rest:delete")
"""Events by which an EHR touches a chart."""

AT_REST = 30 * 24 * 3600 * 1_000_000
"""How long nothing was written in a compartment before what was derived there goes."""

Condition = ColumnElement[bool]


class Why(StrEnum):
    """What makes it due."""

    PERIOD = "period"
    """The period of its type is over."""
    REST = "rest"
    """It was derived from what is not there any more."""
    SUPERSEDED = "superseded"
    """Versions of it were replaced long enough ago."""


@dataclass(frozen=True, slots=True)
class Due:
    """A resource of which something goes. ``numbers`` are the versions where not all of them go."""

    type: str
    id: StoredId
    compartment: StoredId
    version: int
    living: bool
    why: Why
    numbers: tuple[WriteNo, ...] = ()


@dataclass(frozen=True, slots=True)
class Calendar:
    """A tenant's rules, and what time it is."""

    tenant: Tenant
    rules: Rules
    now: int

    def cutoff(self, type_: ColumnElement[str]) -> ColumnElement[int]:
        """What was written before this is due: by type, and never for a type without a rule."""
        whens = [(type_ == name, rule.keep.before(self.now)) for name, rule in self._own()]
        rest = self.rules.get(EVERY_TYPE)
        otherwise = rest.keep.before(self.now) if rest else NEVER
        return case(*whens, else_=otherwise) if whens else literal(otherwise)

    def touched(self, type_: ColumnElement[str]) -> Condition:
        """Whether the period of a type runs from the last time that anything of its patient was sent."""
        own = {name: rule.counted is Counted.LAST_TOUCHED for name, rule in self._own()}
        rest = self.rules.get(EVERY_TYPE)
        listed = type_.in_([name for name, yes in own.items() if yes])
        return or_(listed, type_.not_in(list(own))) if rest and _by_patient(rest.counted) else listed

    def replaced_before(self, type_: str) -> int:
        rule = self.rules.get(type_) or self.rules.get(EVERY_TYPE)
        return rule.superseded.before(self.now) if rule and rule.superseded else NEVER

    def _own(self) -> list[tuple[str, Any]]:
        return sorted((name, rule) for name, rule in self.rules.items() if name != EVERY_TYPE)


def _by_patient(counted: Counted) -> bool:
    return counted is Counted.LAST_TOUCHED


def types(conn: Connection, tenant: Tenant) -> list[str]:
    """The types that a tenant has anything of."""
    found: list[str] = []
    # Each step is one seek in the heads' own tree, where DISTINCT would read all of it.
    query = select(func.min(record.c.type)).where(record.c.tenant == tenant)
    name = conn.scalar(query)
    while name is not None:
        found.append(name)
        name = conn.scalar(query.where(record.c.type > name))
    return found


def window(conn: Connection, tenant: Tenant, type_: str, after: bytes, size: int) -> list[StoredId]:
    """The next heads of a type by their key."""
    mine = (record.c.tenant == tenant, record.c.type == type_, record.c.id > after)
    return [
        StoredId(i) for i in conn.scalars(select(record.c.id).where(*mine).order_by(record.c.id).limit(size))
    ]


def due(conn: Connection, calendar: Calendar, type_: str, ids: Sequence[StoredId]) -> list[Due]:
    """What of these resources of one type may go now, each once."""
    if not ids:
        return []
    among = and_(_r.tenant == calendar.tenant, _r.type == type_, _r.id >= ids[0], _r.id <= ids[-1])
    among = and_(among, _r.id.in_(ids)) if len(ids) <= _FEW else among
    asked = and_(among, holds.free(calendar.tenant, _r.compartment))
    whole = _whole(conn, asked, _period_over(calendar, type_), Why.PERIOD)
    whole += _whole(conn, asked, _left_over(calendar), Why.REST)
    gone = {one.id for one in whole}
    return whole + [one for one in _superseded(conn, calendar, type_, asked) if one.id not in gone]


_FEW = 200
_e, _m = audit_event.c, patient_merge.c
_head, _other = record.alias("head"), record.alias("other")
_newest, _others_newest = version.alias("newest"), version.alias("others_newest")
_r, _o = _head.c, _other.c
_FROM = _head.join(_newest, _newest.c.write_no == _r.write_no)
_BESIDE = _other.join(_others_newest, _others_newest.c.write_no == _o.write_no)
_COLUMNS = (_r.type, _r.id, _r.compartment, _r.version, _r.deleted)


def _whole(conn: Connection, asked: Condition, met: Condition, why: Why) -> list[Due]:
    query = select(*_COLUMNS).select_from(_FROM).where(asked, met, _has_content(_head))
    return [_due(tuple(row), why) for row in conn.execute(query.order_by(_r.id))]


def _due(row: tuple[Any, ...], why: Why, numbers: tuple[WriteNo, ...] = ()) -> Due:
    type_, id_, compartment, version_, deleted = row
    return Due(type_, StoredId(id_), StoredId(compartment), version_, not deleted, why, numbers)


# --- a resource whose period is over ---------------------------------------------------------------------


def _period_over(calendar: Calendar, type_: str) -> Condition:
    over = and_(_was_sent(_head), _since(calendar, _head, _newest) < calendar.cutoff(_r.type))
    if type_ not in LAST:
        return over
    kept = and_(
        and_(_o.type.not_in(LAST), _was_sent(_other), _has_content(_other)),
        _since(calendar, _other, _others_newest) >= calendar.cutoff(_o.type),
    )
    nothing = and_(~_some(_beside(kept)), ~_some_of_the_person(calendar.tenant, kept))
    return and_(over, or_(_r.compartment == TENANT_COMPARTMENT, nothing))


def _some_of_the_person(tenant: Tenant, condition: Condition) -> Condition:
    """The same of the records that are said to be the same person's: their plan needs this one's Patient."""
    told = (_m.patient, _m.successor, _m.survivor)
    source = patient_merge.join(_other, and_(_o.tenant == _m.tenant, _o.compartment.in_(told)))
    source = source.join(_others_newest, _others_newest.c.write_no == _o.write_no)
    linked = and_(_m.tenant == tenant, _m.state != UNDONE, _r.compartment.in_(told))
    return select(_o.id).select_from(source).where(linked, condition).correlate(_head, _newest).exists()


def _since(calendar: Calendar, head: FromClause, newest: FromClause) -> ColumnElement[int]:
    """When the period of a head began."""
    alone = or_(head.c.compartment == TENANT_COMPARTMENT, ~calendar.touched(head.c.type))
    return case((alone, newest.c.written), else_=func.coalesce(_last_touched(head), newest.c.written))


def _last_touched(head: FromClause) -> ColumnElement[int]:
    """When the EHR last wrote anything of the patient. The trail knows it, whatever was deleted since."""
    wrote = and_(_e.kind.in_(WRITES), _e.outcome == "0")
    mine = and_(_e.log == head.c.tenant, _e.patient == head.c.compartment)
    newest = select(_e.time).where(mine, wrote).order_by(_e.seq.desc()).limit(1)
    return newest.correlate(head).scalar_subquery()


# --- what was derived and has nothing left to rest on ----------------------------------------------------


def _left_over(calendar: Calendar) -> Condition:
    sent = _beside(_was_sent(_other), _has_content(_other))
    fresh = _beside(_others_newest.c.written >= calendar.now - AT_REST)
    mine = and_(_r.compartment != TENANT_COMPARTMENT, ~_was_sent(_head))
    return and_(mine, ~_some(sent), ~_some(fresh))


# --- superseded versions ---------------------------------------------------------------------------------


def _superseded(conn: Connection, calendar: Calendar, type_: str, asked: Condition) -> list[Due]:
    before = calendar.replaced_before(type_)
    if before == NEVER:
        return []
    old, following = version.alias(), version.alias()
    after_it = and_(_same(old, following), following.c.version == old.c.version + 1)
    source = _head.join(old, _same(_head, old)).join(following, after_it)
    query = select(*_COLUMNS, old.c.write_no).select_from(source)
    query = query.where(asked, _r.deleted == 0, _was_sent(_head), following.c.written < before).order_by(
        _r.id, old.c.version
    )
    found: dict[tuple[Any, ...], list[WriteNo]] = {}
    for *head, number in conn.execute(query):
        found.setdefault(tuple(head), []).append(WriteNo(number))
    return [_due(head, Why.SUPERSEDED, tuple(numbers)) for head, numbers in found.items()]


# --- conditions ------------------------------------------------------------------------------------------


def _same(one: FromClause, other: FromClause) -> Condition:
    return and_(one.c.tenant == other.c.tenant, one.c.type == other.c.type, one.c.id == other.c.id)


def _has_content(head: FromClause) -> Condition:
    """Not only the mark that it was there."""
    kept = version.alias()
    return select(kept.c.write_no).where(_same(kept, head), kept.c.deleted == 0).correlate(head).exists()


def _was_sent(head: FromClause) -> Condition:
    """No version of it was written by a worker."""
    made = version.alias()
    ours = select(made.c.write_no).where(_same(made, head), made.c.origin == "derived")
    return ~ours.correlate(head).exists()


def _beside(*conditions: Condition) -> Condition:
    return and_(_o.tenant == _r.tenant, _o.compartment == _r.compartment, *conditions)


def _some(condition: Condition) -> Condition:
    return select(_o.id).select_from(_BESIDE).where(condition).correlate(_head, _newest).exists()
