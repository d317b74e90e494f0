"""Of a rule's expression only facts, short numbers and listed words may stay."""

from __future__ import annotations

import pytest

from gateway.privacy.rules import LONGEST, is_rule


@pytest.mark.parametrize(
    "text",
    [
        "%hba1c.value >= 7.5 and %sex = 'female'",
        "%has.hypertension.not() or %ckd.g_stage = 'G3a'",
        "%hba1c.date + 12 months >= %today",
    ],
)
def test_what_the_engine_asks_may_stay(text: str):
    assert is_rule(text)


@pytest.mark.parametrize(
    "text",
    [
        "%sex = 'Quillfeather'",
        "%hba1c.value > 123456789",
        "%hba1c.value > 0.123456",
        "%hba1c.value > 7 // Quillfeather",
        "%hba1c.value > 7 /* Quillfeather */",
        "%hba1c.value > 7 Quillfeather",
        "Patient.name.family = 'Quillfeather'",
        "%hba1c.value",
        "Quillfeather",
        "%hba1c.value > 7" + " " * LONGEST,
    ],
)
def test_law_2_a_name_fits_nowhere(text: str):
    assert not is_rule(text)
