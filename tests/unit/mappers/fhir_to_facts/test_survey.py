"""Scored questionnaires and social questions, whether they come as Observations or as answered forms."""

from __future__ import annotations

from typing import Any

import pytest

from mappers.codes import LOINC
from mappers.fhir_to_facts.survey import items
from mappers.tables import rows
from mappers.units import analytes
from tests.unit.mappers.fhir_to_facts.chart import MASKED, asked, lab, read, resource

DAY = "2026-05-01"
PHQ9 = [
    ("44250-9", "LA6570-1"),
    ("44255-8", "LA6570-1"),
    ("44259-0", "LA6568-5"),
    ("44260-8", "LA6571-9"),
]


def item(link: str, *answers: dict[str, Any], **elements: Any) -> dict[str, Any]:
    return {"linkId": link, **({"answer": list(answers)} if answers else {}), **elements}


def chosen(answer: str) -> dict[str, Any]:
    return {"valueCoding": {"system": LOINC, "code": answer}}


def form(*answered: dict[str, Any], **elements: Any) -> dict[str, Any]:
    return resource(
        "QuestionnaireResponse",
        **{"status": "completed", "authored": f"{DAY}T10:00:00Z", "item": list(answered), **elements},
    )


def scores(known: Any) -> dict[str, int]:
    return {f"{one.instrument} {one.item}": one.score for one in known.survey_answers}


def test_items_of_a_form_are_scored():
    known = read(form(*(item(f"/{question}", chosen(answer)) for question, answer in PHQ9)))
    assert scores(known) == {"phq9 interest": 2, "phq9 mood": 2, "phq9 sleep": 0, "phq9 self_harm": 3}
    assert not known.unreadable


def test_the_same_items_as_observations_are_the_same_answers():
    by_form = read(form(*(item(f"/{question}", chosen(answer)) for question, answer in PHQ9)))
    single = read(*(asked(question, LOINC, answer, on=DAY) for question, answer in PHQ9))
    assert scores(single) == scores(by_form)


def test_one_code_is_worth_what_its_item_says():
    """ "Never" is an answer to two items of AUDIT-C, and "not at all" one to two instruments."""
    known = read(form(item("68518-0", chosen("LA6270-8")), item("69725-0", chosen("LA6568-5"))))
    assert scores(known) == {"audit_c frequency": 0, "gad7 nervous": 0}


def test_an_answer_of_another_item_is_unreadable():
    known = read(form(item("68518-0", chosen("LA6568-5"))))
    assert not known.survey_answers
    assert [(one.what, one.reason) for one in known.unreadable] == [
        ("AUDIT-C: frequency of 2026-05-01", "has an answer that is not known")
    ]


def test_groups_and_questions_below_answers_are_walked():
    below = item("/93025-5/93042-0/71802-3", chosen("LA30190-5"))
    known = read(
        form(
            item("/93025-5", item=[item("/93025-5/93042-0", item=[below])]),
            item("x", {**chosen("LA33-6"), "item": [item("/88122-7", chosen("LA28397-0"))]}),
        )
    )
    assert {one.key: one.value for one in known.findings} == {
        "housing": "not_housed",
        "worry_about_food": "often",
    }


def test_each_of_several_answers_counts():
    known = read(form(item("/93031-3", chosen("LA30125-1"), chosen("LA30124-4"))))
    assert {one.value for one in known.findings if one.key == "unmet_need"} == {"food", "utilities"}


@pytest.mark.parametrize("value", [{"valueInteger": 14}, {"valueDecimal": 14}])
def test_a_total_of_a_form_is_a_measurement(value):
    (one,) = read(form(item("/44261-6", value))).measurements
    assert (one.analyte, int(one.value), one.unit) == ("phq9", 14, "{score}")


@pytest.mark.parametrize(
    ("loinc", "key"), [("44261-6", "phq9"), ("70274-6", "gad7"), ("75626-2", "audit_c"), ("55758-7", "phq2")]
)
def test_totals_of_surveys_are_read_as_quantity_and_as_integer(loinc, key):
    quantity = lab(loinc, 6, "{score}", on=DAY)
    whole = {name: value for name, value in lab(loinc, 6, None, on=DAY).items() if name != "valueQuantity"}
    for body in (quantity, whole | {"valueInteger": 6}):
        (one,) = read(body).measurements
        assert (one.analyte, int(one.value)) == (key, 6)


