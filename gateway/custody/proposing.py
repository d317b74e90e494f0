"""The statements by which blind rows propose: one for each form that a search may have, written once.

A form is what is left of a search without its values: how many of each kind it has, rounded up to a power of
two, and in which order it wants them. Of the forms that clients ask there are few, so a search finds its
statement ready.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    CompoundSelect,
    Select,
    Table,
    and_,
    bindparam,
    exists,
    false,
    func,
    or_,
    select,
    union_all,
)

from gateway.custody.prepared import Prepared, one_of
from gateway.custody.tables import (
    identity_range,
    identity_token,
    record,
    search_range,
    search_token,
    version,
)

_r = record.c
_old = version.alias("old")
_earlier = version.alias("earlier")
_own = version.alias("own")
_MINE = and_(_r.tenant == bindparam("tenant"), _r.type == bindparam("type"))
# A sum and a function have no index: what SQLite is not to search by is written so, and then only tried.
_MINE_WALKED = and_(_r.tenant + 0 == bindparam("tenant"), func.coalesce(_r.type, "") == bindparam("type"))

Rows: TypeAlias = Select[tuple[int]] | CompoundSelect[tuple[int]]


class Shape(NamedTuple):
    """How many values of each kind a clause has; ranges and spans are each a key, a low and a high."""

    tokens: int = 0
    ranges: int = 0
    names: int = 0
    spans: int = 0
    ids: int = 0
    negated: bool = False


class Way(Enum):
    """How heads are looked for. PostgreSQL knows best itself, for each value anew; SQLite has to be told."""

    OPEN = "open"
    LED = "led"
    """By the rows of the first clause; the others are only tried."""
    TYPED = "typed"
    """All of the type, of which there are few."""
    WALKED = "walked"
    """In the order of writing, each asked whether it bears what the clauses name."""


class Form(NamedTuple):
    """A search without its values."""

    shapes: tuple[Shape, ...]
    way: Way = Way.OPEN
    after: bool = False
    ascending: bool = False
    written: bool = False
    limited: bool = True


@lru_cache(maxsize=512)
def standing(form: Form) -> Prepared:
    """Heads that were written under the ceiling: they are their own place."""
    columns = (_r.write_no, _r.id, _r.version, _r.compartment, _r.write_no)
    heads = _heads(form, _MINE_WALKED if form.way is Way.WALKED else _MINE)
    return Prepared(_page(heads.with_only_columns(*columns), _number(form), form), by_values=True)


@lru_cache(maxsize=512)
def counted(form: Form) -> Prepared:
    """How many heads there are; no further than to the limit, where there is one."""
    if not form.limited:
        return Prepared(_heads(form).with_only_columns(func.count()), by_values=True)
    some = _heads(form).with_only_columns(_r.write_no).limit(_place("limit"))
    return Prepared(select(func.count()).select_from(some.subquery()), by_values=True)


@lru_cache(maxsize=512)
def moved(form: Form, count: int) -> Prepared:
    """Heads among so many writes above the ceiling, at the place of the version that was under it."""
    under = (_earlier.c.tenant == _r.tenant, _earlier.c.type == _r.type, _earlier.c.id == _r.id)
    newest = select(func.max(_earlier.c.write_no)).where(*under, _earlier.c.write_no <= bindparam("ceiling"))
    query = (
        select(_r.write_no, _r.id, _r.version, _r.compartment, _old.c.write_no)
        .join_from(record, _old, _old.c.write_no == newest.scalar_subquery())
        .where(_MINE, one_of(_r.write_no, "moved", count), _old.c.deleted == 0)
        .where(*_holding(form))
    )
    return Prepared(_page(query, _old.c.write_no, form), by_values=True)


CHANGED = Prepared(
    select(version.c.write_no).where(
        version.c.write_no > bindparam("ceiling"),
        version.c.write_no <= bindparam("top"),
        # By numbers, of which few lie above: else the index of all versions of the type is walked through.
        func.coalesce(version.c.type, "") == bindparam("type"),
        version.c.version > 1,
    )
)
"""Writes above the ceiling of what can have been there under it."""


OF_TYPE = Prepared(
    select(func.count()).select_from(select(_r.write_no).where(_MINE).limit(bindparam("limit")).subquery())
)
"""How many heads there are of a type, no further than to the limit."""


@lru_cache(maxsize=128)
def size(shape: Shape) -> Prepared:
    """How many writes bear one of the rows of a clause that comes first, no further than to the limit."""
    rows = _rows(shape, 0)
    assert rows is not None, "a clause without rows has no size"
    return Prepared(select(func.count()).select_from(rows.limit(_place("limit")).subquery()))


# --- parts -----------------------------------------------------------------------------------------------


def _heads(form: Form, mine: ColumnElement[bool] = _MINE) -> Select[Any]:
    under = _number(form).between(bindparam("low"), bindparam("ceiling"))
    return select(record).where(mine, under, *_holding(form))


def _number(form: Form) -> ColumnElement[Any]:
    return _r.write_no + 0 if form.way is Way.TYPED else _r.write_no


def _holding(form: Form) -> list[ColumnElement[bool]]:
    """What must hold of a head."""
    holding = [_r.deleted == 0]
    for number, shape in enumerate(form.shapes):
        tried = form.way in (Way.TYPED, Way.WALKED) or (form.way is Way.LED and number > 0)
        holding.append(
            _holds(shape, number, _r.write_no + 0 if tried else _r.write_no, form.way is Way.WALKED)
        )
    if form.written:
        span = _own.c.written.between(bindparam("since"), bindparam("until"))
        holding.append(exists().where(_own.c.write_no == _r.write_no, span))
    return holding


def _holds(shape: Shape, number: int, write_no: ColumnElement[Any], walked: bool) -> ColumnElement[bool]:
    if shape.ids:
        return one_of(_r.id, f"ids{number}", shape.ids)
    rows = _rows(shape, number)
    if rows is None:
        # A condition that nothing can meet; negated, one that everything meets.
        return ~false() if shape.negated else false()
    if walked and not (shape.ranges or shape.spans):
        found: ColumnElement[bool] = or_(
            *(_bears(table, name, count) for table, name, count in _named(shape, number))
        )
    else:
        found = write_no.in_(rows)
    return ~found if shape.negated else found


def _named(shape: Shape, number: int) -> list[tuple[Table, str, int]]:
    """The tables of keys that a clause asks, the name of its values there, and how many they are."""
    both = ((search_token, "tokens", shape.tokens), (identity_token, "names", shape.names))
    return [(table, f"{kind}{number}", count) for table, kind, count in both if count]


def _bears(table: Table, name: str, count: int) -> ColumnElement[bool]:
    return exists().where(one_of(table.c.key, name, count), table.c.write_no == _r.write_no)


def _rows(shape: Shape, number: int) -> Rows | None:
    """The writes that bear one of a clause's rows."""
    parts = [_bearing(table, name, count) for table, name, count in _named(shape, number)]
    parts += [_overlapping(search_range, f"ranges{number}", place) for place in range(shape.ranges)]
    parts += [_overlapping(identity_range, f"spans{number}", place) for place in range(shape.spans)]
    return union_all(*parts) if len(parts) > 1 else next(iter(parts), None)


