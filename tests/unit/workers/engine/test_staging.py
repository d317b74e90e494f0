"""KDIGO's stages and heat map (doi:10.1016/j.kint.2023.10.018), cell by cell, and what a stage needs."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappers.recommendations import Activity, Plan
from tests.unit.workers.engine.patients import facts, measured, problem
from workers.engine.apply import plan
from workers.engine.definitions import Knowledge
from workers.engine.staging import A_STAGES, G_STAGES, a_stage, g_stage, risk

# Rows by eGFR, columns by albumin-creatinine ratio, as the guideline prints them.
HEAT_MAP = """
G1   low        moderate   high
G2   low        moderate   high
G3a  moderate   high       very-high
G3b  high       very-high  very-high
G4   very-high  very-high  very-high
G5   very-high  very-high  very-high
"""
CELLS = [
    (row.split()[0], a, cell.replace("-", " "))
    for row in HEAT_MAP.strip().splitlines()
    for a, cell in zip(A_STAGES, row.split()[1:], strict=True)
]
RISKS = ["low", "moderate", "high", "very high"]


@pytest.mark.parametrize(("g", "a", "expected"), CELLS)
def test_a_cell_of_the_heat_map(g: str, a: str, expected: str) -> None:
    assert risk(g, a) == expected


def test_the_heat_map_is_whole() -> None:
    assert {g for g, _, _ in CELLS} == {"G1", *(name for _, name in G_STAGES)}
    assert len(CELLS) == 18


@given(st.decimals(0, 150, places=2), st.decimals(0, 150, places=2), st.decimals(0, 3000, places=1))
def test_a_better_kidney_is_never_at_higher_risk(one: Decimal, other: Decimal, acr: Decimal) -> None:
    worse, better = sorted((one, other))
    risks = [RISKS.index(risk(g_stage(egfr), a_stage(acr))) for egfr in (worse, better)]
    assert risks[0] >= risks[1]


@given(st.decimals(0, 150, places=2), st.decimals(0, 3000, places=1), st.decimals(0, 3000, places=1))
def test_less_albumin_is_never_at_higher_risk(egfr: Decimal, one: Decimal, other: Decimal) -> None:
    less, more = sorted((one, other))
    risks = [RISKS.index(risk(g_stage(egfr), a_stage(acr))) for acr in (less, more)]
    assert risks[0] <= risks[1]


DAYS = (date(2026, 2, 1), date(2026, 6, 1))


def staged(knowledge: Knowledge, egfr: tuple[str, str], acr: tuple[str, str]) -> Activity | None:
    values = [
        measured(analyte, value, day)
        for analyte, pair in (("egfr", egfr), ("urine_acr", acr))
        for day, value in zip(DAYS, pair, strict=True)
    ]
    result: Plan = plan(facts(problem("hypertension"), *values), knowledge)
    return next((one for one in result.activities if one.act.key == "inform-ckd-stage"), None)


@pytest.mark.parametrize(
    ("egfr", "acr", "says"),
    [
        (("50", "50"), ("90", "90"), ("stage G3a", "stage A2", "KDIGO risk: high")),
        (("44", "40"), ("400", "310"), ("stage G3b", "stage A3", "KDIGO risk: very high")),
        (("95", "95"), ("30", "300"), ("stage G1", "stage A2", "KDIGO risk: moderate")),
        (("14", "12"), ("5", "5"), ("stage G5", "stage A1", "KDIGO risk: very high")),
    ],
)
def test_the_stage_is_said_with_its_numbers(
    knowledge: Knowledge, egfr: tuple[str, str], acr: tuple[str, str], says: tuple[str, ...]
) -> None:
    found = staged(knowledge, egfr, acr)
    assert found is not None
    sentence = " ".join(reason.sentence for reason in found.reasons)
    assert all(word in sentence for word in says), sentence


def test_the_better_of_two_values_that_last_is_the_stage(knowledge: Knowledge) -> None:
    """One bad day is not the disease: what persisted is at most as bad as the best of the values."""
    found = staged(knowledge, ("50", "28"), ("90", "90"))
    assert found is not None
    assert "stage G3a" in found.reasons[0].sentence


@pytest.mark.parametrize(("egfr", "acr"), [(("70", "65"), ("8", "9")), (("62", "58"), ("8", "9"))])
def test_without_a_lasting_abnormality_there_is_no_stage_to_record(
    knowledge: Knowledge, egfr: tuple[str, str], acr: tuple[str, str]
) -> None:
    assert staged(knowledge, egfr, acr) is None
