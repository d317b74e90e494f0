"""Finding sealed records: keyed hashes of what they say, and a query over nothing else.

A row tells that two writes share something, and for ranges their order under a key that hides which parameter
it is. Rows only propose: whoever asked opens each candidate and checks it again. A row names a write, and a
write that is no longer the head of its resource joins to nothing, so that stale rows need no cleaning up
before an answer is right.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Connection,
    Select,
    Table,
    and_,
    exists,
    false,
    func,
    select,
    union_all,
)

from gateway.custody.database import in_batches
from gateway.custody.ids import TENANT_SHIFT, StoredId, Tenant, WriteNo
from gateway.custody.tables import (
    identity_range,
    identity_token,
    record,
    search_range,
    search_token,
    version,
)

TOKEN_BYTES = 12


def token_key(index_key: bytes, type_: str, param: str, value: str) -> bytes:
    """The row key of one value of one parameter."""
    return hmac.digest(index_key, f"{type_}\0{param}\0{value}".encode(), "sha256")[:TOKEN_BYTES]


def range_key(index_key: bytes, type_: str, param: str) -> bytes:
    """The row key of all values of one ordered parameter."""
    # No type of resource begins with a small letter, so no token has this key.
    return hmac.digest(index_key, f"range\0{type_}\0{param}".encode(), "sha256")[:TOKEN_BYTES]


@dataclass(frozen=True, slots=True)
class Range:
    """Values between ``low`` and ``high``, both included."""

    key: bytes
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Clause:
    """One condition: any of these tokens or ranges; with ``negated``, none of them.

    ``names`` and ``spans`` are rows of the identity side's tables, which only the gateway can ask. With
    ``ids`` it is to be one of these resources, and nothing else.
    """

    tokens: tuple[bytes, ...] = ()
    ranges: tuple[Range, ...] = ()
    names: tuple[bytes, ...] = ()
    spans: tuple[Range, ...] = ()
    ids: tuple[StoredId, ...] = ()
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """A stretch of the answer in the order of writing: after ``after``, nothing above ``ceiling``.

    ``written`` bounds when the version that counts now was written, in microseconds, both included.
    """

    limit: int
    ceiling: WriteNo
    after: WriteNo | None = None
    ascending: bool = False
    written: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """A head that the rows propose. ``place`` is the write that it stands for under the ceiling."""

    write_no: WriteNo
    id: StoredId
    version: int
    compartment: StoredId
    place: WriteNo


def candidates(
    conn: Connection, tenant: Tenant, type_: str, clauses: Sequence[Clause], page: Page
) -> list[Candidate]:
    """The living resources of a type for which every clause may hold, newest write first unless asked.

    What was changed after the ceiling keeps the place that it had under it, so that nothing is missed while
    writes go on; what was first written after it has none.
    """
    conditions = _conditions(conn, clauses)
    batches = in_batches(_changed(conn, tenant, type_, page.ceiling))
    queries = [
        _within(_standing(tenant, type_, conditions, page), _r.write_no, page),
        *(_within(_moved(tenant, type_, conditions, page, one), _old.c.write_no, page) for one in batches),
    ]
    found = [Candidate(*row) for query in queries for row in conn.execute(query)]
    found.sort(key=lambda one: one.place, reverse=not page.ascending)
    return found[: page.limit]


def count(conn: Connection, tenant: Tenant, type_: str, clauses: Sequence[Clause], page: Page) -> int:
    """How many candidates there are on all pages together."""
    query = _standing(tenant, type_, _conditions(conn, clauses), page).with_only_columns(func.count())
    return int(conn.scalar(query) or 0)


Conditions = Sequence[ColumnElement[bool]]
_MANY = 1_000
"""Clauses with more rows are all alike to search by."""

_r = record.c
_old = version.alias("old")
_earlier = version.alias("earlier")


def _standing(tenant: Tenant, type_: str, conditions: Conditions, page: Page) -> Select[Any]:
    """Heads that were written under the ceiling: they are their own place."""
    low = tenant << TENANT_SHIFT
    head = and_(_r.tenant == tenant, _r.type == type_, _r.write_no.between(low, page.ceiling))
    columns = (_r.write_no, _r.id, _r.version, _r.compartment, _r.write_no)
    return select(*columns).where(head, *_counting(conditions, page))


def _changed(conn: Connection, tenant: Tenant, type_: str, ceiling: WriteNo) -> list[WriteNo]:
    """Writes above the ceiling of what can have been there under it."""
    top = ((tenant + 1) << TENANT_SHIFT) - 1
    v = version.c
    query = select(v.write_no).where(v.write_no.between(ceiling + 1, top), v.type == type_, v.version > 1)
    return list(conn.scalars(query))


def _moved(
    tenant: Tenant, type_: str, conditions: Conditions, page: Page, changed: Sequence[WriteNo]
) -> Select[Any]:
    """Heads among these writes above the ceiling, at the place of the version that was under it."""
    under = (_earlier.c.tenant == tenant, _earlier.c.type == type_, _earlier.c.id == _r.id)
    newest = select(func.max(_earlier.c.write_no)).where(*under, _earlier.c.write_no <= page.ceiling)
    columns = (_r.write_no, _r.id, _r.version, _r.compartment, _old.c.write_no)
    return (
        select(*columns)
        .join_from(record, _old, _old.c.write_no == newest.scalar_subquery())
        .where(_r.tenant == tenant, _r.type == type_, _r.write_no.in_(changed), _old.c.deleted == 0)
        .where(*_counting(conditions, page))
    )


def _counting(conditions: Conditions, page: Page) -> list[ColumnElement[bool]]:
    """What must hold of a head."""
    holding = [_r.deleted == 0, *conditions]
    if page.written is not None:
        own = version.alias("own")
        within = and_(own.c.write_no == _r.write_no, own.c.written.between(*page.written))
        holding.append(exists().where(within))
    return holding


def _conditions(conn: Connection, clauses: Sequence[Clause]) -> Conditions:
    """The clauses. SQLite, which knows not how many rows each has, is told by which to look for heads."""
    if conn.dialect.name != "sqlite" or len(clauses) < 2:
        return [_holds(clause, _r.write_no) for clause in clauses]
    few, *others = sorted(clauses, key=lambda clause: _size(conn, clause))
    # A sum has no index: what stands beside it is only tried.
    return [_holds(few, _r.write_no), *(_holds(clause, _r.write_no + 0) for clause in others)]


def _size(conn: Connection, clause: Clause) -> int:
    """How many writes bear one of a clause's rows, so far as that matters."""
    rows = _rows(clause)
    if clause.negated or clause.ids or rows is None:
        return 0 if clause.ids else _MANY
    return int(conn.scalar(select(func.count()).select_from(rows.limit(_MANY).subquery())) or 0)


