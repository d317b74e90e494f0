"""Requests that were accepted and are done later, as rows (docs/async.md); ``errand_cells`` seals them.

    waiting ──claim──► running ──finish──► done ──time──► gone
       ▲                  │ a lease that ran out may be claimed again
       └────give back─────┘
    erased: a patient whom it concerned was; withdrawn: by its sender, or with its sender

A claim takes a lease and raises the fence, and each answer is kept behind that fence in the transaction of
its deed: whoever was thought dead writes nothing any more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, exists, func, null, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from gateway.custody.database import in_batches
from gateway.custody.errors import Conflict, LostLease
from gateway.custody.ids import StoredId, Tenant
from gateway.custody.tables import errand, errand_answer

_e = errand.c


class State(StrEnum):
    """Where an errand stands."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    ERASED = "erased"
    WITHDRAWN = "withdrawn"


_OPEN = (State.WAITING.value, State.RUNNING.value)
_AWAY = (State.ERASED.value, State.WITHDRAWN.value)


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asked, with which rights, at that time."""

    client_id: str
    tenant: Tenant
    scope: str
    user: str | None
    purpose: str | None
    address: str
    request_id: str


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be done; ``patients`` are those whom it names, in a stable order."""

    id: StoredId
    asker: Asker
    way: str
    entries: int
    body: bytes
    patients: Sequence[StoredId]
    key: str | None
    now: int
    prefer: str | None = None


@dataclass(frozen=True, slots=True)
class Errand:
    """One that was accepted. ``status`` is that of its answer, once it is done; ``prefer`` how that is
    wanted."""

    id: StoredId
    asker: Asker
    way: str
    entries: int
    body_digest: bytes
    state: State
    status: int | None
    finished: int | None
    prefer: str | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to do it, as long as the lease lasts and nobody raised the fence."""

    errand: Errand
    fence: int
    attempts: int


# --- asked ------------------------------------------------------------------------------------------------


def add(conn: Connection, order: Order, sealed: bytes) -> None:
    """Keep a request, its body sealed. Raises ``Conflict`` where the client has one under this key."""
    values = {
        "id": order.id,
        "tenant": order.asker.tenant,
        "client_id": order.asker.client_id,
        "scope": order.asker.scope,
        "user": order.asker.user,
        "purpose": order.asker.purpose,
        "address": order.asker.address,
        "request_id": order.asker.request_id,
        "way": order.way,
        "entries": order.entries,
        "key_digest": None if order.key is None else _digest(order.key),
        "body_digest": sha256(order.body).digest(),
        "body": sealed,
        "patients": b"".join(order.patients),
        "state": State.WAITING.value,
        "created": order.now,
        "not_before": order.now,
        "fence": 0,
        "attempts": 0,
        "prefer": order.prefer,
    }
    dialect = postgresql if conn.dialect.name == "postgresql" else sqlite
    kept = dialect.insert(errand).values(values).on_conflict_do_nothing().returning(_e.state)
    if conn.execute(kept).first() is None:
        raise Conflict


def get(conn: Connection, client_id: str, id_: StoredId) -> Errand | None:
    """This client's request; nobody else's is there."""
    mine = and_(_e.id == id_, _e.client_id == client_id, _e.state != State.WITHDRAWN.value)
    row = conn.execute(select(errand).where(mine)).one_or_none()
    return None if row is None else _errand(row)


def by_key(conn: Connection, client_id: str, key: str) -> Errand | None:
    """The request that this client sent under an ``Idempotency-Key``."""
    mine = and_(_e.client_id == client_id, _e.key_digest == _digest(key))
    row = conn.execute(select(errand).where(mine)).one_or_none()
    return None if row is None else _errand(row)


def open_of(conn: Connection, client_id: str) -> int:
    """How many of this client's requests are not done yet."""
    mine = and_(_e.client_id == client_id, _e.state.in_(_OPEN))
    return conn.execute(select(func.count()).select_from(errand).where(mine)).scalar_one()


# --- done -------------------------------------------------------------------------------------------------


def claim(conn: Connection, now: int, lease: int) -> Claim | None:
    """The next one to be done, or None. Those of one client are done one after the other."""
    before = errand.alias()
    earlier = exists().where(
        before.c.client_id == _e.client_id,
        before.c.state.in_(_OPEN),
        or_(before.c.created < _e.created, and_(before.c.created == _e.created, before.c.id < _e.id)),
    )
    free = or_(
        and_(_e.state == State.WAITING.value, _e.not_before <= now),
        and_(_e.state == State.RUNNING.value, _e.lease_until <= now),
    )
    query = select(errand).where(free, ~earlier).order_by(_e.created, _e.id).limit(1)
    row = conn.execute(query).one_or_none()
    if row is None:
        return None
    fence, attempts = row.fence + 1, row.attempts + 1
    values = {"state": State.RUNNING.value, "lease_until": now + lease, "fence": fence, "attempts": attempts}
    # Another process may have seen the same row: one of the two raises the fence.
    mine = and_(_e.id == row.id, _e.fence == row.fence, _e.state.in_(_OPEN))
    if conn.execute(update(errand).where(mine).values(values)).rowcount != 1:
        return None
    return Claim(_errand(row), fence, attempts)


