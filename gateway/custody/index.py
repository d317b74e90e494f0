"""Finding sealed records: keyed hashes of what they say, and a query over nothing else.

A row tells that two writes share something, and for ranges their order under a key that hides which parameter
it is. Rows only propose: whoever asked opens each candidate and checks it again. A row names a write, and a
write that is no longer the head of its resource joins to nothing, so that stale rows need no cleaning up
before an answer is right.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gateway.custody import proposing
from gateway.custody.ids import TENANT_SHIFT, StoredId, Tenant, WriteNo
from gateway.custody.keyring import hashed
from gateway.custody.prepared import Reading, listed
from gateway.custody.proposing import Form, Shape, Way, filled, places

TOKEN_BYTES = 12


def token_key(index_key: bytes, type_: str, param: str, value: str) -> bytes:
    """The row key of one value of one parameter."""
    return hashed(index_key, f"{type_}\0{param}\0{value}".encode())[:TOKEN_BYTES]


def range_key(index_key: bytes, type_: str, param: str) -> bytes:
    """The row key of all values of one ordered parameter."""
    # No type of resource begins with a small letter, so no token has this key.
    return hashed(index_key, f"range\0{type_}\0{param}".encode())[:TOKEN_BYTES]


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

    A count with a limit of 0 goes on to the end, with another one no further than to that.
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
    at: Reading, tenant: Tenant, type_: str, clauses: Sequence[Clause], page: Page
) -> list[Candidate]:
    """The living resources of a type for which every clause may hold, newest write first unless asked.

    What was changed after the ceiling keeps the place that it had under it, so that nothing is missed while
    writes go on; what was first written after it has none.
    """
    form, values = _asked(at, tenant, type_, clauses, page)
    rows = proposing.standing(form).rows(at, **values)
    # Asked after the heads: what moves in between is met twice, and never missed.
    for count, changed in listed("moved", _changed(at, tenant, type_, page.ceiling)):
        rows += proposing.moved(form, count).rows(at, **values, **changed)
    found = {row[_ID]: Candidate(*row) for row in rows}
    ordered = sorted(found.values(), key=lambda one: one.place, reverse=not page.ascending)
    return ordered[: page.limit]


def count(at: Reading, tenant: Tenant, type_: str, clauses: Sequence[Clause], page: Page) -> int:
    """How many candidates there are on all pages together."""
    form, values = _asked(at, tenant, type_, clauses, page)
    return int(proposing.counted(form).rows(at, **values)[0][0])


_MANY = 5_000
"""Clauses with more rows are all alike to search by."""
_ID = 1

Values = dict[str, Any]


def _changed(at: Reading, tenant: Tenant, type_: str, ceiling: WriteNo) -> list[WriteNo]:
    top = ((tenant + 1) << TENANT_SHIFT) - 1
    return [WriteNo(number) for (number,) in proposing.CHANGED.rows(at, ceiling=ceiling, top=top, type=type_)]


def _asked(
    at: Reading, tenant: Tenant, type_: str, clauses: Sequence[Clause], page: Page
) -> tuple[Form, Values]:
    """The form of a search and its values. SQLite, which knows not how many rows each clause has, is told by
    which to look for heads."""
    way = Way.OPEN
    if at.dialect.name == "sqlite":
        sizes = [_size(at, clause) for clause in clauses]
        clauses = [clauses[place] for place in sorted(range(len(clauses)), key=sizes.__getitem__)]
        way = _way(at, tenant, type_, sizes)
    values: Values = {"tenant": tenant, "type": type_, "low": tenant << TENANT_SHIFT, "ceiling": page.ceiling}
    for number, clause in enumerate(clauses):
        values |= _values(clause, number)
    wanted = {"limit": page.limit or None, "after": page.after}
    values |= {name: value for name, value in wanted.items() if value is not None}
    if page.written is not None:
        values["since"], values["until"] = page.written
    written, limited = page.written is not None, page.limit > 0
    shapes = tuple(map(_shape, clauses))
    return Form(shapes, way, page.after is not None, page.ascending, written, limited), values


def _way(at: Reading, tenant: Tenant, type_: str, sizes: Sequence[int]) -> Way:
    if min(sizes, default=_MANY) < _MANY:
        return Way.LED
    # What nearly all bear is no way to anything: the newest that bear it are met soon on the way down.
    (few,) = proposing.OF_TYPE.rows(at, tenant=tenant, type=type_, limit=_MANY)[0]
    return Way.TYPED if few < _MANY else Way.WALKED


def _shape(clause: Clause) -> Shape:
    return Shape(
        tokens=places(len(clause.tokens)),
        ranges=places(len(clause.ranges)),
        names=places(len(clause.names)),
        spans=places(len(clause.spans)),
        ids=places(len(clause.ids)),
        negated=clause.negated,
    )


def _values(clause: Clause, number: int) -> Values:
    values: Values = {}
    for kind, plain in (("tokens", clause.tokens), ("names", clause.names), ("ids", clause.ids)):
        values |= filled(f"{kind}{number}", plain)
    for kind, spans in (("ranges", clause.ranges), ("spans", clause.spans)):
        for part in ("key", "low", "high"):
            values |= filled(f"{kind}{number}{part}", [getattr(span, part) for span in spans])
    return values


def _size(at: Reading, clause: Clause) -> int:
    """How many writes bear one of a clause's rows, so far as that matters."""
    shape = _shape(clause)
    if clause.ids:
        return 0
    if clause.negated or not any(shape[:4]):
        return _MANY
    return int(proposing.size(shape).rows(at, limit=_MANY, **_values(clause, 0))[0][0])
