"""Each medicine is reviewed once, whatever speaks against it."""

from __future__ import annotations

from mappers.recommendations import ActKind, Urgency
from tests.unit.workers.engine.patients import allergy, facts, gene_result, measured, medicine
from workers.engine.apply import plan
from workers.engine.definitions import Knowledge

SIMVASTATIN, CLARITHROMYCIN = medicine("simvastatin"), medicine("clarithromycin")
POOR = gene_result("SLCO1B1", "*5", "*5")


def reviews(result: object) -> dict[str, set[str]]:
    return {
        one.act.key: {reason.rule.id for reason in one.reasons}
        for one in result.activities  # type: ignore[attr-defined]
        if one.act.kind is ActKind.REVIEW_MEDICINE
    }


def test_a_gene_and_an_interaction_of_one_medicine_are_one_review(knowledge: Knowledge) -> None:
    found = reviews(plan(facts(SIMVASTATIN, CLARITHROMYCIN, POOR), knowledge))
    assert found == {"review-clarithromycin-simvastatin": {"cpic-simvastatin", "onc-interaction-11"}}


def test_dangers_of_medicines_that_have_nothing_in_common_are_two_reviews(knowledge: Knowledge) -> None:
    known = [SIMVASTATIN, CLARITHROMYCIN, medicine("lisinopril"), allergy("lisinopril")]
    found = reviews(plan(facts(*known), knowledge))
    assert set(found) == {"review-clarithromycin-simvastatin", "review-lisinopril"}


def test_a_danger_joins_the_review_that_a_rule_proposes_of_the_same_medicine(knowledge: Knowledge) -> None:
    known = [medicine("metformin"), allergy("metformin"), measured("egfr", "25")]
    found = reviews(plan(facts(*known), knowledge))
    assert list(found) == ["review-metformin"]
    assert {"allergy-taken", "metformin-kidney"} <= found["review-metformin"]


def test_a_grave_danger_is_urgent_and_a_small_one_asks_nothing(knowledge: Knowledge) -> None:
    (grave,) = plan(facts(SIMVASTATIN, CLARITHROMYCIN), knowledge).activities
    assert grave.urgency is Urgency.URGENT
    twice = plan(facts(medicine("atorvastatin"), medicine("rosuvastatin")), knowledge)
    assert [one.severity for one in twice.issues] == ["low"]
    assert not reviews(twice)
