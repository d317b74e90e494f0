"""Conditional writes of one criteria follow one another, so that many at once make one resource.

What is written because nothing matched, or something did, bears a blind row of its criteria. Behind the
tenant's counter, where writers stand in line, a write looks whether such a row came after its search: then
the search may answer otherwise now, and the write starts again from there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from msgspec.structs import replace
from sqlalchemy import Connection, select

from gateway.custody import index
from gateway.custody.errors import Conflict
from gateway.custody.identity.vault import Vault
from gateway.custody.ids import Tenant, WriteNo
from gateway.custody.tables import identity_token
from gateway.intake.versions import Outcome

_PARAMETER = "?"
"""No search parameter has this name, so no search finds these rows."""


@dataclass(frozen=True, slots=True)
class Claims:
    """The rows of the criteria that were searched for when ``since`` was the tenant's last write."""

    keys: frozenset[bytes]
    since: WriteNo


def claimed(
    vault: Vault, tenant: Tenant, outcomes: Sequence[Outcome], since: WriteNo | None
) -> tuple[list[Outcome], Claims | None]:
    """The outcomes, with a row of its criteria for each write that was conditional."""
    if since is None:
        return list(outcomes), None
    key = vault.of(tenant).identity_index
    keys = {
        position: index.token_key(key, outcome.entry.type, _PARAMETER, outcome.entry.criteria)
        for position, outcome in enumerate(outcomes)
        if outcome.entry.criteria and outcome.sealed is not None
    }
    marked = [_marked(outcome, keys.get(position)) for position, outcome in enumerate(outcomes)]
    return marked, Claims(frozenset(keys.values()), since) if keys else None


def _marked(outcome: Outcome, key: bytes | None) -> Outcome:
    if key is None or outcome.sealed is None:
        return outcome
    return replace(outcome, sealed=replace(outcome.sealed, names=(*outcome.sealed.names, key)))


def check(conn: Connection, claims: Claims) -> None:
    """Behind the tenant's counter, before rows are written: raises ``Conflict`` where somebody was faster."""
    later = select(identity_token.c.write_no).where(
        identity_token.c.key.in_(claims.keys), identity_token.c.write_no > claims.since
    )
    if conn.execute(later.limit(1)).first() is not None:
        raise Conflict
