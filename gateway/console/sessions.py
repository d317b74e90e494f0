"""Sessions: kept here, known by the SHA-256 of a token that only the browser holds.

What: 32 random bytes in a cookie, given at log-in and at no other moment, so a token that somebody planted
opens nothing. Bound to the browser's own name of itself; ends after a quarter of an hour of silence, after
eight hours in any case, with the person, at log-out, and when it is taken back. Whoever reads the table can
use none. The token of forms (CSRF) is an HMAC under it: who has not the cookie cannot make one.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from gateway.console import people
from gateway.console.people import Person
from gateway.console.sealing import to_text
from gateway.console.traces import Where
from gateway.custody.console_tables import console_session
from gateway.custody.jobs import SECOND

TOKEN_BYTES = 32
MOST = 5
"""Sessions of one person; who logs in once more ends the oldest."""

TOUCHED_EVERY = 20 * SECOND
"""A page that comes sooner after another is not written down: it would be a transaction for each."""

_s = console_session.c


@dataclass(frozen=True, slots=True)
class Session:
    """A session that holds. Times in microseconds."""

    digest: bytes
    begun: int
    seen: int
    ends: int
    before: int
    address: str


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a session may be silent, and last, in microseconds."""

    idle: int
    whole: int


def begin(conn: Connection, token: bytes, person: Person, where: Where, limits: Limits) -> None:
    """Write down a session under a token that was drawn for it."""
    held = select(_s.digest).where(_s.person == person.id).order_by(_s.begun.desc()).offset(MOST - 1)
    oldest = [bytes(row.digest) for row in conn.execute(held)]
    conn.execute(delete(console_session).where(_s.digest.in_(oldest)))
    conn.execute(
        insert(console_session).values(
            digest=digest(token),
            person=person.id,
            begun=where.now,
            seen=where.now,
            ends=where.now + limits.whole,
            bound=_bound(where.browser),
            before=person.seen or person.created,
            address=where.address,
        )
    )
    people.change(conn, person.id, seen=where.now)


def find(conn: Connection, token: bytes, where: Where, limits: Limits) -> tuple[Session, Person] | None:
    """Whose session this is; None where it is none, is over, or another browser's."""
    holds = (_s.digest == digest(token), _s.ends > where.now, _s.seen > where.now - limits.idle)
    row = conn.execute(select(console_session).where(*holds)).one_or_none()
    if row is None or not hmac.compare_digest(bytes(row.bound), _bound(where.browser)):
        return None
    person = people.find(conn, id=row.person)
    if person is None or person.revoked is not None:
        return None
    return _session(row), person


def touch(conn: Connection, session: Session, person: Person, now: int) -> None:
    """Somebody is still there."""
    conn.execute(update(console_session).where(_s.digest == session.digest).values(seen=now))
    people.change(conn, person.id, seen=now)


def end(conn: Connection, digest: bytes, person_id: str) -> bool:
    """End one session of a person; False where there is none such."""
    mine = delete(console_session).where(_s.digest == digest, _s.person == person_id)
    return conn.execute(mine).rowcount == 1


def end_all(conn: Connection, person_id: str, but: bytes = b"") -> int:
    """End all sessions of a person, but perhaps for one."""
    return conn.execute(delete(console_session).where(_s.person == person_id, _s.digest != but)).rowcount


def of(conn: Connection, person_id: str, now: int, idle: int) -> list[Session]:
    """The sessions of a person that hold, the newest first."""
    holds = (_s.person == person_id, _s.ends > now, _s.seen > now - idle)
    query = select(console_session).where(*holds).order_by(_s.begun.desc())
    return [_session(row) for row in conn.execute(query)]


def forget(conn: Connection, now: int) -> None:
    """Drop sessions that are over, however silent the others are."""
    conn.execute(delete(console_session).where(_s.ends <= now))


def digest(token: bytes) -> bytes:
    """What a session is known by."""
    return sha256(b"console session\0" + token).digest()


def form_token(token: bytes) -> str:
    """What each form of a session, or of an entrance, has to bear."""
    return to_text(hmac.digest(token, b"console form", "sha256"))


def _bound(browser: str) -> bytes:
    return sha256(browser.encode("utf-8", "replace")).digest()


def _session(row: Row[Any]) -> Session:
    return Session(
        digest=bytes(row.digest),
        begun=row.begun,
        seen=row.seen,
        ends=row.ends,
        before=row.before,
        address=row.address,
    )
