"""The split: a resource becomes a clinical half that names nobody, and a withheld half that completes it.

Pure, and exact: ``merge`` gives back every value to the byte. The clinical half is valid R4. What is withheld
but required, a choice (``value[x]``), or a concept, reference or group of which nothing readable is left,
bears data-absent-reason ``masked``, so that "an allergy that we cannot read" never looks like "no allergy".
A resource whose meaning is changed by something that the policy does not know (a modifier extension,
``implicitRules``) has no clinical half: its owner gets it back whole, and no worker sees it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gateway.privacy.plans import plans
from gateway.privacy.policy import Policy
from gateway.privacy.walk import NoClinicalHalf, Object, Walk
from mappers.r4.model import MODEL


@dataclass(frozen=True, slots=True)
class Split:
    """The two halves; without a clinical half the other one is the resource itself."""

    clinical: Object | None
    withheld: Object


def split(resource: Object, policy: Policy, pseudonym_of: Callable[[str, str], str]) -> Split:
    """Part what is known from who it is about. ``pseudonym_of(kind, text)`` names what must be linkable.

    ``kind`` is a resource type and ``text`` an id, or ``Identifier`` and ``system|value``.
    """
    kind = resource.get("resourceType")
    if type(kind) is not str or kind not in MODEL.resources:
        return Split(None, resource)
    try:
        return Split(*plans(policy).resource(kind).split(resource, Walk(pseudonym_of, {})))
    except NoClinicalHalf:
        return Split(None, resource)