def renew(conn: Connection, claimed: Claim, now: int, lease: int) -> None:
    """Keep what takes longer than its lease; raises ``LostLease`` when it is somebody else's now."""
    _change(conn, claimed, {"lease_until": now + lease})


def give_back(conn: Connection, claimed: Claim, not_before: int, attempts: int) -> None:
    """Let it wait again, after so many attempts that count. Raises ``LostLease``."""
    waits = {"state": State.WAITING.value, "lease_until": None, "not_before": not_before}
    _change(conn, claimed, waits | {"attempts": attempts})


def finish(conn: Connection, claimed: Claim, status: int, now: int) -> None:
    """It is done; belongs into the transaction of the last answer. Raises ``LostLease``."""
    ended = {"state": State.DONE.value, "status": status, "finished": now, "lease_until": None}
    _change(conn, claimed, ended)


# --- gone -------------------------------------------------------------------------------------------------


def withdraw(conn: Connection, id_: StoredId, now: int) -> bool:
    """Take away what waits or is done, with its answers; False where it is being done."""
    return _end(conn, and_(_e.id == id_, _e.state != State.RUNNING.value), State.WITHDRAWN, now) > 0


def drop(conn: Connection, claimed: Claim, now: int) -> None:
    """Take away what is being done. Raises ``LostLease``."""
    if not _end(conn, _held(claimed), State.WITHDRAWN, now):
        raise LostLease


def blank(conn: Connection, tenant: Tenant, patient: StoredId, now: int) -> None:
    """End what concerns a patient who is being erased; whoever is at work on it loses it.

    The row stays until it expires, so that its sender is told.
    """
    place_in = func.pg_catalog.position if conn.dialect.name == "postgresql" else func.instr
    answered = select(errand_answer.c.errand).where(place_in(errand_answer.c.patients, patient) > 0)
    hers = or_(place_in(_e.patients, patient) > 0, _e.id.in_(answered))
    _end(conn, and_(_e.tenant == tenant, _e.state.not_in(_AWAY), hers), State.ERASED, now)


def _end(conn: Connection, which: ColumnElement[bool], state: State, now: int) -> int:
    """End them without an answer; their keys are for ``spent`` to find."""
    ids = list(conn.scalars(select(_e.id).where(which).with_for_update()))
    ended = {"state": state.value, "finished": now, "lease_until": None, "fence": _e.fence + 1}
    if state is State.WITHDRAWN:
        # The same request again is a new one.
        ended["key_digest"] = null()
    for batch in in_batches(ids):
        conn.execute(update(errand).where(_e.id.in_(batch)).values(ended))
        conn.execute(delete(errand_answer).where(errand_answer.c.errand.in_(batch)))
    return len(ids)


def spent(conn: Connection) -> list[tuple[Tenant, StoredId]]:
    """Those that need their bodies no more and have them still."""
    query = select(_e.tenant, _e.id).where(_e.state.not_in(_OPEN), func.length(_e.body) > 0)
    return [(Tenant(tenant), StoredId(id_)) for tenant, id_ in conn.execute(query)]


def forget(conn: Connection, before: int) -> int:
    """Drop what was done earlier; answers how many."""
    old = and_(_e.state.not_in(_OPEN), _e.finished < before, func.length(_e.body) == 0)
    ids = list(conn.scalars(select(_e.id).where(old)))
    conn.execute(delete(errand_answer).where(errand_answer.c.errand.in_(ids)))
    return conn.execute(delete(errand).where(_e.id.in_(ids))).rowcount


def hold(conn: Connection, claimed: Claim) -> None:
    """Make sure, until the transaction ends, that the claim still holds. Raises ``LostLease``."""
    _change(conn, claimed, {"fence": claimed.fence})


def _held(claimed: Claim) -> ColumnElement[bool]:
    return and_(_e.id == claimed.errand.id, _e.fence == claimed.fence, _e.state == State.RUNNING.value)


def _change(conn: Connection, claimed: Claim, values: dict[str, Any]) -> None:
    if conn.execute(update(errand).where(_held(claimed)).values(values)).rowcount != 1:
        raise LostLease


def _errand(row: Row[Any]) -> Errand:
    asker = Asker(
        row.client_id, Tenant(row.tenant), row.scope, row.user, row.purpose, row.address, row.request_id
    )
    return Errand(
        id=StoredId(row.id),
        asker=asker,
        way=row.way,
        entries=row.entries,
        body_digest=row.body_digest,
        state=State(row.state),
        status=row.status,
        finished=row.finished,
        prefer=row.prefer,
    )


def _digest(key: str) -> bytes:
    return sha256(key.encode()).digest()
