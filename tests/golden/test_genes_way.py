"""The whole way of a gene: from what a laboratory sends to what a clinician reads."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from mappers import lossless
from mappers.fhir_to_facts import Opened, facts
from mappers.r4.validate import problems
from tests.golden.test_golden import GOLDEN
from tests.way import DAY, Way, Woven

STORY = GOLDEN / "stories" / "heart_disease_without_a_statin" / "input.json"
LOINC, HGNC, RXNORM = (
    "http://loinc.org",
    "http://www.genenames.org",
    "http://www.nlm.nih.gov/research/umls/rxnorm",
)
SLCO1B1, CYP2D6 = "HGNC:10959", "HGNC:2625"
PHARMVAR = "http://www.pharmvar.org"


def chart(*more: dict[str, Any]) -> dict[str, Any]:
    bundle: dict[str, Any] = lossless.loads(STORY.read_bytes())
    patient = bundle["entry"][0]["fullUrl"]
    for number, resource in enumerate(more):
        own = {**resource, "id": f"own-{number}", "subject": {"reference": patient}}
        bundle["entry"].append({"fullUrl": f"urn:uuid:00000000-0000-4000-8000-{number:012}", "resource": own})
    return bundle


def genotype(gene: str, value: dict[str, Any], **elements: Any) -> dict[str, Any]:
    studied = {
        "code": {"coding": [{"system": LOINC, "code": "48018-6"}]},
        "valueCodeableConcept": {"coding": [{"system": HGNC, "code": gene}]},
    }
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": LOINC, "code": "84413-4"}]},
        "effectiveDateTime": "2026-01-05",
        "valueCodeableConcept": value,
        "component": [studied],
        **elements,
    }


def star(text: str) -> dict[str, Any]:
    return {"coding": [{"system": PHARMVAR, "code": "PV00126", "display": text}]}


def prescribed(code: str) -> dict[str, Any]:
    return {
        "resourceType": "MedicationRequest",
        "status": "active",
        "intent": "order",
        "authoredOn": "2026-02-01",
        "medicationCodeableConcept": {"coding": [{"system": RXNORM, "code": code}]},
    }


SIMVASTATIN, CODEINE, FLUOXETINE = prescribed("36567"), prescribed("2670"), prescribed("4493")
POOR = genotype(SLCO1B1, star("SLCO1B1*5/*5"))


def dangers(woven: Woven) -> list[dict[str, Any]]:
    return [
        one
        for one in woven.written
        if one["resourceType"] == "DetectedIssue" and "SLCO1B1" in one["detail"] + one["code"]["text"]
    ]


def test_a_danger_by_a_gene_is_a_detected_issue_that_names_cpic(way: Way):
    woven = way.go(chart(POOR, SIMVASTATIN))
    (danger,) = dangers(woven)
    assert danger["severity"] == "high"
    assert danger["code"]["text"] == "simvastatin and SLCO1B1"
    assert "SLCO1B1 is *5/*5 (Poor Function)" in danger["detail"]
    assert "CPIC, v1.30.0, 2023-08-07 (Strong)" in danger["detail"]
    assert danger["reference"] == "https://cpicpgx.org/guidelines/cpic-guideline-for-statins/"
    cited = {one["reference"].partition("/")[0] for one in danger["implicated"]}
    assert cited == {"Observation", "MedicationRequest"}


def implied(woven: Woven) -> list[dict[str, Any]]:
    return [
        one
        for one in woven.written
        if one["resourceType"] == "Observation" and one["code"]["text"] == "Therapeutic implication"
    ]


def part(body: dict[str, Any], code: str) -> dict[str, Any]:
    (found,) = [one for one in body["component"] if one["code"]["coding"][0]["code"] == code]
    return found


def test_an_implication_is_derived_from_the_genotype_and_says_what_cpic_says(way: Way):
    woven = way.go(chart(POOR, SIMVASTATIN))
    (one,) = implied(woven)
    assert part(one, "51963-7")["valueCodeableConcept"]["coding"][0]["code"] == "36567"
    assert "Poor Function" in part(one, "therapeutic-implication")["valueCodeableConcept"]["text"]
    assert part(one, "93044-6")["valueCodeableConcept"]["text"].endswith("Strong")
    assert [each["reference"].partition("/")[0] for each in one["derivedFrom"]] == ["Observation"]
    (phenotype,) = [
        each for each in woven.written if each.get("code", {}).get("text") == "Phenotype of SLCO1B1"
    ]
    assert phenotype["valueCodeableConcept"]["text"] == "Poor Function"
    assert phenotype["derivedFrom"] == one["derivedFrom"]


def test_what_was_derived_of_genes_is_no_evidence_for_itself(way: Way):
    ours = [one for one in way.go(chart(POOR, SIMVASTATIN)).written if one["resourceType"] == "Observation"]
    read = facts([Opened(f"Observation/{one['id']}/_history/1", one) for one in ours], DAY)
    assert len(ours) > 1
    assert (read.genes, read.unreadable) == ((), ())
    assert {one.reason for one in read.set_aside} == {"was written by Careloom"}


VARIANT = {
    "resourceType": "Observation",
    "status": "final",
    "code": {"coding": [{"system": LOINC, "code": "69548-6"}]},
    "effectiveDateTime": "2026-01-05",
    "valueCodeableConcept": {"coding": [{"system": LOINC, "code": "LA9633-4"}]},
    "component": [
        {
            "code": {"coding": [{"system": LOINC, "code": "48004-6"}]},
            "valueCodeableConcept": {
                "coding": [{"system": "http://varnomen.hgvs.org", "code": "NM_000110.4:c.1905+1G>A"}]
            },
        },
        {
            "code": {"coding": [{"system": LOINC, "code": "53034-5"}]},
            "valueCodeableConcept": {"coding": [{"system": LOINC, "code": "LA6705-3"}]},
        },
    ],
}
ABACAVIR_RISK = {
    "resourceType": "Observation",
    "status": "final",
    "code": {"coding": [{"system": LOINC, "code": "50956-2"}]},
    "effectiveDateTime": "2026-01-05",
    "valueCodeableConcept": {"coding": [{"system": LOINC, "code": "LA6576-8"}]},
}
FLUOROURACIL, ABACAVIR = prescribed("4492"), prescribed("190521")


@pytest.mark.parametrize(
    ("result", "medicine", "key"),
    [(VARIANT, FLUOROURACIL, "genes-fluorouracil"), (ABACAVIR_RISK, ABACAVIR, "genes-abacavir")],
    ids=["a variant of DPYD", "one allele of HLA-B"],
)
def test_a_variant_and_an_allele_test_come_through_the_split_and_warn(
    way: Way, result: dict[str, Any], medicine: dict[str, Any], key: str
):
    found = {one.key: one for one in way.go(chart(result, medicine)).plan.issues}
    assert found[key].severity == "high"


def test_results_that_contradict_one_another_are_put_to_a_clinician(way: Way):
    bundle = chart(POOR, genotype(SLCO1B1, star("SLCO1B1*1/*1")), SIMVASTATIN)
    woven = way.go(bundle)
    (asked,) = [one for one in woven.plan.activities if one.act.key == "ask-genotype"]
    assert asked.reasons[0].sentence == (
        "SLCO1B1: *1/*1 (Normal Function) or *5/*5 (Poor Function). They cannot both be true."
    )
    assert implied(woven) == []
    assert dangers(woven) == []


@pytest.mark.parametrize(
    "more",
    [
        [POOR, SIMVASTATIN],
        [VARIANT, FLUOROURACIL],
        [POOR, genotype(SLCO1B1, star("SLCO1B1*1/*1"))],
        [genotype(SLCO1B1, star("SLCO1B1*1/*1")), SIMVASTATIN],
        [genotype(CYP2D6, star("CYP2D6*1/*1")), CODEINE, FLUOXETINE],
        [genotype(SLCO1B1, {"text": "see the letter"}), SIMVASTATIN],
        [POOR],
    ],
    ids=["danger", "variant", "contradiction", "no change", "inhibitor", "unreadable", "draft"],
)
def test_whatever_genes_say_is_valid_r4(way: Way, more: list[dict[str, Any]]):
    for one in way.go(chart(*more)).written:
        assert problems(one) == []


def test_a_statin_is_asked_about_before_it_is_started(way: Way):
    def drafts(bundle: dict[str, Any]) -> list[str]:
        return [one.act.title for one in way.go(bundle).plan.activities if "statin" in one.act.title]

    assert drafts(chart()) == ["Start a statin of high intensity"]
    assert drafts(chart(POOR)) == ["To decide: Start a statin of high intensity?"]
    assert drafts(chart(genotype(SLCO1B1, star("SLCO1B1*1/*1")))) == ["Start a statin of high intensity"]


def test_what_the_split_withholds_is_present_and_unanswered(way: Way):
    woven = way.go(chart(genotype(SLCO1B1, {"text": "*5/*5, told to Jane Doe"}), SIMVASTATIN))
    assert dangers(woven) == []
    assert "Jane" not in repr(woven)
    (unanswered,) = [one for one in woven.plan.unanswered if one.rule.id == "cpic-simvastatin"]
    assert unanswered.missing == ("a result of SLCO1B1 that can be read",)


def test_what_was_entered_in_error_changes_nothing(way: Way):
    wrong = genotype(SLCO1B1, star("SLCO1B1*1/*1"), status="entered-in-error")
    assert way.go(chart(POOR, SIMVASTATIN, wrong)).plan == way.go(chart(POOR, SIMVASTATIN)).plan


def test_order_and_a_second_copy_change_no_danger(way: Way):
    bundle = chart(POOR, SIMVASTATIN)
    turned = copy.deepcopy(bundle)
    turned["entry"].reverse()
    assert way.go(turned).written == way.go(bundle).written
    twice = chart(POOR, SIMVASTATIN, POOR)
    assert [one["detail"] for one in dangers(way.go(twice))] == [
        one["detail"] for one in dangers(way.go(bundle))
    ]


def test_a_later_day_gives_the_same_advice(way: Way):
    later = way.go(chart(POOR, SIMVASTATIN), DAY.replace(year=DAY.year + 1))
    assert [one["detail"] for one in dangers(later)] == [
        one["detail"] for one in dangers(way.go(chart(POOR, SIMVASTATIN)))
    ]
