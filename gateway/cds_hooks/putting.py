"""CDS Hooks put together from what the web side has."""

from __future__ import annotations

from gateway.auth.authentication import Authenticator
from gateway.cds_hooks.callers import Callers
from gateway.cds_hooks.endpoint import CdsEndpoint
from gateway.cds_hooks.feedback import Feedback
from gateway.cds_hooks.rulebook import Rulebook
from gateway.cds_hooks.service import CdsHooks
from gateway.custody.identity.vault import Vault
from gateway.fhir.edge import Edge
from gateway.privacy import policy
from gateway.settings import Settings
from gateway.stored import Entropy


def cds_hooks(
    settings: Settings, vault: Vault, edge: Edge, desk: Authenticator, entropy: Entropy
) -> CdsEndpoint:
    """The endpoint. Raises ``PolicyRefused``."""
    services, clock = edge.services, desk.clock
    split = policy.load_as(policy.Kind.SPLIT, settings.policy)
    rules = Rulebook(vault.database, settings.storage.concept_maps_folder)
    hooks = CdsHooks(vault, services.release, split, rules, clock, entropy)
    feedback = Feedback(vault, services.intake, services.release, clock)
    return CdsEndpoint(hooks, feedback, Callers(desk, clock), edge.door.rate, edge.metrics, settings)
