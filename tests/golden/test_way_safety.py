"""From bundle to plan: what may never be proposed, what must be said, and that every word can be checked.

Each vignette is a chart written as an EHR sends it. Numbers are taken at the edges of the rules.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import date, timedelta
from random import Random
from typing import Any

import pytest
from fhir.resources.R4B import get_fhir_model_class

from gateway.demo import people, stories
from gateway.demo.chart import Chart
from gateway.demo.patients import bundle
from gateway.demo.stories import STORIES
from mappers import lossless
from mappers.r4.validate import problems
from mappers.recommendations import ActKind, Urgency
from tests.way import DAY, Way, Woven

Bundle = dict[str, Any]
Tell = Callable[[Chart], None]
every_story = pytest.mark.parametrize("seed", range(len(STORIES)), ids=[story.title for story in STORIES])


def told(seed: int) -> Bundle:
    body: Bundle = lossless.loads(lossless.dumps(bundle(seed, DAY)))
    return body


def chart(tell: Tell, gender: str = "male", born: date = date(1966, 8, 14), **more: Any) -> Bundle:
    """The transaction of somebody of whom ``tell`` knows more."""
    draw = Random(0)
    age = (DAY - born).days // 365
    person = people.Person("1", "Goran", "Dvorak", gender, born, age, "+1 555 0100")
    made = Chart(draw, person, DAY)
    made.subject = made.add({**people.patient(draw, person), **more})
    tell(made)
    return {"resourceType": "Bundle", "type": "transaction", "entry": made.entries}


def acts(woven: Woven) -> dict[str, ActKind]:
    return {one.act.key: one.act.kind for one in woven.plan.activities}


def resource_types(woven: Woven) -> list[str]:
    return [one["resourceType"] for one in woven.written]


# --- every word can be checked ---------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(3 * len(STORIES)))
def test_everything_written_is_valid_r4_for_us_and_for_others(way: Way, seed: int) -> None:
    for one in way.go(told(seed)).written:
        assert problems(one) == []
        get_fhir_model_class(one["resourceType"]).model_validate_json(lossless.dumps(one))


SAID = re.compile(r"Source: (?P<source>.+); rule (?P<rule>[a-z0-9-]+) (?P<version>\d+\.\d+\.\d+)\.")


@every_story
def test_law_9_each_activity_says_why_on_whose_word_and_what_would_change_it(way: Way, seed: int) -> None:
    woven = way.go(told(seed))
    known = {rule.rule.id: rule.rule for rule in way.knowledge.guidelines}
    for line in [one["detail"] for page in woven.written[:1] for one in page.get("activity", ())]:
        said = line["description"].split("\n")
        sources = [SAID.fullmatch(text) for text in said if text.startswith("Source: ")]
        assert sources
        assert len([text for text in said if text.startswith("Why: ")]) == len(sources)
        assert [text for text in said if text.startswith("Would change this: ")]
        named = {(found["rule"], found["version"]) for found in sources if found}
        assert line["instantiatesCanonical"] == [f"urn:careloom:rule:{id_}|{v}" for id_, v in sorted(named)]
        for id_, version in named:
            rule = known[id_]
            assert version == rule.version
            assert rule.source.url in line["instantiatesUri"]
            assert rule.source.title in line["description"]


@every_story
def test_law_9_evidence_names_versions_that_were_read_and_none_is_left_out(way: Way, seed: int) -> None:
    woven = way.go(told(seed))
    read = {one.reference for one in woven.opened}
    for careplan in woven.written[:1]:
        shown = {found["reference"] for found in _references(careplan) if "/_history/" in found["reference"]}
        assert shown <= read
        reasons = [reason for one in woven.plan.activities for reason in one.reasons]
        assert all(reason.evidence for reason in reasons)
        assert {one.reference for reason in reasons for one in reason.evidence} <= shown


def _references(value: Any) -> list[Bundle]:
    if isinstance(value, dict):
        own = [value] if isinstance(value.get("reference"), str) else []
        return own + [found for one in value.values() for found in _references(one)]
    return [found for one in value for found in _references(one)] if isinstance(value, list) else []


@every_story
def test_law_9_without_the_evidence_of_an_activity_it_is_not_proposed(way: Way, seed: int) -> None:
    """Evidence that could be taken away without a change would be no evidence."""
    body = told(seed)
    for activity in way.go(body).plan.activities:
        if activity.act.kind is ActKind.MEASURE:
            continue  # A missing value is what calls for a measurement.
        named = {one.reference.split("/")[1] for reason in activity.reasons for one in reason.evidence}
        patient = body["entry"][0]
        rest = [e for e, o in zip(body["entry"], way.halves(body), strict=True) if o.body["id"] not in named]
        kept = rest if patient in rest else [patient, *rest]
        without = acts(way.go({**body, "entry": kept}))
        assert without.get(activity.act.key) is not activity.act.kind


@every_story
def test_law_2_no_word_of_the_person_stands_in_what_is_written(way: Way, seed: int) -> None:
    body = told(seed)
    person = body["entry"][0]["resource"]
    words = {person["name"][0]["family"], person["name"][0]["given"][0], person["telecom"][0]["value"]}
    words |= {person["address"][0]["line"][0], person["birthDate"], person["id"], person["id"][4:]}
    text = json.dumps([json.loads(lossless.dumps(one)) for one in way.go(body).written], ensure_ascii=False)
    assert not [word for word in words if word in text]


@every_story
def test_law_10_a_plan_is_born_a_draft_of_things_not_started(way: Way, seed: int) -> None:
    for careplan in way.go(told(seed)).written[:1]:
        assert (careplan["status"], careplan["intent"]) == ("draft", "plan")
        assert {one["detail"]["status"] for one in careplan.get("activity", ())} <= {"not-started"}
        assert {one["lifecycleStatus"] for one in way.go(told(seed)).written if "lifecycleStatus" in one} <= {
            "proposed"
        }


@every_story
def test_a_rule_is_no_trained_model_and_nothing_is_labelled_as_one(way: Way, seed: int) -> None:
    assert not [one for one in way.go(told(seed)).written if "AIAST" in str(one.get("meta"))]


# --- who gets no plan, and who gets an empty one -----------------------------------------------------------


@every_story
@pytest.mark.parametrize("how", [{"deceasedBoolean": True}, {"deceasedDateTime": "2026-02-28"}])
def test_whoever_has_died_is_proposed_nothing(way: Way, seed: int, how: Bundle) -> None:
    body = told(seed)
    body["entry"][0]["resource"].pop("deceasedDateTime", None)
    body["entry"][0]["resource"] |= how
    woven = way.go(body)
    assert woven.written == ()
    assert not [*woven.plan.activities, *woven.plan.issues, *woven.plan.derived]


def test_whoever_is_said_not_to_have_died_has_a_plan(way: Way) -> None:
    body = told(0)
    body["entry"][0]["resource"]["deceasedBoolean"] = False
    assert acts(way.go(body)) == acts(way.go(told(0))) != {}


@every_story
def test_nobody_under_18_is_proposed_anything(way: Way, seed: int) -> None:
    body = told(seed)
    body["entry"][0]["resource"]["birthDate"] = "2008-04-01"
    body["entry"][0]["resource"].pop("deceasedDateTime", None)
    woven = way.go(body)
    assert resource_types(woven) == ["CarePlan"]
    assert "activity" not in woven.careplan
    assert "Nothing is due" in woven.careplan["text"]["div"]


def test_in_the_month_of_the_eighteenth_birthday_nobody_knows_and_nothing_is_proposed(way: Way) -> None:
    """The day of birth is withheld: a whole month may be before or after it."""
    for month, grown in ((4, False), (3, False), (2, True)):
        body = chart(_overdue, born=date(2008, month, 1))
        assert bool(acts(way.go(body))) is grown


def _overdue(one: Chart) -> None:
    one.problem(stories.DIABETES, 900)


def test_somebody_of_whom_nothing_is_known_has_a_plan_that_says_so(way: Way) -> None:
    woven = way.go(chart(lambda _: None))
    assert resource_types(woven) == ["CarePlan"]
    assert "Nothing is due" in woven.careplan["text"]["div"]


# --- pregnancy -------------------------------------------------------------------------------------------


@every_story
@pytest.mark.parametrize("born", [1975, 1986, 1997, 2006])
def test_while_a_pregnancy_is_not_excluded_no_medicine_is_started(way: Way, seed: int, born: int) -> None:
    body = told(seed)
    body["entry"][0]["resource"] |= {"gender": "female", "birthDate": f"{born}-06-10"}
    for extension in body["entry"][0]["resource"].get("extension", ()):
        if extension["url"].endswith("birthsex"):
            extension["valueCode"] = "F"
    body["entry"][0]["resource"].pop("deceasedDateTime", None)
    assert ActKind.START_MEDICINE not in acts(way.go(body)).values()


def _nephropathy(one: Chart, kind: str = "AMB", apart: int = 100) -> None:
    one.problem(stories.DIABETES, 1400)
    one.problem(stories.HYPERTENSION, 700)
    for ago in (20 + apart, 20):
        visit = one.visit(ago, kind)
        one.measure(stories.ALBUMIN_CREATININE, 95, ago, visit)
        one.measure(stories.POTASSIUM, 4.4, ago, visit)
        one.measure(stories.CREATININE, 0.8, ago, visit)


WOMAN: Bundle = {"gender": "female", "born": date(1990, 5, 2)}
PREGNANCY = ("82810-3", "Pregnancy status")
ANSWERS = {"pregnant": ("77386006", "Pregnancy"), "not pregnant": ("60001007", "Not pregnant")}


def _asked(answer: str, ago: int = 5) -> Tell:
    def tell(one: Chart) -> None:
        _nephropathy(one)
        one.answer(PREGNANCY, ANSWERS[answer], ago, one.visit(ago))

    return tell


def test_the_same_chart_is_a_draft_for_a_man_and_a_question_for_a_woman(way: Way) -> None:
    key = "start-ras-inhibitor"
    assert acts(way.go(chart(_nephropathy)))[key] is ActKind.START_MEDICINE
    unknown = way.go(chart(_nephropathy, **WOMAN))
    assert acts(unknown)[key] is ActKind.QUESTION
    line = next(
        one["detail"] for one in unknown.careplan["activity"] if "ACE" in one["detail"]["code"]["text"]
    )
    assert line["kind"] == "Task"
    assert "To settle first: whether there is a pregnancy" in line["description"]


def test_a_pregnancy_withdraws_the_medicine_and_says_so(way: Way) -> None:
    woven = way.go(chart(_asked("pregnant"), **WOMAN))
    assert "start-ras-inhibitor" not in acts(woven)
    (note,) = [one["text"] for one in woven.careplan["note"] if one["text"].startswith("Withdrawn: ")]
    assert "pregnancy" in note


def test_a_teratogen_that_a_pregnant_woman_takes_is_a_danger(way: Way) -> None:
    def tell(one: Chart) -> None:
        _asked("pregnant")(one)
        one.prescribe(stories.LISINOPRIL, 300)

    woven = way.go(chart(tell, **WOMAN))
    assert "DetectedIssue" in resource_types(woven)
    taken = next(one.reference for one in woven.opened if one.reference.startswith("MedicationRequest/"))
    issue = next(one for one in woven.written if one["resourceType"] == "DetectedIssue")
    assert issue["severity"] == "high"
    assert taken in {found["reference"] for found in _references(issue)}


def _questions(way: Way, tell: Tell) -> tuple[str, ...]:
    plan = way.go(chart(tell, **WOMAN)).plan
    (found,) = [one.questions for one in plan.activities if one.act.key == "start-ras-inhibitor"]
    return found


def test_that_there_is_no_pregnancy_does_not_hold_for_ever(way: Way) -> None:
    question = "whether there is a pregnancy"
    assert question not in _questions(way, _asked("not pregnant", 5))
    assert question in _questions(way, _asked("not pregnant", 700))


# --- hospital values -------------------------------------------------------------------------------------

FROM_OUTSIDE = {"review-blood-pressure", "review-glucose-lowering", "inform-ckd-stage", "start-ras-inhibitor"}


@every_story
@pytest.mark.parametrize("kind", ["IMP", "EMER"])
def test_what_was_measured_in_hospital_only_starts_no_chronic_treatment(
    way: Way, seed: int, kind: str
) -> None:
    body = told(seed)
    for entry in body["entry"]:
        if entry["resource"]["resourceType"] == "Encounter":
            entry["resource"]["class"]["code"] = kind
    plan = way.go(body).plan
    measured = {one.evidence for one in way.go(body).facts.measurements}
    for activity in plan.activities:
        if activity.act.kind is ActKind.START_MEDICINE:
            assert not measured & {one for reason in activity.reasons for one in reason.evidence}
    assert not FROM_OUTSIDE & {one.act.key for one in plan.activities if one.act.kind is not ActKind.QUESTION}


def test_the_keys_of_that_test_are_the_ones_in_use(way: Way) -> None:
    proposed = {key for seed in range(len(STORIES)) for key in acts(way.go(told(seed)))}
    assert proposed >= FROM_OUTSIDE


def test_a_danger_is_seen_wherever_it_was_measured(way: Way) -> None:
    def tell(one: Chart) -> None:
        one.prescribe(stories.METFORMIN, 900)
        one.measure(stories.CREATININE, 3.4, 3, one.visit(3, "IMP"))

    woven = way.go(chart(tell))
    assert acts(woven)["review-metformin"] is ActKind.REVIEW_MEDICINE
    assert "DetectedIssue" in resource_types(woven)


# --- chronic means three months ----------------------------------------------------------------------------


def _kidney(values: list[tuple[int, float]]) -> Tell:
    def tell(one: Chart) -> None:
        one.problem(stories.HYPERTENSION, 2000)
        for ago, creatinine in values:
            visit = one.visit(ago)
            one.measure(stories.CREATININE, creatinine, ago, visit)
            one.measure(stories.ALBUMIN_CREATININE, 8, ago, visit)

    return tell


@pytest.mark.parametrize(
    ("values", "chronic"),
    [
        ([(10, 1.9)], False),
        ([(98, 1.9), (10, 1.9)], False),
        ([(99, 1.9), (10, 1.9)], False),
        ([(100, 1.9), (10, 1.9)], True),
        ([(400, 1.9), (10, 1.9)], True),
        ([(100, 1.9), (50, 0.9), (10, 1.9)], False),
        ([(100, 0.9), (10, 1.9)], False),
        ([(100, 1.9), (10, 0.9)], False),
    ],
)
def test_kidney_disease_is_chronic_after_ninety_days_without_a_better_value(
    way: Way, values: list[tuple[int, float]], chronic: bool
) -> None:
    assert ("inform-ckd-stage" in acts(way.go(chart(_kidney(values))))) is chronic


def test_a_low_value_alone_is_repeated_after_three_months(way: Way) -> None:
    found = {one.act.key: one.act for one in way.go(chart(_kidney([(10, 1.9)]))).plan.activities}
    assert set(found) == {"measure-blood-pressure", "repeat-creatinine"}
    act = found["repeat-creatinine"]
    assert act.due is not None
    assert DAY + timedelta(days=75) <= act.due <= DAY + timedelta(days=95)


# --- one value at the edge of each rule -------------------------------------------------------------------


def _diabetic(value: float, analyte: Any = stories.HBA1C, ago: int = 20) -> Tell:
    def tell(one: Chart) -> None:
        one.problem(stories.DIABETES, 3000)
        visit = one.visit(ago)
        for what, usual in ((stories.CREATININE, 0.9), (stories.ALBUMIN_CREATININE, 8), (stories.HBA1C, 6.5)):
            one.measure(what, value if what is analyte else usual, ago, visit)

    return tell


@pytest.mark.parametrize(("value", "reviewed"), [(6.9, False), (7.0, True), (10.0, True), (10.1, True)])
def test_hba1c_is_reviewed_from_its_goal_on(way: Way, value: float, reviewed: bool) -> None:
    assert ("review-glucose-lowering" in acts(way.go(chart(_diabetic(value))))) is reviewed


@pytest.mark.parametrize(("value", "routine"), [(10.0, True), (10.1, False)])
def test_a_very_high_hba1c_is_more_urgent(way: Way, value: float, routine: bool) -> None:
    plan = way.go(chart(_diabetic(value))).plan
    (found,) = [one.urgency for one in plan.activities if one.act.key == "review-glucose-lowering"]
    assert (found is Urgency.ROUTINE) is routine


@pytest.mark.parametrize(("ago", "due"), [(180, False), (181, True), (400, True)])
def test_a_good_hba1c_is_due_again_after_six_months(way: Way, ago: int, due: bool) -> None:
    # Six months before 2 March 2026 is 2 September 2025, 181 days ago.
    woven = way.go(chart(_diabetic(6.5, ago=ago)))
    assert ("measure-hba1c" in acts(woven)) is due


def _pressures(*values: tuple[int, int]) -> Tell:
    def tell(one: Chart) -> None:
        one.problem(stories.HYPERTENSION, 900)
        for place, (systolic, diastolic) in enumerate(values):
            ago = 10 + 40 * place
            one.pressure(systolic, diastolic, ago, one.visit(ago))

    return tell


@pytest.mark.parametrize(
    ("values", "reviewed"),
    [
        ([(129, 79), (129, 79)], False),
        ([(130, 79), (129, 79)], False),
        ([(130, 79), (130, 79)], True),
        ([(129, 80), (129, 80)], True),
        ([(150, 95)], False),
        ([(180, 79)], True),
        ([(129, 120)], True),
        ([(179, 119)], False),
    ],
)
def test_pressure_is_reviewed_on_two_days_or_on_one_crisis(
    way: Way, values: list[tuple[int, int]], reviewed: bool
) -> None:
    assert ("review-blood-pressure" in acts(way.go(chart(_pressures(*values))))) is reviewed


@pytest.mark.parametrize(
    ("born", "proposed"),
    [
        (date(1986, 2, 14), True),
        (date(1986, 4, 14), False),
        (date(1951, 2, 14), True),
        (date(1950, 2, 14), False),
    ],
)
def test_a_statin_in_diabetes_is_for_those_from_40_to_75(way: Way, born: date, proposed: bool) -> None:
    assert ("start-statin-moderate" in acts(way.go(chart(_diabetic(6.5), born=born)))) is proposed


def test_a_statin_that_is_taken_is_not_proposed_again_and_one_that_was_stopped_is(way: Way) -> None:
    def taking(status: str) -> Tell:
        def tell(one: Chart) -> None:
            one.problem(stories.HEART_DISEASE, 900)
            one.prescribe(stories.ATORVASTATIN, 300)
            one.entries[-1]["resource"]["status"] = status

        return tell

    assert "start-statin-high" not in acts(way.go(chart(taking("active"))))
    assert acts(way.go(chart(taking("stopped"))))["start-statin-high"] is ActKind.START_MEDICINE


def test_law_8_an_allergy_in_words_only_makes_every_new_medicine_a_question(way: Way) -> None:
    def tell(one: Chart) -> None:
        _nephropathy(one)
        one.allergy("swelled up after the white tablet", 900)

    woven = way.go(chart(tell))
    assert acts(woven)["start-ras-inhibitor"] is ActKind.QUESTION
    assert ActKind.START_MEDICINE not in acts(woven).values()
    assert "white tablet" not in lossless.dumps(list(woven.written)).decode()


def test_law_8_a_medicine_in_words_only_makes_a_question_of_what_may_be_taken_already(way: Way) -> None:
    def tell(one: Chart) -> None:
        _nephropathy(one)
        one.prescribe(stories.LISINOPRIL, 300)
        one.entries[-1]["resource"]["medicationCodeableConcept"] = {"text": "the heart pill"}

    assert acts(way.go(chart(tell)))["start-ras-inhibitor"] is ActKind.QUESTION
