"""One-time links: how somebody comes in for the first time, or after a phone was lost.

What: 32 random bytes in an address, kept as SHA-256, good for a day and for one use; a new one ends the old.
Who has the link can become the person, so it is told on a way that reaches nobody else.
"""

from __future__ import annotations

from hashlib import sha256

from sqlalchemy import Connection, delete, insert, select

from gateway.console import people
from gateway.console.people import Person
from gateway.custody.console_tables import console_link
from gateway.custody.jobs import SECOND

TOKEN_BYTES = 32
GOOD_FOR = 24 * 3_600 * SECOND
WELCOME = "/console/welcome/"
_c = console_link.c


def write(conn: Connection, person_id: str, token: bytes, now: int) -> int:
    """Write a link down under a token that was drawn for it; answers until when it is good."""
    conn.execute(delete(console_link).where(_c.person == person_id))
    expires = now + GOOD_FOR
    conn.execute(insert(console_link).values(digest=digest(token), person=person_id, expires=expires))
    return expires


def behind(conn: Connection, token: bytes, now: int) -> Person | None:
    """Whom a link is for; None where it was used, is too old, or never was."""
    query = select(_c.person).where(_c.digest == digest(token), _c.expires > now)
    id_ = conn.scalar(query)
    person = None if id_ is None else people.find(conn, id=id_)
    return None if person is None or person.revoked is not None else person


def use(conn: Connection, token: bytes) -> bool:
    """Use a link up; False where somebody was faster."""
    return conn.execute(delete(console_link).where(_c.digest == digest(token))).rowcount == 1


def withdraw(conn: Connection, person_id: str) -> None:
    """Nobody comes in by a link of this person any more."""
    conn.execute(delete(console_link).where(_c.person == person_id))


def forget(conn: Connection, now: int) -> None:
    """Drop the links that are too old."""
    conn.execute(delete(console_link).where(_c.expires <= now))


def digest(token: bytes) -> bytes:
    """What a link is known by; also the seed of the second factor that is set up with it."""
    return sha256(b"console link\0" + token).digest()
