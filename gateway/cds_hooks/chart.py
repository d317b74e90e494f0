"""What an EHR sent along, as a worker would see it: split in memory, and named by the tenant's pseudonyms.

Nothing is stored. ``originals`` leads back to the EHR's own references, for the drafts that it is offered.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from gateway.cds_hooks.asking import Call
from gateway.custody.ids import StoredId
from gateway.identities import Identities
from gateway.privacy.policy import Policy
from gateway.privacy.split import split
from gateway.refusal import Issue, Kind, Refused, refused
from mappers.fhir_to_facts import Opened
from mappers.r4 import validate
from mappers.r4.compartment import patients
from mappers.r4.references import rewrite

Resource = dict[str, Any]
_TAKEN = {"MedicationRequest": {"status": "active", "intent": "order"}}
"""A draft counts as what it would be once it is signed."""
MOST_FAULTS = 50


@dataclass(slots=True)
class Chart:
    """Clinical halves of one patient; ``drafts`` are the local references of those that are drafts."""

    patient: StoredId
    subject: str
    """``Patient/<pseudonym>``"""
    opened: list[Opened] = field(default_factory=list)
    originals: dict[str, str] = field(default_factory=dict)
    drafts: frozenset[str] = frozenset()

    def in_own_ids(self, resource: Resource) -> Resource:
        """A resource that the engine made, with the references that the EHR knows."""
        return rewrite(resource, lambda text: self.originals.get(text.partition("/_history/")[0], text))


def charted(identities: Identities, policy: Policy, call: Call) -> Chart:
    """The chart that a call brings. Raises ``Refused`` where it is about somebody else, too."""
    patient = call.patient
    chart = Chart(
        identities.stored("Patient", patient), f"Patient/{identities.pseudonym('Patient', patient)}"
    )
    _check((*call.resources, *call.drafts))
    for resource in call.resources:
        _add(chart, identities, policy, resource)
    signed = [{**one, **_TAKEN.get(str(one["resourceType"]), {})} for one in call.drafts]
    chart.drafts = frozenset(filter(None, [_add(chart, identities, policy, one) for one in signed]))
    return chart


def _check(resources: tuple[Resource, ...]) -> None:
    """What is no valid R4 is refused, each fault by its place in the resource."""
    found = (fault for one in resources for fault in validate.problems(one))
    issues = [Issue(one.code, one.text, one.expression) for one in islice(found, MOST_FAULTS)]
    if issues:
        raise Refused(Kind.INVALID, issues)


def _add(chart: Chart, identities: Identities, policy: Policy, resource: Resource) -> str | None:
    clinical = split(resource, policy, identities.pseudonym).clinical
    if clinical is None:
        return None
    whose = set(patients(clinical))
    if whose and chart.subject not in whose:
        raise refused(Kind.INVALID, "value", "What was sent along is about another patient, too.", "prefetch")
    kind = str(resource["resourceType"])
    opened = Opened(f"{kind}/{clinical['id']}/_history/1", clinical)
    if opened.local in chart.originals:
        return opened.local
    chart.originals[opened.local] = f"{kind}/{resource['id']}"
    chart.opened.append(opened)
    return opened.local
