"""What leaves the house: a release profile laid over a clinical half, from which identity is gone already.

A release only takes away. What the profile does not name stays, because the split let it in and because
plans, which are made of clinical halves, must reach the reader with their words.
"""

from __future__ import annotations

from datetime import date

from gateway.privacy.plans import plans
from gateway.privacy.policy import Kind, Policy, PolicyRefused
from gateway.privacy.walk import Object, Walk


def project(clinical: Object, policy: Policy, as_of: date | None = None) -> Object:
    """The clinical half as a reader under ``policy`` sees it on a day.

    Whether a birth year tells an age over 89 depends on the day; without one, birth years are withheld.
    """
    if policy.kind is not Kind.RELEASE:
        raise PolicyRefused(policy.name, ["it is not a release profile"])
    return plans(policy).resource(clinical["resourceType"]).split(clinical, Walk(_as_it_is, {}, as_of))[0]


def _as_it_is(kind: str, text: str) -> str:
    return text