def _within(query: Select[Any], place: ColumnElement[Any], page: Page) -> Select[Any]:
    if page.after is not None:
        query = query.where(place > page.after if page.ascending else place < page.after)
    return query.order_by(place.asc() if page.ascending else place.desc()).limit(page.limit)


def _holds(clause: Clause, number: ColumnElement[Any]) -> ColumnElement[bool]:
    if clause.ids:
        return _r.id.in_(clause.ids)
    rows = _rows(clause)
    if rows is None:
        # A condition that nothing can meet; negated, one that everything meets.
        return ~false() if clause.negated else false()
    found = number.in_(rows)
    return ~found if clause.negated else found


def _rows(clause: Clause) -> Select[tuple[int]] | CompoundSelect[tuple[int]] | None:
    """The writes that bear one of a clause's rows."""
    parts = [_bearing(search_token, clause.tokens)] if clause.tokens else []
    parts += [_bearing(identity_token, clause.names)] if clause.names else []
    parts += [_overlapping(search_range, span) for span in clause.ranges]
    parts += [_overlapping(identity_range, span) for span in clause.spans]
    return union_all(*parts) if len(parts) > 1 else next(iter(parts), None)


def _bearing(table: Table, tokens: tuple[bytes, ...]) -> Select[tuple[int]]:
    return select(table.c.write_no).where(table.c.key.in_(tokens))


def _overlapping(table: Table, span: Range) -> Select[tuple[int]]:
    rows = table.c
    return select(rows.write_no).where(rows.key == span.key, rows.low <= span.high, rows.high >= span.low)
