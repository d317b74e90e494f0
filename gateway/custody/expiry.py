"""What may go by now: retention rules, periods and holds as conditions on heads and versions.

The same question is asked twice: of a window of heads in a snapshot, to find what is due, and of those heads
again in the transaction that deletes, after the tenant's writers were stopped. ``docs/retention.md`` says why
each condition is there.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select
from sqlalchemy.sql.selectable import FromClause

from gateway.custody import holds
from gateway.custody.database import in_batches
from gateway.custody.ids import TENANT_COMPARTMENT, StoredId, Tenant, WriteNo
from gateway.custody.keeping import EVERY_TYPE, Counted, Rule, Rules
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

    def rule(self, type_: str) -> Rule | None:
        """The rule that a type is under, if any."""
        return self.rules.get(type_) or self.rules.get(EVERY_TYPE)

    def cutoff(self, type_: str) -> int:
        """What was written before this is due, and nothing of a type without a rule."""
        rule = self.rule(type_)
        return rule.keep.before(self.now) if rule else NEVER

    def over(self, type_: str, written: int, touched: int | None) -> bool:
        """Whether a period is over, by when it was written and its patient's chart was last touched."""
        rule = self.rule(type_)
        by_chart = rule is not None and rule.counted is Counted.LAST_TOUCHED and touched is not None
        return (touched if by_chart and touched is not None else written) < self.cutoff(type_)

    def replaced_before(self, type_: str) -> int:
        """Versions that were replaced before this are due."""
        rule = self.rule(type_)
        return rule.superseded.before(self.now) if rule and rule.superseded else NEVER


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
    whole = [*_over(conn, calendar, type_, asked), *_left_over(conn, calendar, asked)]
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


def _due(row: tuple[Any, ...], why: Why, numbers: tuple[WriteNo, ...] = ()) -> Due:
    type_, id_, compartment, version_, deleted = row
    return Due(type_, StoredId(id_), StoredId(compartment), version_, not deleted, why, numbers)


# --- a resource whose period is over ---------------------------------------------------------------------


def _over(conn: Connection, calendar: Calendar, type_: str, asked: Condition) -> list[Due]:
    cutoff = calendar.cutoff(type_)
    if cutoff == NEVER:
        return []
    # A chart was touched when this was written or later, so what is younger need not be looked at.
    old = and_(_newest.c.written < cutoff, _was_sent(_head), _has_content(_head))
    query = select(*_COLUMNS, _newest.c.written).select_from(_FROM).where(asked, old).order_by(_r.id)
    found = [(_due(tuple(head), Why.PERIOD), written) for *head, written in conn.execute(query)]
    touched = _touches(conn, calendar, {one.compartment for one, _ in found})
    over = [one for one, written in found if calendar.over(type_, written, touched.get(one.compartment))]
    return _last(conn, calendar, over) if type_ in LAST else over


def _touches(conn: Connection, calendar: Calendar, charts: Collection[StoredId]) -> dict[StoredId, int]:
    """When the EHR last wrote anything of these patients. The trail knows it, whatever was deleted since."""
    if all(rule.counted is Counted.WRITTEN for rule in calendar.rules.values()):
        return {}
    wrote = and_(_e.log == calendar.tenant, _e.kind.in_(WRITES), _e.outcome == "0")
    query = select(_e.patient, func.max(_e.time)).where(wrote).group_by(_e.patient)
    return {
        StoredId(patient): time
        for batch in in_batches(charts)
        for patient, time in conn.execute(query.where(_e.patient.in_(batch)))
    }


def _last(conn: Connection, calendar: Calendar, over: Sequence[Due]) -> list[Due]:
    """Those in whose charts, and in the other records of whose person, nothing else has to be kept."""
    charts = {one.compartment for one in over} - {TENANT_COMPARTMENT}
    persons = _persons(conn, calendar.tenant, charts)
    everything = {chart for person in persons.values() for chart in person} | charts
    kept = _charts_kept(conn, calendar, everything)
    return [one for one in over if kept.isdisjoint({one.compartment} | persons.get(one.compartment, set()))]


def _persons(conn: Connection, tenant: Tenant, charts: Collection[StoredId]) -> dict[StoredId, set[StoredId]]:
    """The other records that are said to be the same person's: their plan needs this one's Patient."""
    found: dict[StoredId, set[StoredId]] = {}
    for batch in in_batches(charts):
        named = or_(*(column.in_(batch) for column in (_m.patient, _m.successor, _m.survivor)))
        query = select(_m.patient, _m.successor, _m.survivor)
        for row in conn.execute(query.where(_m.tenant == tenant, _m.state != UNDONE, named)):
            together = {StoredId(one) for one in row if one is not None}
            for one in together:
                found.setdefault(one, set()).update(together)
    return found


def _charts_kept(conn: Connection, calendar: Calendar, charts: Collection[StoredId]) -> set[StoredId]:
    """The charts in which anything but ``LAST`` was sent whose period is not over."""
    touched = _touches(conn, calendar, charts)
    sent = and_(_r.tenant == calendar.tenant, _r.type.not_in(LAST), _was_sent(_head), _has_content(_head))
    query = select(_r.compartment, _r.type, func.max(_newest.c.written)).select_from(_FROM).where(sent)
    query = query.group_by(_r.compartment, _r.type)
    return {
        StoredId(chart)
        for batch in in_batches(charts)
        for chart, type_, written in conn.execute(query.where(_r.compartment.in_(batch)))
        if not calendar.over(type_, written, touched.get(StoredId(chart)))
    }


# --- what was derived and has nothing left to rest on ----------------------------------------------------


def _left_over(conn: Connection, calendar: Calendar, asked: Condition) -> list[Due]:
    sent = _beside(_was_sent(_other), _has_content(_other))
    fresh = _beside(_others_newest.c.written >= calendar.now - AT_REST)
    mine = and_(_r.compartment != TENANT_COMPARTMENT, ~_was_sent(_head), _has_content(_head))
    query = select(*_COLUMNS).select_from(_FROM).where(asked, mine, ~_some(sent), ~_some(fresh))
    return [_due(tuple(row), Why.REST) for row in conn.execute(query.order_by(_r.id))]


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
