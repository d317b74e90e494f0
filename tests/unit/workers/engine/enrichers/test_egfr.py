"""eGFR against an oracle of its own: the published equation in floating point, and what kidneys teach.

Facts: CKD-EPI 2021 (doi:10.1056/NEJMoa2102953): 142 · min(Scr/κ, 1)^α · max(Scr/κ, 1)^-1.200 · 0.9938^age
(· 1.012 if female); κ 0.7 and α -0.241 for women, κ 0.9 and α -0.302 for men; creatinine in mg/dL; adults.
"""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappers.facts import Sex
from workers.engine.enrichers.egfr import ckd_epi_2021
from workers.engine.staging import g_stage

SEXES = st.sampled_from([Sex.FEMALE, Sex.MALE])
AGES = st.integers(18, 105)
CREATININES = st.decimals(Decimal("0.2"), Decimal(15), places=2)


def published(creatinine: float, age: int, sex: Sex) -> float:
    """The equation as it stands in the paper."""
    kappa, alpha, factor = (0.7, -0.241, 1.012) if sex is Sex.FEMALE else (0.9, -0.302, 1.0)
    ratio = creatinine / kappa
    return 142 * min(ratio, 1) ** alpha * max(ratio, 1) ** -1.2 * 0.9938**age * factor


@given(CREATININES, AGES, SEXES)
def test_it_is_the_published_equation(creatinine: Decimal, age: int, sex: Sex) -> None:
    found = float(ckd_epi_2021(creatinine, age, sex))
    assert found == pytest.approx(published(float(creatinine), age, sex), rel=1e-12)


@given(CREATININES, CREATININES, AGES, SEXES)
def test_more_creatinine_is_less_filtration(one: Decimal, other: Decimal, age: int, sex: Sex) -> None:
    low, high = sorted((one, other))
    assert ckd_epi_2021(low, age, sex) >= ckd_epi_2021(high, age, sex)


@given(CREATININES, AGES, AGES, SEXES)
def test_more_years_are_less_filtration(creatinine: Decimal, one: int, other: int, sex: Sex) -> None:
    young, old = sorted((one, other))
    assert ckd_epi_2021(creatinine, young, sex) >= ckd_epi_2021(creatinine, old, sex)


@given(AGES, SEXES)
def test_the_two_branches_meet_at_kappa(age: int, sex: Sex) -> None:
    kappa = Decimal("0.7") if sex is Sex.FEMALE else Decimal("0.9")
    below, at, above = (ckd_epi_2021(kappa + step, age, sex) for step in (-TINY, Decimal(0), TINY))
    assert below > at > above
    assert below - above < Decimal("1e-6")


TINY = Decimal("1e-9")

# Worked with the equation outside of this code; the stage is that of the value before rounding.
EXAMPLES = (
    ("1.0", 60, Sex.FEMALE, "64.495000", "G2"),
    ("1.2", 50, Sex.MALE, "73.673530", "G2"),
    ("0.7", 18, Sex.FEMALE, "128.484495", "G1"),
    ("1.91", 70, Sex.FEMALE, "27.878919", "G4"),
    ("1.85", 67, Sex.MALE, "39.428093", "G3b"),
    ("3.4", 60, Sex.MALE, "19.840116", "G4"),
    ("6.0", 75, Sex.MALE, "9.141602", "G5"),
)


@pytest.mark.parametrize(("creatinine", "age", "sex", "expected", "stage"), EXAMPLES)
def test_a_worked_example(creatinine: str, age: int, sex: Sex, expected: str, stage: str) -> None:
    found = ckd_epi_2021(Decimal(creatinine), age, sex)
    assert found == pytest.approx(Decimal(expected), abs=Decimal("1e-6"))
    assert g_stage(found) == stage
