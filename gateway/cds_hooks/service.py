"""Use case: what an EHR sent along becomes facts, the engine's answer and cards; nothing of it is stored.

1. The call is read. 2. What it brings is split in memory, as at the front door. 3. Facts and rules of the
tenant give the answer. 4. What a clinician decided in the stored plan is left out. 5. Cards that are given
are remembered in one transaction with the event, before they leave.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from gateway.auth.actor import Actor
from gateway.cds_hooks import asking
from gateway.cds_hooks.callers import PLAN, entitled
from gateway.cds_hooks.cards import Dealer, Given, not_looked
from gateway.cds_hooks.catalogue import SERVICES, Service
from gateway.cds_hooks.chart import Chart, charted
from gateway.cds_hooks.rulebook import Rulebook
from gateway.cds_hooks.standing import NO_PLAN, StandingPlan, standing_plan
from gateway.custody import audit, cds_cards
from gateway.custody.audit import Event
from gateway.custody.cds_cards import Card
from gateway.custody.identity.vault import Vault
from gateway.custody.ids import StoredId
from gateway.identities import Identities
from gateway.privacy.policy import Policy
from gateway.refusal import Kind, refused
from gateway.release import Release
from gateway.stored import Clock, Entropy
from gateway.trace import SUCCESS
from mappers import fhir_to_facts
from mappers.recommendations import Plan
from workers.engine import apply
from workers.engine.limit import MOST, limited

SECOND = 1_000_000
CALLED, ANSWERED = "cds:call", "cds:feedback"


@dataclass(frozen=True, slots=True)
class CdsHooks:
    """Gives cards."""

    vault: Vault
    release: Release
    policy: Policy
    rules: Rulebook
    clock: Clock
    entropy: Entropy

    def call(self, actor: Actor, name: str, body: object) -> dict[str, Any]:
        """The answer to one call. Raises ``Refused``."""
        entitled(actor)
        service = service_named(name)
        asked = asking.call(service, body)  # 1
        chart = charted(Identities(self.vault, actor.organization), self.policy, asked)  # 2
        standing = self._standing(actor, chart.patient)
        looked = not (standing.withdrawn or asked.missing)
        cards = self._cards(actor, service, chart, standing) if looked else []
        self._remember(actor, service, chart, cards)  # 5
        told = [one.card for one in cards]
        return {"cards": [not_looked(asked.missing, self._uuid)] if asked.missing else told}

    def _cards(self, actor: Actor, service: Service, chart: Chart, standing: StandingPlan) -> list[Given]:
        dealer = Dealer(chart, self._plan(actor, chart), self._uuid)  # 3
        if service.orders:
            return dealer.of_drafts()
        most = limited(dealer.plan, MOST, standing.decided)
        return Dealer(chart, most, self._uuid).of_patient(standing.decided)  # 4

    def _plan(self, actor: Actor, chart: Chart) -> Plan:
        knowledge = self.rules.of(actor.organization)
        facts = fhir_to_facts.facts(chart.opened, self._today(), chart.subject, knowledge.maps)
        return apply.plan(facts, knowledge)

    def _standing(self, actor: Actor, patient: StoredId) -> StandingPlan:
        """What is decided in the stored plan; of whoever has none, nothing."""
        return standing_plan(self.vault, self.release, actor, patient) or NO_PLAN

    def _remember(self, actor: Actor, service: Service, chart: Chart, cards: Sequence[Given]) -> None:
        now = self.clock()
        tenant = actor.organization
        kept = [
            Card(tenant, one.uuid, service.id, chart.patient, one.act, one.rules, one.suggestions, now)
            for one in cards
        ]
        with self.vault.database.write() as conn:
            cds_cards.remember(conn, kept)
            audit.append(conn, tenant, [event(actor, CALLED, chart.patient, service.id, now)])

    def _today(self) -> date:
        return datetime.fromtimestamp(self.clock() / SECOND, UTC).date()

    def _uuid(self) -> uuid.UUID:
        return uuid.UUID(bytes=self.entropy(16), version=4)


def service_named(name: str) -> Service:
    """The service of an id. Raises ``Refused``."""
    found = SERVICES.get(name)
    if found is None:
        raise refused(Kind.NOT_FOUND, "not-found", "There is no such service; GET /cds-services lists them.")
    return found


def event(actor: Actor, kind: str, patient: StoredId, service: str, now: int) -> Event:
    """That a service was asked, or answered, about a patient."""
    return Event(
        time=now,
        kind=kind,
        action="E",
        outcome=SUCCESS,
        status=200,
        client_id=actor.client_id,
        organization=actor.organization,
        type=PLAN,
        patient=patient,
        address=actor.address,
        request_id=actor.request_id,
        detail=service,
    )
