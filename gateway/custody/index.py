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

from sqlalchemy import ColumnElement, Connection, Select, Table, and_, exists, false, func, select, union_all

from gateway.custody.ids import TENANT_SHIFT, StoredId, Tenant, WriteNo
from gateway.custody.tables import identity_range, identity_token, record, search_range, search_token, version

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
    standing = _within(_standing(tenant, type_, clauses, page), _r.write_no, page)
    moved = _within(_moved(tenant, type_, clauses, page), _old.c.write_no, page)
    found = [Candidate(*row) for query in (standing, moved) for row in conn.execute(query)]
    found.sort(key=lambda one: one.place, reverse=not page.ascending)
    return found[: page.limit]


def count(conn: Connection, tenant: Tenant, type_: str, clauses: Sequence[Clause], page: Page) -> int:
    """How many candidates there are on all pages together."""
    query = _standing(tenant, type_, clauses, page).with_only_columns(func.count())
    return int(conn.scalar(query) or 0)


_r = record.c
_new = version.alias("new")
_old = version.alias("old")


def _standing(tenant: Tenant, type_: str, clauses: Sequence[Clause], page: Page) -> Select[Any]:
    """Heads that were written under the ceiling: they are their own place."""
    low = tenant << TENANT_SHIFT
    head = and_(_r.tenant == tenant, _r.type == type_, _r.write_no.between(low, page.ceiling))
    columns = (_r.write_no, _r.id, _r.version, _r.compartment, _r.write_no)
    return select(*columns).where(head, *_counting(clauses, page))


def _moved(tenant: Tenant, type_: str, clauses: Sequence[Clause], page: Page) -> Select[Any]:
    """Heads that were written above the ceiling, at the place of the version that was under it."""
    top = ((tenant + 1) << TENANT_SHIFT) - 1
    earlier = version.alias("earlier")
    place = (
        select(func.max(earlier.c.write_no))
        .where(
            earlier.c.tenant == _new.c.tenant,
            earlier.c.type == _new.c.type,
            earlier.c.id == _new.c.id,
            earlier.c.write_no <= page.ceiling,
        )
        .scalar_subquery()
    )
    columns = (_r.write_no, _r.id, _r.version, _r.compartment, _old.c.write_no)
    return (
        select(*columns)
        .select_from(_new)
        # Only the head's own write: a resource that was written twice since stands once.
        .join(
            record,
            and_(_r.tenant == tenant, _r.type == type_, _r.id == _new.c.id, _r.write_no == _new.c.write_no),
        )
        .join(_old, _old.c.write_no == place)
        .where(_new.c.write_no.between(page.ceiling + 1, top), _new.c.type == type_, _old.c.deleted == 0)
        .where(*_counting(clauses, page))
    )


def _counting(clauses: Sequence[Clause], page: Page) -> list[ColumnElement[bool]]:
    """What must hold of a head."""
    conditions = [_r.deleted == 0, *(_holds(clause) for clause in clauses)]
    if page.written is not None:
        own = version.alias("own")
        within = and_(own.c.write_no == _r.write_no, own.c.written.between(*page.written))
        conditions.append(exists().where(within))
    return conditions


def _within(query: Select[Any], place: ColumnElement[Any], page: Page) -> Select[Any]:
    if page.after is not None:
        query = query.where(place > page.after if page.ascending else place < page.after)
    return query.order_by(place.asc() if page.ascending else place.desc()).limit(page.limit)


def _holds(clause: Clause) -> ColumnElement[bool]:
    if clause.ids:
        return _r.id.in_(clause.ids)
    parts = [_bearing(search_token, clause.tokens)] if clause.tokens else []
    parts += [_bearing(identity_token, clause.names)] if clause.names else []
    parts += [_overlapping(search_range, span) for span in clause.ranges]
    parts += [_overlapping(identity_range, span) for span in clause.spans]
    if not parts:
        # A condition that nothing can meet; negated, one that everything meets.
        return ~false() if clause.negated else false()
    found = _r.write_no.in_(union_all(*parts) if len(parts) > 1 else parts[0])
    return ~found if clause.negated else found


def _bearing(table: Table, tokens: tuple[bytes, ...]) -> Select[tuple[int]]:
    return select(table.c.write_no).where(table.c.key.in_(tokens))


def _overlapping(table: Table, span: Range) -> Select[tuple[int]]:
    rows = table.c
    return select(rows.write_no).where(rows.key == span.key, rows.low <= span.high, rows.high >= span.low)
