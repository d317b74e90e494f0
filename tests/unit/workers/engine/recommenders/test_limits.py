"""What is taken in spite of a limit, what cannot be told, and what would be started."""

from __future__ import annotations

from datetime import date

from mappers.facts import Facts, GeneResult
from mappers.recommendations import Issue
from tests.unit.workers.engine.patients import (
    allergy,
    evidence,
    facts,
    gene_result,
    measured,
    medicine,
    month,
    person,
    problem,
)
from workers.engine.apply import plan
from workers.engine.case import Case
from workers.engine.dangers.limits import concerning, limits
from workers.engine.definitions import Knowledge
from workers.engine.guards import judge
from workers.engine.recommenders import Findings
from workers.engine.recommenders.interactions import GAP
from workers.engine.recommenders.limits import Limits


def asked(*known: object, **more: object) -> Findings:
    return Limits().recommend(Case(facts(*known, **more)), None)  # type: ignore[arg-type]


def keys(issues: tuple[Issue, ...]) -> list[str]:
    return [one.key for one in issues]


KIDNEY = measured("egfr", "20")


def test_a_limit_that_holds_is_a_danger_with_its_evidence():
    (issue,) = asked(medicine("metformin"), KIDNEY).issues
    assert (issue.key, issue.severity) == ("metformin-egfr-below-30", "high")
    assert issue.implicated == (evidence("MedicationRequest", "metformin"),)
    assert KIDNEY.evidence in issue.reasons[0].evidence
    assert issue.reasons[0].rule.source.confirmed
    assert "contraindicated below an eGFR of 30 mL/min/1.73 m²" in issue.reasons[0].sentence


def test_the_gravest_limit_of_a_medicine_is_said_alone():
    assert keys(asked(medicine("metformin"), measured("egfr", "40")).issues) == ["metformin-egfr-below-45"]
    assert keys(asked(medicine("metformin"), KIDNEY).issues) == ["metformin-egfr-below-30"]


def test_two_of_a_class_are_one_danger():
    bled = problem("gastrointestinal_bleeding")
    (issue,) = asked(medicine("ibuprofen"), medicine("naproxen"), bled).issues
    assert "ibuprofen and naproxen are taken" in issue.reasons[0].sentence


def test_law_8_a_missing_value_and_an_unresolved_medicine_are_said_once():
    (gap,) = asked(medicine("metformin")).unanswered
    assert gap.missing == ("eGFR not older than 1 year",)
    assert asked(medicine()).unanswered == ()
    (gap,) = asked(medicine(), problem("epilepsy")).unanswered
    assert gap.missing == (GAP,)


def test_nothing_is_asked_of_a_child_or_of_what_is_not_taken():
    child = asked(medicine("metformin"), KIDNEY, who=person(born=month(2014, 3)))
    assert (child.issues, child.unanswered, child.until) == ((), (), date(2032, 3, 1))
    assert asked(medicine("metformin", active=False), KIDNEY).issues == ()


def test_what_the_rules_say_of_the_same_danger_is_the_same_danger(knowledge: Knowledge):
    result = plan(facts(medicine("metformin"), problem("type_2_diabetes"), KIDNEY), knowledge)
    (issue,) = [one for one in result.issues if one.key == "metformin-egfr-below-30"]
    assert {one.rule.id for one in issue.reasons} == {"metformin-kidney", "limit-metformin-egfr-below-30"}


# --- what would be started -------------------------------------------------------------------------------

WELL = (measured("egfr", "90"), measured("creatinine", "0.9"), measured("body_weight", "70"))


def verdict(knowledge: Knowledge, name: str, *known: object) -> tuple[tuple[str, ...], tuple[str, ...]]:
    found = judge(Case(facts(*known)), knowledge.medicines[name])
    return found.forbids, found.asks


def test_a_class_that_a_disease_forbids_is_forbidden(knowledge: Knowledge):
    forbids, _ = verdict(knowledge, "direct_oral_anticoagulant", *WELL, problem("mechanical_heart_valve"))
    assert any("mechanical heart valve" in text for text in forbids)


def test_law_8_some_of_a_class_and_what_is_missing_are_asked(knowledge: Knowledge):
    forbids, asks = verdict(knowledge, "direct_oral_anticoagulant", measured("creatinine", "6.0"), WELL[2])
    assert any("which" in text and "dabigatran" in text for text in asks)
    assert not any("dabigatran" in text for text in forbids)
    _, unknown = verdict(knowledge, "direct_oral_anticoagulant", WELL[1])
    assert any(text.startswith("Body weight") and "dabigatran" in text for text in unknown)
    _, known = verdict(knowledge, "direct_oral_anticoagulant", *WELL)
    assert not any("dabigatran" in text for text in known)


def test_what_the_class_asks_itself_is_not_asked_twice(knowledge: Knowledge):
    forbids, _ = verdict(knowledge, "ace_inhibitor", problem("angioedema"))
    assert sum("angioedema" in text for text in forbids) == 1


def every_check(patient: Facts, knowledge: Knowledge) -> set[str]:
    return {one.rule.id for one in plan(patient, knowledge).unanswered if GAP in one.missing}


def test_law_8_a_medicine_that_could_not_be_resolved_makes_each_check_unknown(knowledge: Knowledge):
    gene: GeneResult = gene_result("CYP2C19", "*2", "*2")
    patient = facts(
        medicine(), medicine("tizanidine"), medicine("atorvastatin"), allergy("penicillin g"), gene, KIDNEY
    )
    found = every_check(patient, knowledge)
    assert {"onc-interactions", "allergy-taken", "limits", "duplicates", "cpic"} <= found
    resolved = facts(medicine("tizanidine"), medicine("atorvastatin"), allergy("penicillin g"), gene, KIDNEY)
    assert every_check(resolved, knowledge) == set()


def test_every_limit_concerns_somebody():
    assert all(limit in concerning(limit.ingredients) for limit in limits())