def _bearing(table: Table, name: str, count: int) -> Select[tuple[int]]:
    return select(table.c.write_no).where(one_of(table.c.key, name, count))


def _overlapping(table: Table, name: str, place: int) -> Select[tuple[int]]:
    rows = table.c
    ends: list[BindParameter[Any]] = [bindparam(f"{name}{part}_{place}") for part in ("key", "low", "high")]
    key, low, high = ends
    return select(rows.write_no).where(rows.key == key, rows.low <= high, rows.high >= low)


def _page(query: Select[Any], place: ColumnElement[Any], form: Form) -> Select[Any]:
    if form.after:
        query = query.where(place > bindparam("after") if form.ascending else place < bindparam("after"))
    return query.order_by(place.asc() if form.ascending else place.desc()).limit(_place("limit"))


def _place(name: str) -> BindParameter[int]:
    return bindparam(name, type_=_r.version.type)


def places(count: int) -> int:
    """How many places a form has for so many values: a power of two."""
    return 1 << (count - 1).bit_length() if count else 0


def filled(name: str, values: Sequence[Any]) -> dict[str, Any]:
    """The values by their places; the last one fills what is left."""
    last = [values[-1]] * (places(len(values)) - len(values)) if values else []
    return {f"{name}_{place}": value for place, value in enumerate([*values, *last])}
