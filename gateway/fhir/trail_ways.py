"""Which index answers an officer's question: by the plan made here, and not by a database's guess.

The rare events of a log are what officers look for, and what a search from the newest event on finds last.
So a question becomes *branches*: each names the first columns of one index, of which the time is the next,
and no event is in two of them. A total is the sum of their counts, a page the newest of their newest
(``trail_pages``). Patients, resources, users and purposes are given; which classes of events and which
addresses there are is asked of the index itself, value by value, so nothing has to be kept of it.

Where several parameters have a way of their own, the one with the fewest events is taken, and the conditions
of the others are tried on what it finds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, LargeBinary, Select, and_, func, literal, or_, select, true

from gateway.custody.ids import Tenant
from gateway.custody.tables import audit_event
from gateway.custody.trail_tables import drawer, given_away
from gateway.fhir.balp import DISCLOSING
from gateway.fhir.trail_query import Clause, EventClass, Wish

_c = audit_event.c
_CLASS = (_c.kind, _c.action, _c.outcome)
MANY_ADDRESSES = 1_000
"""What begins like more addresses than this is looked for from the newest event on."""
_ENOUGH = 2_000
"""No way is counted any further to find the one with the fewest events."""


@dataclass(frozen=True, slots=True)
class Branch:
    """Some events of one log: ``own`` is what an index answers, ``rest`` is tried on each event."""

    own: Clause
    rest: Sequence[Clause] = ()

    @property
    def where(self) -> Clause:
        return and_(self.own, *self.rest)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A question to one log."""

    conn: Connection
    log: Tenant
    wishes: Sequence[Wish]

    def but(self, *done: Wish) -> list[Clause]:
        """The conditions of all wishes but these, of which the time is part of every index."""
        return [wish.clause for wish in self.wishes if not any(wish is one for one in done)]

    def branch(self, own: Sequence[Clause], *done: Wish) -> Branch:
        return Branch(and_(_c.log == self.log, *own), self.but(*done))


def branches(conn: Connection, log: Tenant, wishes: Sequence[Wish]) -> list[Branch]:
    """Branches that are together what is wished of a log."""
    asked = _Asked(conn, log, wishes)
    ways = [_WAYS[wish.name](asked, wish) for wish in wishes if wish.name in _WAYS]
    if _fitting(wishes) and not any(wish.name == "agent" for wish in wishes):
        ways.append(_by_class(asked))
    if not ways:
        return [asked.branch(())]
    return ways[0] if len(ways) == 1 else min(ways, key=lambda way: _about(conn, way))


def _idents(asked: _Asked, wish: Wish) -> list[Branch]:
    """What is named lies in the tree of the table itself."""
    mine = [seq for log, seq in wish.keys if log == asked.log]
    return [asked.branch([_c.seq.in_(mine)], wish)] if mine else []


def _patients(asked: _Asked, wish: Wish) -> list[Branch]:
    return [asked.branch([_c.patient == patient], wish) for patient in wish.keys]


def _entities(asked: _Asked, wish: Wish) -> list[Branch]:
    return [
        asked.branch(
            [drawer(_c.id) == drawer(literal(id_, LargeBinary)), _c.id == id_, _c.type == type_], wish
        )
        for type_, id_ in wish.keys
    ]


def _purposes(asked: _Asked, wish: Wish) -> list[Branch]:
    return [asked.branch([_c.purpose == purpose], wish) for purpose in wish.keys]


def _agents(asked: _Asked, wish: Wish) -> list[Branch]:
    """What a client did, class by class; and of users what they did with other clients."""
    clients = list(dict.fromkeys(client for client, _ in wish.keys))
    fitting = [one for one in _fitting(asked.wishes) if not one.gives]
    found = [
        asked.branch([_c.client_id == client, _is(one)], wish, *fitting)
        for client in clients
        for one in _classes(asked, [_c.client_id == client], fitting)
    ]
    others = or_(_c.client_id.is_(None), _c.client_id.not_in(clients))
    return found + [
        Branch(and_(_c.log == asked.log, _c.user == user), [others, *asked.but(wish)])
        for _, user in wish.keys
    ]


