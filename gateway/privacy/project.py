"""What leaves the house: a release profile laid over a clinical half, from which identity is gone already.

A release only takes away. What the profile does not name stays, because the split let it in and because
plans, which are made of clinical halves, must reach the reader with their words.
"""

from __future__ import annotations

from gateway.privacy.ages import capped
from gateway.privacy.plans import plans
from gateway.privacy.policy import Kind, Policy, PolicyRefused
from gateway.privacy.terms import NO_TERMS, Terms
from gateway.privacy.walk import Object, Walk


def project(clinical: Object, policy: Policy, terms: Terms = NO_TERMS) -> Object:
    """The clinical half as a reader under ``policy`` sees it on these terms.

    Whether a year tells an age over 89 depends on the day of the release, and a shifted date on the patient
    and the reader: without the one no such year is shown, without the other no date that the policy shifts.
    """
    if policy.kind is not Kind.RELEASE:
        raise PolicyRefused(policy.name, ["it is not a release profile"])
    shown = plans(policy).resource(clinical["resourceType"]).split(clinical, Walk(_as_it_is, {}, terms))[0]
    told: Object = capped(shown, policy.ages) if policy.ages else shown
    return told


def _as_it_is(kind: str, text: str) -> str:
    return text
