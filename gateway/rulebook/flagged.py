"""What a recalled rule had led to: the DetectedIssues that stand beside plans in which it was accepted.

They are found by the code that names the rule and its version, as any client of the hospital can find them
(``DetectedIssue?code=urn:careloom:recalled-rule|RULE@VERSION``), and told in the hospital's own ids. Each one
that is opened here is an event in its hospital's log.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, and_, func, select

from gateway.custody import audit, index, records
from gateway.custody.identity.vault import Vault
from gateway.custody.ids import StoredId, Tenant
from gateway.custody.operator import By
from gateway.custody.records import StoredVersion
from gateway.custody.tables import job, organization, record, search_token
from gateway.release.opened import clinical_halves, readable
from gateway.rulebook.events import flagged as event
from gateway.stored import Clock
from mappers.r4 import search
from mappers.recommendations import RECALLED_RULE

ISSUE = "DetectedIssue"
ENDED = "cancelled"


@dataclass(frozen=True, slots=True)
class Flag:
    """One accepted activity that rests on a recalled rule, by the id that its hospital sees."""

    organization: str
    issue: str
    title: str


def still_to_look_at(conn: Connection) -> int:
    """How many patients' plans have not been made anew yet."""
    waiting = select(func.count()).where(job.c.kind == "plan", job.c.state.in_(["queued", "running"]))
    found: int | None = conn.scalar(waiting.where(job.c.reason == "rule recalled"))
    return found or 0


def flags(vault: Vault, code: str, clock: Clock, by: By) -> list[Flag]:
    """Every accepted activity that rests on ``RULE@VERSION``, hospital by hospital."""
    with vault.database.read() as conn:
        tenants = [(Tenant(row.number), row.name) for row in conn.execute(select(organization))]
        found = [(tenant, name, _issues(conn, vault, tenant, code)) for tenant, name in tenants]
    return [
        one
        for tenant, name, rows in found
        if rows
        for one in _opened(vault, (tenant, name), rows, (clock, by))
    ]


def _issues(conn: Connection, vault: Vault, tenant: Tenant, code: str) -> Sequence[StoredVersion]:
    asked = {"resourceType": ISSUE, "code": {"coding": [{"system": RECALLED_RULE, "code": code}]}}
    secret = vault.of(tenant).clinical_index
    keys = {
        index.token_key(secret, ISSUE, name, value)
        for name, value in search.clinical_rows(asked).tokens
        if value == f"{RECALLED_RULE}|{code}"
    }
    heads = and_(search_token.c.write_no == record.c.write_no, search_token.c.key.in_(keys))
    mine = select(record.c.id).join(search_token, heads).where(record.c.tenant == tenant)
    ids = [StoredId(id_) for id_ in conn.scalars(mine.where(record.c.deleted == 0))]
    return list(records.load_all(conn, tenant, [(ISSUE, id_) for id_ in ids]).values())


def _opened(
    vault: Vault, hospital: tuple[Tenant, str], rows: Sequence[StoredVersion], who: tuple[Clock, By]
) -> list[Flag]:
    tenant, name = hospital
    clock, by = who
    there = readable(vault, tenant, rows)
    bodies = clinical_halves(vault, tenant, there)
    with vault.database.write() as conn:
        now = clock()
        audit.append(conn, tenant, [event(tenant, row, by, now) for row in there])
    shown = vault.outside(tenant)
    return [
        Flag(name, f"{ISSUE}/{shown.show(ISSUE, row.id)}", body["code"]["text"])
        for row, body in zip(there, bodies, strict=True)
        if body is not None and body.get("status") != ENDED
    ]