def _addresses(asked: _Asked, wish: Wish) -> list[Branch]:
    found = [address for address in _there(asked) if address.lower().startswith(wish.keys)]
    if len(found) > MANY_ADDRESSES:
        return [asked.branch(())]
    return [asked.branch([_c.address.in_(found)], wish)] if found else []


_WAYS: Mapping[str, Callable[[_Asked, Wish], list[Branch]]] = {
    "_id": _idents,
    "patient": _patients,
    "entity": _entities,
    "agent": _agents,
    "purpose": _purposes,
    "address": _addresses,
}


def _by_class(asked: _Asked) -> list[Branch]:
    """Kind, action and outcome; a disclosure is told by more than its kind, and has an index of its own."""
    gives = [wish for wish in asked.wishes if wish.gives][:1]
    fitting = [wish for wish in _fitting(asked.wishes) if not wish.gives or wish in gives]
    found = [asked.branch([_is(one)], *fitting) for one in _classes(asked, [], fitting)]
    for wish in gives:
        kinds = [kind for kind in DISCLOSING if not _fits(wish, EventClass(kind, "", ""))]
        rest = [_c.kind.in_(kinds), _c.outcome == "0", *asked.but(wish)]
        found.append(Branch(and_(_c.log == asked.log, given_away()), rest))
    return found


def _fitting(wishes: Sequence[Wish]) -> list[Wish]:
    return [wish for wish in wishes if wish.fits is not None]


def _fits(wish: Wish, one: EventClass) -> bool:
    return wish.fits is not None and wish.fits(one)


def _is(one: EventClass) -> Clause:
    return and_(_c.kind == one.kind, _c.action == one.action, _c.outcome == one.outcome)


def _classes(asked: _Asked, own: Sequence[Clause], fitting: Sequence[Wish]) -> list[EventClass]:
    """The classes of events there are under some conditions, of those that fit."""
    there: list[EventClass] = []
    query = select(*_CLASS).where(_c.log == asked.log, *own).order_by(*_CLASS).limit(1)
    following: Sequence[Clause] = [true()]
    # One step for each class. As one statement a server takes it for a walk through all events.
    while (row := _first(asked.conn, query, following)) is not None:
        there.append(EventClass(*row))
        following = _after(there[-1])
    return [one for one in there if all(_fits(wish, one) for wish in fitting)]


def _first(conn: Connection, query: Select[Any], ones: Sequence[Clause]) -> Sequence[str] | None:
    """The first row of the first of these conditions that has one."""
    rows = (conn.execute(query.where(one)).first() for one in ones)
    return next((tuple(row) for row in rows if row is not None), None)


def _after(one: EventClass) -> list[Clause]:
    """What may follow a class, nearest first: the last column goes on, or the one before, or the first.

    Three stretches of the index. One comparison of all three columns would be a walk through a whole kind.
    """
    return [
        and_(_c.kind == one.kind, _c.action == one.action, _c.outcome > one.outcome),
        and_(_c.kind == one.kind, _c.action > one.action),
        _c.kind > one.kind,
    ]


def _there(asked: _Asked) -> Iterator[str]:
    """The addresses there are, from each to the next: there may be many."""
    mine = and_(_c.log == asked.log, _c.address.is_not(None))
    found = select(select(func.min(_c.address)).where(mine).scalar_subquery().label("address"))
    level = found.cte("there", recursive=True)
    later = select(func.min(_c.address)).where(mine, _c.address > level.c.address).scalar_subquery()
    level = level.union_all(select(later).where(level.c.address.is_not(None)))
    yield from asked.conn.scalars(select(level.c.address).where(level.c.address.is_not(None)))


def _about(conn: Connection, way: Sequence[Branch]) -> int:
    """How many events a way leads to, or enough."""
    found = 0
    for branch in way:
        some = select(_c.seq).where(branch.own).limit(_ENOUGH).subquery()
        found += conn.execute(select(func.count()).select_from(some)).scalar_one()
        if found >= _ENOUGH:
            break
    return found
