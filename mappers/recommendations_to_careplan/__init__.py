"""From the engine's one answer to the FHIR that a clinician sees: plan, goals, values, dangers, provenance.

The same answer gives the same resources: nothing here reads a clock, and no day but those of the facts and
``created`` is written, so that the same answer found tomorrow changes nothing. Names are our own; a
pseudonym stands in references only, where whoever releases the plan can translate it.
"""

from __future__ import annotations

from mappers.recommendations_to_careplan.decided import DECLINED, DONE, OPEN_ENDED, act_of, retold
from mappers.recommendations_to_careplan.ending import completed, is_withdrawn, merged, withdrawn
from mappers.recommendations_to_careplan.provenance import provenance
from mappers.recommendations_to_careplan.resources import resources

__all__ = [
    "DECLINED",
    "DONE",
    "OPEN_ENDED",
    "act_of",
    "completed",
    "is_withdrawn",
    "merged",
    "provenance",
    "resources",
    "retold",
    "withdrawn",
]
