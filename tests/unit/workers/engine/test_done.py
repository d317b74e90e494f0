"""What was asked and is done: newer values and medicines that are taken say so, nothing else does."""

from __future__ import annotations

from datetime import date

from tests.unit.workers.engine.patients import facts, measured, medicine
from workers.engine.definitions import Knowledge
from workers.engine.done import Done

OLD, NEW = measured("hba1c", "6.6", date(2025, 9, 1)), measured("hba1c", "6.4", date(2026, 6, 1))


def test_a_newer_value_of_what_was_to_be_measured_is_the_evidence(knowledge: Knowledge) -> None:
    done = Done(facts(OLD, NEW), knowledge)
    assert done.evidence("measure-hba1c", {OLD.evidence.reference}) == (NEW.evidence,)
    assert done.evidence("measure-hba1c", set()) == (NEW.evidence,)


def test_the_value_that_it_rested_on_and_older_ones_are_none(knowledge: Knowledge) -> None:
    older = measured("hba1c", "6.9", date(2024, 9, 1))
    done = Done(facts(OLD, older), knowledge)
    assert done.evidence("measure-hba1c", {OLD.evidence.reference}) == ()
    corrected = OLD.evidence.reference.replace("_history/1", "_history/2")
    assert done.evidence("measure-hba1c", {corrected}) == ()


def test_another_analyte_is_none_but_a_creatinine_tells_an_egfr(knowledge: Knowledge) -> None:
    done = Done(facts(NEW, measured("egfr", "80", date(2026, 6, 1))), knowledge)
    assert done.evidence("measure-urine-acr", set()) == ()
    assert done.evidence("measure-creatinine", set())


def test_a_panel_is_done_by_its_parts(knowledge: Knowledge) -> None:
    assert Done(facts(measured("systolic_bp", "130")), knowledge).evidence("measure-blood-pressure", set())


def test_a_medicine_that_is_taken_was_started_and_a_stopped_one_was_not(knowledge: Knowledge) -> None:
    taken = medicine("lisinopril")
    assert Done(facts(taken), knowledge).evidence("start-ras-inhibitor", set()) == (taken.evidence,)
    stopped = medicine("lisinopril", active=False)
    assert Done(facts(stopped), knowledge).evidence("start-ras-inhibitor", set()) == ()


def test_what_only_a_person_can_close_stays_open(knowledge: Knowledge) -> None:
    done = Done(facts(OLD, NEW, medicine("metformin")), knowledge)
    for act in ("review-metformin", "refer-nephrology", "ask-hba1c-goal", "nobody-knows-this"):
        assert done.evidence(act, set()) == ()
