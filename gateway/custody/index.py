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

from sqlalchemy import ColumnElement, Connection, Select, Table, and_, false, func, or_, select

from gateway.custody.ids import TENANT_SHIFT, StoredId, Tenant, WriteNo
from gateway.custody.tables import identity_token, record, search_range, search_token

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

    ``names`` are tokens of the identity side's table, which only the gateway can ask.
    """

    tokens: tuple[bytes, ...] = ()
    ranges: tuple[Range, ...] = ()
    names: tuple[bytes, ...] = ()
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """A stretch of the answer in the order of writing: after ``after``, nothing above ``ceiling``."""

    limit: int
    ceiling: WriteNo
    after: WriteNo | None = None
    ascending: bool = False


@dataclass(frozen=True, slots=True)
class Candidate:
    """A head that the rows propose."""

    write_no: WriteNo
    id: StoredId
    version: int
    compartment: StoredId


def candidates(
    conn: Connection, tenant: Tenant, type_: str, clauses: Sequence[Clause], page: Page
) -> list[Candidate]:
    """The living resources of a type for which every clause may hold, newest write first unless asked."""
    query = select(_r.write_no, _r.id, _r.version, _r.compartment).where(
        _matching(tenant, type_, clauses, page.ceiling)
    )
    if page.after is not None:
        query = query.where(_r.write_no > page.after if page.ascending else _r.write_no < page.after)
    order = _r.write_no.asc() if page.ascending else _r.write_no.desc()
    return [Candidate(*row) for row in conn.execute(query.order_by(order).limit(page.limit))]


def count(conn: Connection, tenant: Tenant, type_: str, clauses: Sequence[Clause], ceiling: WriteNo) -> int:
    """How many candidates there are on all pages together."""
    where = _matching(tenant, type_, clauses, ceiling)
    return int(conn.scalar(select(func.count()).select_from(record).where(where)) or 0)


_r = record.c


def _matching(tenant: Tenant, type_: str, clauses: Sequence[Clause], ceiling: WriteNo) -> ColumnElement[bool]:
    return and_(
        _r.tenant == tenant,
        _r.type == type_,
        _r.deleted == 0,
        _r.write_no.between(tenant << TENANT_SHIFT, ceiling),
        *(_holds(clause) for clause in clauses),
    )


def _holds(clause: Clause) -> ColumnElement[bool]:
    parts = [_bearing(search_token, clause.tokens)] if clause.tokens else []
    parts += [_bearing(identity_token, clause.names)] if clause.names else []
    parts += [_overlapping(span) for span in clause.ranges]
    if not parts:
        # A condition that nothing can meet; negated, one that everything meets.
        return ~false() if clause.negated else false()
    found = or_(*(_r.write_no.in_(part) for part in parts))
    return ~found if clause.negated else found


def _bearing(table: Table, tokens: tuple[bytes, ...]) -> Select[tuple[int]]:
    return select(table.c.write_no).where(table.c.key.in_(tokens))


def _overlapping(span: Range) -> Select[tuple[int]]:
    rows = search_range.c
    return select(rows.write_no).where(rows.key == span.key, rows.low <= span.high, rows.high >= span.low)
