"""From the engine's one answer to the FHIR that a clinician sees: plan, goals, values, dangers, provenance.

The same answer gives the same resources: nothing here reads a clock, and no day but those of the facts and
``created`` is written, so that the same answer found tomorrow changes nothing. Names are our own; a
pseudonym stands in references only, where whoever releases the plan can translate it.
"""

from __future__ import annotations

from mappers.recommendations_to_careplan.decided import DECLINED, DONE, OPEN_ENDED, act_of, retold
from mappers.recommendations_to_careplan.drafts import DRAFT, SIGNABLE
from mappers.recommendations_to_careplan.ending import completed, is_withdrawn, merged, withdrawn
from mappers.recommendations_to_careplan.provenance import provenance
from mappers.recommendations_to_careplan.reasons import REASON_SYSTEM, decision_reasons, reason_of
from mappers.recommendations_to_careplan.resources import resources
from mappers.recommendations_to_careplan.writer import ACT

__all__ = [
    "ACT",
    "DECLINED",
    "DONE",
    "DRAFT",
    "OPEN_ENDED",
    "REASON_SYSTEM",
    "SIGNABLE",
    "act_of",
    "completed",
    "decision_reasons",
    "is_withdrawn",
    "merged",
    "provenance",
    "reason_of",
    "resources",
    "retold",
    "withdrawn",
]
