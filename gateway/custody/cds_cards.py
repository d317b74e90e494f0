"""Cards that were given over CDS Hooks, so that what a clinician answers finds the line that it was about.

A card is known by its uuid. Of the patient the stored id is kept, of the card the act and the rules behind
it: no sentence, no value. The gateway's alone; forgotten with the patient, and after ``KEPT``.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, and_, delete, insert, select, update

from gateway.custody.cds_tables import cds_card
from gateway.custody.ids import StoredId, Tenant

KEPT = 90 * 24 * 3600 * 1_000_000
"""Microseconds for which a card can be answered."""
_c = cds_card.c


@dataclass(frozen=True, slots=True)
class Card:
    """A card as it is remembered; ``suggestions`` are the uuids of its suggestions."""

    tenant: Tenant
    uuid: str
    service: str
    patient: StoredId
    act: str
    rules: tuple[str, ...]
    suggestions: tuple[str, ...]
    given: int
    outcome: str | None = None


def remember(conn: Connection, cards: Sequence[Card]) -> None:
    """Keep cards that are about to be given."""
    if cards:
        conn.execute(insert(cds_card), [_row(card) for card in cards])


def find(conn: Connection, tenant: Tenant, uuid: str) -> Card | None:
    """The card of this uuid that this tenant was given."""
    row = conn.execute(select(cds_card).where(_c.tenant == tenant, _c.uuid == uuid)).first()
    if row is None:
        return None
    return Card(
        tenant,
        uuid,
        row.service,
        StoredId(row.patient),
        row.act,
        tuple(json.loads(row.rules)),
        tuple(json.loads(row.suggestions)),
        row.given,
        row.outcome,
    )


def answered(conn: Connection, card: Card, outcome: str, reason: str | None, now: int) -> None:
    """What a clinician made of a card; the last word counts."""
    mine = and_(_c.tenant == card.tenant, _c.uuid == card.uuid)
    conn.execute(update(cds_card).where(mine).values(outcome=outcome, reason=reason, decided=now))


def forget_of(conn: Connection, tenant: Tenant, patient: StoredId) -> int:
    """Forget the cards about a patient."""
    return conn.execute(delete(cds_card).where(_c.tenant == tenant, _c.patient == patient)).rowcount


def forget_before(conn: Connection, given: int) -> int:
    """Forget what was given before a time."""
    return conn.execute(delete(cds_card).where(_c.given < given)).rowcount


def _row(card: Card) -> dict[str, object]:
    return {
        "tenant": card.tenant,
        "uuid": card.uuid,
        "service": card.service,
        "patient": card.patient,
        "act": card.act,
        "rules": json.dumps(card.rules),
        "suggestions": json.dumps(card.suggestions),
        "given": card.given,
    }
