"""What is counted while the trail is watched, and the cases that came of it: every change in the caller's
transaction, so that an event is counted once whoever is killed meanwhile."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, func, select, update

from gateway.custody.ids import StoredId, Tenant
from gateway.custody.prepared import insert_into
from gateway.custody.watch_tables import watch_case, watch_contact, watch_count, watch_cursor, watch_mark

ID_BYTES = 12
FINDINGS = ("harmless", "misuse", "unclear")
_w, _n = watch_case.c, watch_count.c


@dataclass(frozen=True, slots=True)
class Met:
    """A rule met a subject in a period, which begins at this time (microseconds)."""

    organization: Tenant
    rule: str
    subject: str
    period: int


@dataclass(frozen=True, slots=True)
class Case:
    """Something that somebody should look at. ``usual``: how often it is usually met in such a period;
    ``person`` has it, ``finding`` is what came of it."""

    id: bytes
    organization: Tenant
    rule: str
    subject: str
    period: int
    count: int
    usual: int | None
    opened: int
    last: int
    person: str | None
    closed: int | None
    finding: str | None
    sealed: bytes | None


def cursor(conn: Connection, log: Tenant) -> int | None:
    """How far a log was looked at, locked until the end of the transaction; None where it never was."""
    query = select(watch_cursor.c.seq).where(watch_cursor.c.log == log).with_for_update()
    found: int | None = conn.scalar(query)
    return found


def begin(conn: Connection, log: Tenant, seq: int) -> None:
    """Begin to look at a log behind this event."""
    made = insert_into(conn.dialect, watch_cursor).values(log=log, seq=seq)
    conn.execute(made.on_conflict_do_nothing())


def move(conn: Connection, log: Tenant, seq: int) -> None:
    """The log was looked at up to this event."""
    conn.execute(update(watch_cursor).where(watch_cursor.c.log == log).values(seq=seq))


def add(conn: Connection, met: Met, times: int) -> int:
    """Count; answers how often by now."""
    made = insert_into(conn.dialect, watch_count).values(
        organization=met.organization, rule=met.rule, subject=met.subject, period=met.period, count=times
    )
    whole = made.on_conflict_do_update(
        index_elements=["organization", "rule", "subject", "period"], set_={"count": _n.count + times}
    )
    return int(conn.scalar(whole.returning(_n.count)) or 0)


def usual(conn: Connection, met: Met) -> tuple[int, int]:
    """Of the periods before: how many there were, and the mean count, rounded up."""
    mine = and_(_n.organization == met.organization, _n.rule == met.rule, _n.subject == met.subject)
    query = select(func.count(), func.coalesce(func.sum(_n.count), 0)).where(mine, _n.period < met.period)
    periods, total = conn.execute(query).one()
    return int(periods), -(-int(total) // int(periods)) if periods else 0


def first_contact(conn: Connection, organization: Tenant, client_id: str, patient: StoredId) -> bool:
    """Whether this client meets this patient for the first time; the next time it does not."""
    row = {"organization": organization, "client_id": client_id, "patient": patient}
    made = insert_into(conn.dialect, watch_contact).values(row).on_conflict_do_nothing()
    return conn.execute(made).rowcount == 1


def open_case(conn: Connection, met: Met, count: int, normal: int | None, drawn: tuple[bytes, int]) -> None:
    """Open a case, or bring one up to date; one that is closed stays as it is. ``drawn``: an id, and now."""
    id_, now = drawn
    values: Mapping[str, Any] = {
        "id": id_,
        "organization": met.organization,
        "rule": met.rule,
        "subject": met.subject,
        "period": met.period,
        "count": count,
        "usual": normal,
        "opened": now,
        "last": now,
    }
    made = insert_into(conn.dialect, watch_case).values(values)
    once = ["organization", "rule", "subject", "period"]
    newer = {"count": count, "last": now}
    conn.execute(made.on_conflict_do_update(index_elements=once, set_=newer, where=_w.closed.is_(None)))


def cases(conn: Connection, organization: Tenant, closed: bool, most: int) -> list[Case]:
    """The newest cases of an organization, open or closed."""
    state = _w.closed.is_not(None) if closed else _w.closed.is_(None)
    query = select(watch_case).where(_w.organization == organization, state)
    return [_case(row) for row in conn.execute(query.order_by(_w.opened.desc(), _w.id).limit(most))]


def find(conn: Connection, organization: Tenant, id_: bytes) -> Case | None:
    """One case of an organization."""
    row = conn.execute(select(watch_case).where(*_mine(organization, id_))).one_or_none()
    return None if row is None else _case(row)


def counts(conn: Connection, organization: Tenant) -> dict[str, int]:
    """How many cases are open, by rule."""
    query = select(_w.rule, func.count()).where(_w.organization == organization, _w.closed.is_(None))
    return {row[0]: row[1] for row in conn.execute(query.group_by(_w.rule))}


def assign(conn: Connection, one: Case, person: str | None) -> bool:
    """Give a case to somebody, or to nobody; False where it is closed by now."""
    return _change(conn, one, {"person": person})


def close(conn: Connection, one: Case, values: Mapping[str, Any]) -> bool:
    """Close a case with who, when, finding and note; False where it is closed already."""
    return _change(conn, one, values)


def marks(conn: Connection, organization: Tenant) -> list[tuple[StoredId, str, int]]:
    """Patients whose every access is looked at, who asked for it, and since when."""
    m = watch_mark.c
    rows = conn.execute(select(m.patient, m.person, m.since).where(m.organization == organization))
    return [(StoredId(row.patient), row.person, row.since) for row in rows.all()]


def mark(conn: Connection, organization: Tenant, patient: StoredId, by: tuple[str, int]) -> None:
    """Look at every access to a patient from now on; ``by``: a person and now."""
    person, now = by
    row = {"organization": organization, "patient": patient, "person": person, "since": now}
    conn.execute(insert_into(conn.dialect, watch_mark).values(row).on_conflict_do_nothing())


def unmark(conn: Connection, organization: Tenant, patient: StoredId) -> bool:
    """Do so no longer."""
    mine = and_(watch_mark.c.organization == organization, watch_mark.c.patient == patient)
    return conn.execute(delete(watch_mark).where(mine)).rowcount == 1


def forget_of(conn: Connection, organization: Tenant, patient: StoredId) -> None:
    """Forget that clients met a patient, and that somebody looks after them."""
    for table in (watch_contact, watch_mark):
        conn.execute(delete(table).where(table.c.organization == organization, table.c.patient == patient))


def forget_before(conn: Connection, period: int) -> None:
    """Forget what was usual long ago."""
    conn.execute(delete(watch_count).where(_n.period < period))


def _change(conn: Connection, one: Case, values: Mapping[str, Any]) -> bool:
    still = (*_mine(one.organization, one.id), _w.closed.is_(None))
    return conn.execute(update(watch_case).where(*still).values(**values)).rowcount == 1


def _mine(organization: Tenant, id_: bytes) -> Iterable[ColumnElement[bool]]:
    return (_w.organization == organization, _w.id == id_)


def _case(row: Row[Any]) -> Case:
    values = dict(row._mapping)
    sealed = values["sealed"]
    return Case(**{**values, "id": bytes(row.id), "sealed": None if sealed is None else bytes(sealed)})
