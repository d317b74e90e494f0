"""Stages of chronic kidney disease after KDIGO: G by an eGFR that lasted, A by albuminuria, and the risk."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal

from workers.engine.answer import ordered, soonest
from workers.engine.case import Case, Resolve
from workers.engine.known import Known, Type, absent, exactly
from workers.engine.numbers import LEAVES as NUMBERS
from workers.engine.readings import Lens

G_STAGES = ((15, "G5"), (30, "G4"), (45, "G3b"), (60, "G3a"), (90, "G2"))
GRID = {
    "G1": ("low", "moderate", "high"),
    "G2": ("low", "moderate", "high"),
    "G3a": ("moderate", "high", "very high"),
    "G3b": ("high", "very high", "very high"),
    "G4": ("very high",) * 3,
    "G5": ("very high",) * 3,
}
A_STAGES = ("A1", "A2", "A3")

_LASTING_EGFR = NUMBERS["persistent_highest"][1]("egfr")
_ACR = NUMBERS["value"][1]("urine_acr")


def g_stage(egfr: Decimal) -> str:
    """The stage of an eGFR, from the value before rounding."""
    return next((stage for below, stage in G_STAGES if egfr < below), "G1")


def a_stage(acr: Decimal) -> str:
    """The stage of an albumin-creatinine ratio in mg/g; both ends belong to A2."""
    return "A1" if acr < 30 else "A2" if acr <= 300 else "A3"


def risk(g: str, a: str) -> str:
    """KDIGO's heat map."""
    return GRID[g][A_STAGES.index(a)]


def _stage(number: Resolve, stage: Callable[[Decimal], str]) -> Resolve:
    def resolve(case: Case, lens: Lens) -> Known:
        found = number(case, lens)
        stages = ordered(stage(value) for value in found.values if isinstance(value, Decimal))
        if len(stages) == 1:
            return exactly(stages[0], found.evidence, found.until)
        gap = found.gap or f"a value that lies in one stage ({' or '.join(stages)})"
        return absent(gap, found.until, found.evidence)

    return resolve


def _risk(case: Case, lens: Lens) -> Known:
    parts = [LEAVES["g_stage"](case, lens), LEAVES["a_stage"](case, lens)]
    until = soonest(part.until for part in parts)
    evidence = tuple(sorted({piece for part in parts for piece in part.evidence}))
    if not all(part.values for part in parts):
        return absent("; ".join(part.gap for part in parts if not part.values), until, evidence)
    return exactly(risk(*(str(part.values[0]) for part in parts)), evidence, until)


def _listed(case: Case, lens: Lens) -> Known:
    """Whether the problem list names the G stage that the numbers give. It names no A stage in any code."""
    named = [one for one in case.facts.problems if one.active and one.is_a("ckd") and one.stage]
    found = LEAVES["g_stage"](case, lens)
    same = tuple(one.evidence for one in named if found.values == (f"G{one.stage}",))
    return exactly(bool(same), tuple(sorted({*found.evidence, *same})), found.until)


LEAVES: Mapping[str, Resolve] = {
    "g_stage": _stage(_LASTING_EGFR, g_stage),
    "a_stage": _stage(_ACR, a_stage),
    "risk": _risk,
    "stage_listed": _listed,
}
TYPES = {"stage_listed": Type.BOOLEAN}
READS: Mapping[str, tuple[str, ...]] = {
    "g_stage": ("egfr",),
    "a_stage": ("urine_acr",),
    "risk": ("egfr", "urine_acr"),
    "stage_listed": ("egfr",),
}
