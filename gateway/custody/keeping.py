"""Retention rules: per tenant and type how long resources are kept. What has no rule is kept for ever."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection, Row, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from gateway.custody import periods
from gateway.custody.errors import StoreUnavailable
from gateway.custody.ids import Tenant
from gateway.custody.periods import Period
from gateway.custody.purging import hold_writers
from gateway.custody.tables import retention_rule

EVERY_TYPE = "*"


class Counted(StrEnum):
    """From when a period runs: the resource's newest version, or the last of its patient's that was sent."""

    WRITTEN = "written"
    LAST_TOUCHED = "last-touched"


@dataclass(frozen=True, slots=True)
class Rule:
    """How long the resources of a type are kept, and their superseded versions if that is shorter."""

    type: str
    keep: Period
    superseded: Period | None = None
    counted: Counted = Counted.WRITTEN

    def __str__(self) -> str:
        shorter = f" superseded={self.superseded}" if self.superseded else ""
        return f"{self.type} keep={self.keep}{shorter} counted={self.counted}"


Rules = Mapping[str, Rule]
"""By type; ``*`` is for every type that is not in it."""


def put(conn: Connection, tenant: Tenant, rule: Rule, now: int) -> None:
    """Set the rule of a type, in place of the one that it had."""
    hold_writers(conn, tenant)
    dialect = postgresql if conn.dialect.name == "postgresql" else sqlite
    values = {
        "keep": str(rule.keep),
        "superseded": str(rule.superseded) if rule.superseded else None,
        "counted": rule.counted.value,
        "changed": now,
    }
    new = dialect.insert(retention_rule).values(tenant=tenant, type=rule.type, **values)
    conn.execute(new.on_conflict_do_update(index_elements=["tenant", "type"], set_=values))


def remove(conn: Connection, tenant: Tenant, type_: str) -> bool:
    """Keep this type for ever from now on; False when it had no rule."""
    hold_writers(conn, tenant)
    mine = (retention_rule.c.tenant == tenant, retention_rule.c.type == type_)
    return conn.execute(delete(retention_rule).where(*mine)).rowcount > 0


def rules(conn: Connection, tenant: Tenant) -> Rules:
    """The rules of a tenant."""
    rows = conn.execute(select(retention_rule).where(retention_rule.c.tenant == tenant))
    return {row.type: _rule(row) for row in rows}


def tenants(conn: Connection) -> list[Tenant]:
    """Those that have any rule, in order."""
    found = conn.scalars(select(retention_rule.c.tenant).distinct().order_by(retention_rule.c.tenant))
    return [Tenant(number) for number in found]


def _rule(row: Row[tuple[object, ...]]) -> Rule:
    keep = periods.parse(row.keep)
    superseded = periods.parse(row.superseded) if row.superseded is not None else None
    if keep is None or (row.superseded is not None and superseded is None):
        # A rule that is not understood must not be taken for a shorter one.
        raise StoreUnavailable("A retention rule in the database is none that this release understands.")
    return Rule(row.type, keep, superseded, Counted(row.counted))
