"""Searches that somebody keeps: a name and filters, sealed, since people write names of patients anywhere."""

from __future__ import annotations

import json
from dataclasses import dataclass

from sqlalchemy import Connection, delete, func, insert, select

from gateway.console.asked import Desk
from gateway.console.filters import Filters
from gateway.console.people import Person
from gateway.custody.console_tables import console_search

MOST, LONGEST_NAME = 30, 80
_ID_BYTES = 12
_c = console_search.c


@dataclass(frozen=True, slots=True)
class Saved:
    """One search that is kept."""

    id: str
    name: str
    filters: Filters


def keep(conn: Connection, desk: Desk, person: Person, name: str, filters: Filters) -> bool:
    """Keep a search; False where somebody has as many as they may."""
    count = conn.scalar(select(func.count()).select_from(console_search).where(_c.person == person.id))
    if (count or 0) >= MOST:
        return False
    plain = json.dumps([name[:LONGEST_NAME], dict(filters.given)]).encode()
    row = {
        "id": desk.entropy(_ID_BYTES),
        "person": person.id,
        "created": desk.clock(),
        "sealed": desk.sealing.seal(_purpose(person), plain),
    }
    conn.execute(insert(console_search).values(row))
    return True


def of(conn: Connection, desk: Desk, person: Person) -> list[Saved]:
    """The searches of a person, the oldest first; one that does not open is not shown."""
    rows = conn.execute(select(_c.id, _c.sealed).where(_c.person == person.id).order_by(_c.created, _c.id))
    opened = [(row.id.hex(), desk.sealing.open(_purpose(person), row.sealed)) for row in rows]
    return [_saved(id_, plain) for id_, plain in opened if plain is not None]


def drop(conn: Connection, person: Person, id_: str) -> None:
    """Keep it no longer."""
    try:
        raw = bytes.fromhex(id_)
    except ValueError:
        return
    conn.execute(delete(console_search).where(_c.id == raw, _c.person == person.id))


def _saved(id_: str, plain: bytes) -> Saved:
    name, given = json.loads(plain)
    return Saved(id_, name, Filters(given))


def _purpose(person: Person) -> str:
    return f"search of {person.id}"
