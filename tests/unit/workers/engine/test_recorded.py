"""What was done or answered, as rules read it: through an age, with unknown where nobody knows."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from mappers.codes import SNOMED, deed_codes
from mappers.context import Report, SurveyAnswer
from mappers.facts import Deed, Facts, Finding
from tests.unit.workers.engine.patients import TODAY, evidence, facts, unread
from workers.engine.calendar import Span
from workers.engine.case import Case
from workers.engine.known import Known
from workers.engine.names import catalogue, lookup
from workers.engine.readings import Lens

COLONOSCOPY = "73761001"
TEN_YEARS, ONE_YEAR = Span(120), Span(12)


def done(when: date | None, code: str = COLONOSCOPY, system: str = SNOMED, kind: str = "procedure") -> Deed:
    return Deed(kind, system, code, when, evidence("Procedure", f"{code}-{when}-{kind}"))


def said(value: str, when: date = date(2026, 1, 10), question: str = "smoking_status") -> Finding:
    return Finding(question, value, when, evidence("Observation", f"{question}-{value}-{when}"))


def asked(name: str, known: Facts, age: Span | None = TEN_YEARS) -> Known:
    case = Case(known)
    return lookup(case, Lens(ages={name.partition(".")[0]: age}), catalogue())(name)


def with_deeds(*deeds: Deed, **more: object) -> Facts:
    return replace(facts(), deeds=deeds, **more)


def test_nothing_recorded_is_not_recorded_and_has_no_day():
    assert asked("colonoscopy.recorded", facts()).values == (False,)
    assert asked("colonoscopy.times", facts()).values == (Decimal(0),)
    gap = asked("colonoscopy.date", facts())
    assert (gap.values, gap.gap) == ((), "colonoscopy not older than 10 years")


def test_the_newest_day_counts_and_each_day_once():
    known = with_deeds(
        done(date(2019, 5, 1)), done(date(2023, 5, 1)), done(date(2023, 5, 1), kind="observation")
    )
    assert asked("colonoscopy.date", known).values == (date(2023, 5, 1),)
    assert asked("colonoscopy.times", known).values == (Decimal(2),)
    assert asked("colonoscopy.recorded", known).evidence


def test_what_grows_too_old_says_when():
    known = with_deeds(done(date(2016, 6, 15)))
    found = asked("colonoscopy.recorded", known)
    assert (found.values, found.until) == ((True,), date(2026, 6, 16))
    assert asked("colonoscopy.recorded", replace(known, as_of=date(2026, 6, 16))).values == (False,)
    assert asked("colonoscopy.recorded", known, None).until is None


def test_an_order_is_no_deed():
    assert asked("colonoscopy.recorded", with_deeds(done(date(2026, 1, 1), kind="order"))).values == (False,)


def test_a_report_by_its_code_is_one():
    (code,) = (c for c, key in deed_codes().items() if (key, c.code) == ("bone_density", "38268-9"))
    report = Report(code.system, code.code, date(2025, 1, 1), (), (), evidence("DiagnosticReport"))
    assert asked("bone_density.recorded", replace(facts(), reports=(report,))).values == (True,)


def test_what_is_still_to_come_is_not_there_and_says_when():
    found = asked("colonoscopy.recorded", with_deeds(done(date(2026, 7, 1))))
    assert (found.values, found.until) == ((False,), date(2026, 7, 1))


@pytest.mark.parametrize(
    "known",
    [
        with_deeds(done(None)),
        with_deeds(unreadable=(unread("Procedure"),)),
        with_deeds(unreadable=(unread("Immunization"),)),
    ],
    ids=["without a day", "a procedure in words", "an immunization in words"],
)
def test_law_8_what_may_be_one_leaves_the_question_open(known: Facts):
    for leaf in ("recorded", "times"):
        found = asked(f"colonoscopy.{leaf}", known)
        assert found.values == ()
        assert found.gap


def test_one_that_counts_settles_it_whatever_else_is_unread():
    known = with_deeds(done(date(2023, 5, 1)), unreadable=(unread("Procedure"),))
    assert asked("colonoscopy.recorded", known).values == (True,)
    assert asked("colonoscopy.times", known).values == ()


def test_the_newest_answer_counts():
    known = replace(facts(), findings=(said("current", date(2025, 1, 1)), said("former")))
    assert asked("smoking_status.value", known, ONE_YEAR).values == ("former",)
    assert asked("smoking_status.date", known, ONE_YEAR).values == (date(2026, 1, 10),)


@pytest.mark.parametrize("answers", [(), ("unknown",), ("current", "never")])
def test_law_8_no_answer_is_no_answer(answers: tuple[str, ...]):
    known = replace(facts(), findings=tuple(said(value) for value in answers))
    assert asked("smoking_status.value", known, ONE_YEAR).values == ()


def test_an_answer_of_an_item_is_a_number():
    answer = SurveyAnswer("phq9", "self_harm", 2, date(2026, 6, 1), evidence("Observation"))
    known = replace(facts(), survey_answers=(answer,))
    assert asked("phq9_self_harm.value", known, Span(1)).values == (Decimal(2),)
    assert asked("phq9_sleep.recorded", known, Span(1)).values == (False,)


def test_a_score_is_asked_once_and_missing_where_it_is_for_somebody_else():
    case = Case(facts())
    found = lookup(case, Lens(), catalogue())("cha2ds2_va.score")
    assert found.values == ()
    assert "not asked of this patient" in found.gap
    assert case.today == TODAY
