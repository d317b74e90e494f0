"""Use case of a data protection officer: what holds now for a patient's plan, for a partner and the engine.

The partner's part is decided as a request of theirs would be, the engine's on halves as workers decide it. To
ask is an access: it is recorded, also where there is no such patient.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from gateway.auth import registry
from gateway.auth.actor import Actor, Role
from gateway.auth.registry import Client
from gateway.auth.scopes import Scopes
from gateway.custody import audit, records
from gateway.custody.identity.vault import Vault
from gateway.custody.ids import StoredId, Tenant, pseudonym
from gateway.custody.operator import COMMAND_LINE, By
from gateway.identities import resolve
from gateway.refusal import Kind, Refused, refused
from gateway.release.consenting import Consents
from gateway.release.statements import Statements, ref
from gateway.stored import Clock
from gateway.trace import MINOR, SUCCESS
from mappers import consent
from mappers.consent import Decision, Default, Subject, asking

PLAN = "CarePlan"
PATIENT = "Patient"


@dataclass(frozen=True, slots=True)
class Answer:
    """A decision as it is told: ``rested_on`` in the ids that officers see in the trail."""

    effect: str
    default: str
    why: str
    rested_on: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Checked:
    """What holds for a partner, and for the engine."""

    partner: Answer
    engine: Answer


@dataclass(frozen=True, slots=True)
class ConsentCheck:
    """Asks on somebody's behalf; ``by`` names the tool in the trail."""

    vault: Vault
    clock: Clock
    by: By = COMMAND_LINE

    def ask(self, client_id: str, organization: str, patient_id: str) -> Checked:
        """Decide for the plan of a patient, named by the organization's own id. Raises ``Refused``."""
        client, tenant = self._granted(client_id, organization)
        patient = resolve(self.vault, tenant, PATIENT, patient_id)
        now = self.clock()
        if not self._known(tenant, patient):
            self._record(tenant, now, (client_id, None), "no such patient")
            raise refused(Kind.NOT_FOUND, "not-found", "this organization has no such patient")
        found = Checked(self._partner(client, tenant, patient, now), self._engine(tenant, patient, now))
        told = f"partner={found.partner.effect}; engine={found.engine.effect}"
        self._record(tenant, now, (client_id, patient), told)
        return found

    def _granted(self, client_id: str, organization: str) -> tuple[Client, Tenant]:
        with self.vault.database.read() as conn:
            client = registry.find_client(conn, client_id)
            tenant = registry.find_organization(conn, organization)
            granted = registry.granted(conn, client_id)
        if client is None or client.revoked is not None:
            raise _unknown("no client in use has this id; see `careloom client list`")
        if tenant is None or tenant not in granted:
            raise _unknown("this organization grants this client nothing; see `careloom grant list`")
        return client, tenant

    def _known(self, tenant: Tenant, patient: StoredId) -> bool:
        with self.vault.database.read() as conn:
            row = records.load(conn, tenant, PATIENT, patient)
        return row is not None and not row.deleted and patient in self.vault.clinical.fetch(tenant, [patient])

    def _partner(self, client: Client, tenant: Tenant, patient: StoredId, now: int) -> Answer:
        actor = Actor(
            client.client_id, Role.PARTNER, client.organization, Scopes(()), "", "", grants=(tenant,)
        )
        consents = Consents(self.vault, actor, now)
        with self.vault.database.read() as conn:
            row = records.load(conn, tenant, PLAN, self._plan(tenant, patient))
            strict = tenant in registry.opt_in(conn, client.client_id)
        subject = Subject(PLAN, self._reference(tenant, patient))
        decision = consents.decision(row) if row else consents.of_plan((tenant, patient), subject)
        return self._answer(tenant, decision, Default.OPT_IN if strict else Default.OPT_OUT)

    def _engine(self, tenant: Tenant, patient: StoredId, now: int) -> Answer:
        said = [found for _, found in Statements(self.vault, tenant, whole=False).of([patient])]
        moment = datetime.fromtimestamp(now / 1_000_000, UTC).replace(tzinfo=None)
        subject = Subject(PLAN, self._reference(tenant, patient))
        decision = consent.decide(said, asking.engine(moment), subject, asking.SILENCE)
        return self._answer(tenant, decision, asking.SILENCE)

    def _answer(self, tenant: Tenant, decision: Decision, default: Default) -> Answer:
        rested = tuple(self._shown(tenant, text) for text in decision.rested_on)
        return Answer(decision.effect.value, default.value, decision.why, rested)

    def _shown(self, tenant: Tenant, text: str) -> str:
        found = ref(text)
        version = text.rpartition("/")[2]
        return f"Consent/{self.vault.outside(tenant).show(*found)}/_history/{version}" if found else text

    def _plan(self, tenant: Tenant, patient: StoredId) -> StoredId:
        return self.vault.derived_id(tenant, patient, PLAN, "plan")

    def _reference(self, tenant: Tenant, patient: StoredId) -> str:
        return f"{PLAN}/{pseudonym(self._plan(tenant, patient))}"

    def _record(self, tenant: Tenant, now: int, who: tuple[str, StoredId | None], told: str) -> None:
        client_id, patient = who
        event = audit.Event(
            time=now,
            kind="consent:check",
            action="R",
            outcome=SUCCESS if patient else MINOR,
            status=200 if patient else 404,
            client_id=client_id,
            organization=tenant,
            user=self.by.user,
            type=PATIENT,
            id=patient,
            patient=patient,
            detail=f"{self.by}; {told}",
        )
        with self.vault.database.write() as conn:
            audit.append(conn, tenant, [event])


def _unknown(text: str) -> Refused:
    return refused(Kind.NOT_FOUND, "not-found", text)
