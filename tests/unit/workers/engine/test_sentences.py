"""Sentences say numbers as clinicians write them, and nothing of what is not known."""

from __future__ import annotations

from decimal import Decimal

import pytest

from workers.engine.known import Known, absent, exactly
from workers.engine.sentences import Sentence


def said(text: str, **known: Known) -> str:
    return Sentence.of(text).say(lambda name: known[name.replace(".", "_")])


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("egfr.value", "28.05", "28"),
        ("egfr.value", "28.50", "29"),
        ("egfr.value", "59.60", "59.60"),  # 60 would be another stage
        ("egfr.persistent_highest", "29.96", "29.96"),
        ("egfr.value", "60", "60"),
        ("hba1c.value", "7.04", "7.0"),
        ("hba1c.value", "8.1", "8.1"),
        ("urine_acr.value", "42.10", "42.10"),
    ],
)
def test_a_number_is_rounded_and_never_over_a_threshold(name: str, value: str, shown: str) -> None:
    assert (
        said(f"It was {{{name}}}.", **{name.replace(".", "_"): exactly(Decimal(value))}) == f"It was {shown}."
    )


def test_a_part_in_brackets_is_said_only_when_all_of_it_is_known() -> None:
    text = "Lasting[: eGFR {egfr.value}][; ratio {urine_acr.value} mg/g (stage {ckd.a_stage})]."
    known = {"egfr_value": exactly(Decimal(40)), "ckd_a_stage": exactly("A2")}
    assert said(text, **known, urine_acr_value=exactly(Decimal(50))) == (
        "Lasting: eGFR 40; ratio 50 mg/g (stage A2)."
    )
    assert said(text, **known, urine_acr_value=absent("a ratio")) == "Lasting: eGFR 40."


def test_a_bound_without_end_is_said_in_words() -> None:
    assert said("{hba1c.value}", hba1c_value=exactly(Decimal("Infinity"))) == "any higher value"
