"""The stored plan of a patient, as the EHR sees it, and which of its lines a clinician has decided."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.auth.actor import Actor
from gateway.cds_hooks.callers import PLAN
from gateway.custody.identity.vault import Vault
from gateway.custody.ids import StoredId
from gateway.refusal import Kind, Refused
from gateway.release import Release
from gateway.stored import Stored
from mappers.plan_identity import PLAN_NAME
from mappers.recommendations_to_careplan import ACT, act_of, is_withdrawn

UNDECIDED = frozenset({"not-started", "unknown"})


@dataclass(frozen=True, slots=True)
class StandingPlan:
    """``lines`` leads from an act to the place of its newest line and the status there."""

    stored: Stored | None
    lines: dict[str, tuple[int, str]]

    @property
    def decided(self) -> frozenset[str]:
        """The acts that need no card."""
        return frozenset(act for act, (_, status) in self.lines.items() if status not in UNDECIDED)

    @property
    def withdrawn(self) -> bool:
        """Whether the patient declines to have a plan."""
        return self.stored is not None and self.stored.body is not None and is_withdrawn(self.stored.body)


NO_PLAN = StandingPlan(None, {})


def standing_plan(vault: Vault, release: Release, actor: Actor, patient: StoredId) -> StandingPlan | None:
    """The patient's plan; None where there is none that this client may read. Raises ``Refused`` where the
    patient was erased."""
    tenant = actor.organization
    stored_id = vault.derived_id(tenant, patient, *PLAN_NAME)
    try:
        stored = release.read(actor, PLAN, vault.outside(tenant).show(PLAN, stored_id))
    except Refused as refusal:
        if refusal.kind is Kind.NOT_FOUND:
            return None
        raise
    lines = {
        act.removeprefix(ACT): (number, str(line.get("detail", {}).get("status", "")))
        for number, line in enumerate((stored.body or {}).get("activity", ()))
        if (act := act_of(line)) is not None
    }
    return StandingPlan(stored, lines)
