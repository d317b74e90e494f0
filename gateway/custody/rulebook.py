"""What was decided about rules: packs that were added, switches of hospitals, recalls, and answers in shadow.

Who changes any of it raises ``knowledge_change`` in the same transaction and holds that row until the commit:
changes come one after the other, and a worker that reads the number knows whether what it holds still counts.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, and_, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from gateway.custody.ids import StoredId, Tenant
from gateway.custody.keyring import hashed
from gateway.custody.knowledge_table import (
    knowledge_change,
    knowledge_pack,
    rule_recall,
    rule_switch,
    shadow_answer,
)

ANSWER_BYTES = 12

_ONE = 1
_s, _a = rule_switch.c, shadow_answer.c


@dataclass(frozen=True, slots=True)
class Pack:
    """A pack as it was added: its files as one JSON object, and who answers for it."""

    id: str
    version: str
    files: bytes
    publisher: str | None
    reason: str | None
    since: int = 0


@dataclass(frozen=True, slots=True)
class Switch:
    """A hospital's decision about a rule; numbers as they were written, state None: as published."""

    rule: str
    state: str | None
    thresholds: Mapping[str, str]
    reason: str
    since: int = 0


@dataclass(frozen=True, slots=True)
class Recall:
    """A version of a rule that counts no more, for anybody."""

    rule: str
    version: str
    reason: str
    since: int = 0


def number(conn: Connection) -> int:
    """How often anything was decided: what was read under the same number still counts."""
    found: int | None = conn.scalar(select(knowledge_change.c.number))
    return found or 0


def change(conn: Connection) -> None:
    """Say that something is decided now; who else decides waits for this transaction's end."""
    dialect = postgresql if conn.dialect.name == "postgresql" else sqlite
    first = dialect.insert(knowledge_change).values(one=_ONE, number=0)
    conn.execute(first.on_conflict_do_nothing())
    conn.execute(update(knowledge_change).values(number=knowledge_change.c.number + 1))


# --- packs -----------------------------------------------------------------------------------------------


def packs(conn: Connection) -> list[Pack]:
    """The packs that were added, by their ids."""
    rows = conn.execute(select(knowledge_pack).order_by(knowledge_pack.c.id))
    return [Pack(r.id, r.version, bytes(r.files), r.publisher, r.reason, r.since) for r in rows]


def put_pack(conn: Connection, pack: Pack, now: int) -> None:
    """Keep a pack in the place of the one of its id."""
    conn.execute(delete(knowledge_pack).where(knowledge_pack.c.id == pack.id))
    conn.execute(
        knowledge_pack.insert().values(
            id=pack.id,
            version=pack.version,
            files=pack.files,
            publisher=pack.publisher,
            reason=pack.reason,
            since=now,
        )
    )


def remove_pack(conn: Connection, id_: str) -> bool:
    """Take a pack away; False when none of this id was added."""
    return conn.execute(delete(knowledge_pack).where(knowledge_pack.c.id == id_)).rowcount > 0


# --- switches and recalls --------------------------------------------------------------------------------


def switches(conn: Connection, tenant: Tenant) -> list[Switch]:
    """What a hospital decided, by rule."""
    rows = conn.execute(select(rule_switch).where(_s.tenant == tenant).order_by(_s.rule))
    return [Switch(r.rule, r.state, json.loads(r.thresholds), r.reason, r.since) for r in rows]


def put_switch(conn: Connection, tenant: Tenant, switch: Switch, now: int) -> None:
    """Let this be what the hospital decided about the rule."""
    clear_switch(conn, tenant, switch.rule)
    thresholds = json.dumps(dict(sorted(switch.thresholds.items())))
    conn.execute(
        rule_switch.insert().values(
            tenant=tenant,
            rule=switch.rule,
            state=switch.state,
            thresholds=thresholds,
            reason=switch.reason,
            since=now,
        )
    )


def clear_switch(conn: Connection, tenant: Tenant, rule: str) -> bool:
    """Let a rule be as it was published; False when the hospital had decided nothing."""
    mine = and_(_s.tenant == tenant, _s.rule == rule)
    return conn.execute(delete(rule_switch).where(mine)).rowcount > 0


def recalls(conn: Connection) -> list[Recall]:
    """Every recall, by rule and version."""
    rows = conn.execute(select(rule_recall).order_by(rule_recall.c.rule, rule_recall.c.version))
    return [Recall(r.rule, r.version, r.reason, r.since) for r in rows]


def put_recall(conn: Connection, recall: Recall, now: int) -> bool:
    """Recall a version for good; False when it was recalled before: the first reason stays. The caller holds
    the row of changes."""
    there = and_(rule_recall.c.rule == recall.rule, rule_recall.c.version == recall.version)
    if conn.execute(select(rule_recall.c.since).where(there)).first() is not None:
        return False
    said = {"rule": recall.rule, "version": recall.version, "reason": recall.reason}
    conn.execute(rule_recall.insert().values(**said, since=now))
    return True


# --- in shadow -------------------------------------------------------------------------------------------


def token(index_key: bytes, rule: str, answer: str) -> bytes:
    """An answer as it is kept: under the tenant's key, so that rows say only which answers are alike."""
    return hashed(index_key, f"shadow\0{rule}\0{answer}".encode())[:ANSWER_BYTES]


@dataclass(frozen=True, slots=True)
class Shaded:
    """What a rule in shadow answers for a patient."""

    rule: str
    version: str
    answer: bytes


def keep_shadow(conn: Connection, of: tuple[Tenant, StoredId], found: Iterable[Shaded], now: int) -> None:
    """Keep a patient's answers; what was answered before stays as it was kept."""
    tenant, patient = of
    rows = conn.execute(select(_a.rule, _a.version, _a.answer).where(_of(tenant, patient)))
    there = {row.rule: (row.version, bytes(row.answer)) for row in rows}
    dialect = postgresql if conn.dialect.name == "postgresql" else sqlite
    for one in found:
        if there.get(one.rule) == (one.version, one.answer):
            continue
        said = {"version": one.version, "answer": one.answer, "since": now}
        row = dialect.insert(shadow_answer).values(tenant=tenant, patient=patient, rule=one.rule, **said)
        keys = ["tenant", "patient", "rule"]
        conn.execute(row.on_conflict_do_update(index_elements=keys, set_=said))


def count_shadow(conn: Connection, tenant: Tenant, rule: str, version: str) -> Mapping[bytes, int]:
    """How many patients have which answer to a version of a rule."""
    mine = and_(_a.tenant == tenant, _a.rule == rule, _a.version == version)
    rows = conn.execute(select(_a.answer, func.count().label("many")).where(mine).group_by(_a.answer))
    return {bytes(row.answer): row.many for row in rows}


def forget_shadow(
    conn: Connection, tenant: Tenant, *, rule: str | None = None, patient: StoredId | None = None
) -> None:
    """Delete the answers to a rule, or those of a patient."""
    mine = [_a.tenant == tenant]
    mine += [_a.rule == rule] if rule is not None else []
    mine += [_a.patient == patient] if patient is not None else []
    conn.execute(delete(shadow_answer).where(and_(*mine)))


def _of(tenant: Tenant, patient: StoredId) -> ColumnElement[bool]:
    return and_(_a.tenant == tenant, _a.patient == patient)