def test_a_total_that_cannot_be_is_unreadable():
    known = read(form(item("/44261-6", {"valueInteger": 28})))
    assert [one.reason for one in known.unreadable] == ["is outside of what is possible"]


def test_a_weight_that_somebody_remembers_is_no_measurement():
    known = read(form(item("/29463-7", {"valueQuantity": {"value": 80, "unit": "kg"}})))
    assert not known.measurements
    assert [one.reason for one in known.set_aside] == ["asks no question that is used yet"]


@pytest.mark.parametrize("masked", [{"_linkId": MASKED}, {"linkId": "1"}])
def test_a_question_that_is_withheld_asks_nothing(masked):
    known = read(form({**masked, "answer": [chosen("LA6571-9")]}))
    assert [one.reason for one in known.set_aside] == ["asks no question that is used yet"]


def test_a_form_that_is_not_finished_is_no_evidence():
    known = read(form(item("/44250-9", chosen("LA6570-1")), status="in-progress"))
    assert not known.survey_answers
    assert [one.reason for one in known.set_aside] == ["has a status that makes it no evidence"]


def test_a_form_without_a_date_is_unreadable():
    body = form(item("/44250-9", chosen("LA6570-1")))
    del body["authored"]
    assert [one.reason for one in read(body).unreadable] == ["has no date"]


def test_a_form_of_tomorrow_counts_tomorrow():
    known = read(form(item("/44250-9", chosen("LA6570-1")), authored="2026-05-21"))
    assert not known.survey_answers
    assert [str(day) for day in known.turns] == ["2026-05-21"]


def test_the_newest_day_answers():
    known = read(
        asked("44250-9", LOINC, "LA6571-9", on="2026-01-01"),
        asked("44255-8", LOINC, "LA6571-9", on="2026-01-01"),
        asked("44250-9", LOINC, "LA6568-5", on=DAY),
    )
    assert [(one.item, one.score) for one in known.answered("phq9")] == [("interest", 0)]
    assert known.answered("gad7") == ()


def test_of_two_answers_to_one_item_on_one_day_the_last_counts():
    known = read(
        asked("44250-9", LOINC, "LA6571-9", on=f"{DAY}T20:00:00Z"),
        asked("44255-8", LOINC, "LA6569-3", on=f"{DAY}T08:00:00Z"),
        asked("44250-9", LOINC, "LA6568-5", on=f"{DAY}T08:00:00Z"),
    )
    assert {one.item: one.score for one in known.answered("phq9")} == {"interest": 3, "mood": 1}


@pytest.mark.parametrize(
    ("instrument", "count", "most"), [("phq9", 9, 27), ("gad7", 7, 21), ("audit_c", 3, 12)]
)
def test_the_items_of_an_instrument_sum_to_its_range(instrument, count, most):
    points: dict[str, list[int]] = {}
    for row in rows("survey_answers.csv"):
        if row["instrument"] == instrument:
            points.setdefault(row["item"], []).append(int(row["score"]))
    assert len(points) == count
    assert sum(max(one) for one in points.values()) == most == int(analytes()[instrument].high)
    assert all(sorted(one) == list(range(len(one))) for one in points.values())
    assert sum(one.instrument == instrument for one in items().values()) == count


@pytest.mark.parametrize(
    ("loinc", "answer", "key", "value"),
    [
        ("88123-5", "LA28398-8", "food_ran_out", "never"),
        ("71802-3", "LA31994-9", "housing", "worried"),
        ("93030-5", "LA30133-5", "lack_of_transport", "medical"),
        ("93026-3", "LA32-8", "safe_at_home", "no"),
        ("67875-5", "LA17956-6", "employment", "unemployed"),
        ("93033-9", "LA30122-8", "worry_about_housing", "declined"),
    ],
)
def test_social_questions_are_findings(loinc, answer, key, value):
    found = read(asked(loinc, LOINC, answer, on=DAY)).finding(key)
    assert found is not None
    assert found.value == value
