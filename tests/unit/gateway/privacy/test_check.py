"""The check finds each kind of line that does nothing, and every element that no line decides."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.privacy.check import Report, check
from gateway.privacy.policy import SHIPPED, load, parse
from mappers.r4.model import MODEL

SHIPPED_TEXT = (Path(__file__).parents[4] / "gateway/privacy/policies/clinical.toml").read_text("utf-8")


def changed(old: str, new: str) -> Report:
    assert old in SHIPPED_TEXT
    return check(parse(SHIPPED_TEXT.replace(old, new, 1), "changed"))


def told(report: Report, path: str) -> str:
    (row,) = (row for row in report.rows if row.path == path)
    return row.action


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_policies_are_whole(name: str) -> None:
    report = check(load(name))
    assert (report.dead, report.shadowed, report.gaps) == ((), (), ())
    assert report.ok


def test_law_2_every_type_and_element_is_decided() -> None:
    report = check(load("clinical"))
    assert {row.type for row in report.rows} >= MODEL.resources
    assert all(row.line for row in report.rows)
    assert told(report, "Patient.birthDate") == "generalise month"
    assert told(report, "Composition.title") == "withhold, marked"
    assert told(report, "MedicationRequest.medicationCodeableConcept.coding.display") == "keep-matching drug"


def test_a_typo_is_a_dead_line() -> None:
    assert changed('"Patient.birthDate"', '"Patient.birthdate"').dead == (
        "Patient.birthdate: R4 has no such element",
    )


def test_a_type_that_r4_does_not_have_is_a_dead_line() -> None:
    assert changed('HumanName = "withhold"', 'HumanName = "withhold"\nHumanNmae = "keep"').dead


def test_an_action_that_does_not_fit_is_a_dead_line() -> None:
    (fault, *_) = changed('HumanName = "withhold"', 'HumanName = "keep"').dead
    assert fault.startswith("HumanName: 'keep' cannot be done to HumanName")


def test_a_line_below_something_withheld_is_shadowed() -> None:
    report = changed("[elements]", '[elements]\n"HumanName.family" = "keep"')
    assert report.shadowed == ("HumanName.family",)
    assert not report.ok


def test_what_no_line_decides_is_a_gap() -> None:
    report = changed('ContactPoint = "withhold"\n', "")
    assert "Patient.telecom: no line decides it" in report.gaps


def test_a_modifier_that_would_go_unseen_is_a_gap() -> None:
    report = changed("[elements]", '[elements]\n"Patient.active" = "withhold"')
    assert report.gaps == ("Patient.active: it changes the meaning of what bears it and would go unseen",)
