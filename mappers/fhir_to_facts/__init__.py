"""From a patient's clinical halves to what is known of them: one file per FHIR type, one table of readers.

Every resource ends as evidence of a fact, as ``Unreadable``, or as ``SetAside`` with the reason: nothing is
dropped without a word. The order in which resources come changes nothing.
"""

from __future__ import annotations

from mappers.fhir_to_facts.opened import Opened
from mappers.fhir_to_facts.read import facts

__all__ = ["Opened", "facts"]
