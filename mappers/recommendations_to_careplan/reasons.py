"""Why a clinician declines a line, as codes: a small set of our own, published with the product.

They stand in ``detail.statusReason``. Any other coding may stand there too; it is kept and counted as other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from mappers.tables import rows

REASON_SYSTEM = "urn:careloom:decision-reason"


@dataclass(frozen=True, slots=True)
class DecisionReason:
    """One code; ``decides`` says which end of a line it explains: ``declined`` or ``completed``."""

    code: str
    display: str
    meaning: str
    decides: str


@cache
def decision_reasons() -> Mapping[str, DecisionReason]:
    """Every code."""
    return {
        row["code"]: DecisionReason(row["code"], row["display"], row["meaning"], row["decides"])
        for row in rows("decision_reasons.csv")
    }


def reason_of(line: Mapping[str, Any]) -> str:
    """The code that a line gives for where it stands: ours, ``other`` for any other coding, or nothing."""
    codings = line.get("detail", {}).get("statusReason", {}).get("coding", ())
    ours = (one.get("code") for one in codings if one.get("system") == REASON_SYSTEM)
    known = next((code for code in ours if code in decision_reasons()), None)
    return known or ("other" if codings else "")
