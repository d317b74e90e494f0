"""Phenotypes and implications as FHIR: valid R4 in the shape of HL7's guide, derived from the results."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import msgspec
import pytest

from mappers.facts import Evidence
from mappers.r4.validate import problems
from mappers.recommendations import GenePhenotype, Implication, Plan, Rule, Source, nothing
from mappers.recommendations_to_careplan import provenance, resources

RESULT, ORDER = Evidence("Observation/g/_history/2"), Evidence("MedicationRequest/m/_history/1")
SOURCE = Source(
    "CYP2C19 and Voriconazole", "CPIC", "v1.30.0", "2023-08-07", "https://cpicpgx.org/x/", "Strong"
)
RULE = Rule("cpic-voriconazole", "v1.30.0", "voriconazole by genes", SOURCE)
PHENOTYPE = GenePhenotype(
    "phenotype-cyp2d6",
    RULE,
    "CYP2D6",
    "*1/*4",
    "Intermediate Metabolizer",
    "1.0",
    (RESULT,),
    date(2026, 3, 1),
)
IMPLICATION = Implication(
    "implication-voriconazole-0",
    RULE,
    "voriconazole",
    "121243",
    (("CYP2C19", "Poor Metabolizer"),),
    "CPIC (adults): Choose an alternative agent.",
    "Moderate",
    "adults",
    (RESULT, ORDER),
    date(2026, 3, 1),
    ("For: adults.",),
)


def ident(kind: str, key: str) -> str:
    return f"{kind}-{key}".lower()


def planned(*known: GenePhenotype | Implication) -> Plan:
    return replace(
        nothing(date(2026, 6, 15)),
        phenotypes=tuple(one for one in known if isinstance(one, GenePhenotype)),
        implications=tuple(one for one in known if isinstance(one, Implication)),
    )


def written(*known: GenePhenotype | Implication) -> list[dict[str, Any]]:
    return msgspec.json.decode(msgspec.json.encode(resources(planned(*known), "p" * 26, ident)))


def valid(*known: GenePhenotype | Implication) -> bool:
    """Whether R4 has nothing against any of it, its numbers as they are kept."""
    return not [fault for one in resources(planned(*known), "p" * 26, ident) for fault in problems(dict(one))]


def component(body: dict[str, Any], code: str) -> dict[str, Any]:
    (found,) = [one for one in body["component"] if one["code"]["coding"][0]["code"] == code]
    return found


def test_a_phenotype_names_its_gene_alleles_score_and_results():
    plan, one = written(PHENOTYPE)
    assert valid(PHENOTYPE)
    told = "CYP2D6 of 2026-03-01: Intermediate Metabolizer (*1/*4, activity score 1.0)"
    assert told in plan["text"]["div"]
    assert [coding["code"] for coding in one["code"]["coding"]] == ["53040-2", "79715-9"]
    assert one["valueCodeableConcept"]["coding"][0]["code"] == "LA10317-8"
    assert component(one, "48018-6")["valueCodeableConcept"]["coding"][0]["code"] == "HGNC:2625"
    assert component(one, "alleles")["valueString"] == "*1/*4"
    assert component(one, "activity-score")["valueQuantity"]["value"] == 1.0
    assert one["derivedFrom"] == [{"reference": "Observation/g/_history/2"}]
    assert one["effectiveDateTime"] == "2026-03-01"
    assert {"reference": f"Observation/{one['id']}"} in plan["supportingInfo"]


@pytest.mark.parametrize(("score", "comparator"), [("≥3.0", ">="), ("n/a", None), (None, None)])
def test_a_score_that_was_not_counted_out_has_its_comparator(score: str | None, comparator: str | None):
    _, one = written(replace(PHENOTYPE, activity=score))
    told = [part for part in one["component"] if part["code"]["coding"][0]["code"] == "activity-score"]
    assert [part["valueQuantity"].get("comparator") for part in told] == ([comparator] if comparator else [])


def test_an_implication_has_the_shape_of_the_guide():
    _, one = written(IMPLICATION)
    assert valid(IMPLICATION)
    tbd = "http://hl7.org/fhir/uv/genomics-reporting/CodeSystem/tbd-codes-cs"
    assert one["code"]["coding"][0] == {
        "system": tbd,
        "code": "therapeutic-implication",
        "display": "Therapeutic Implication",
    }
    assert [each["coding"][0]["code"] for each in one["category"]] == ["laboratory", "GE"]
    medicine = component(one, "51963-7")["valueCodeableConcept"]["coding"][0]
    assert (medicine["system"].rpartition("/")[2], medicine["code"]) == ("rxnorm", "121243")
    said = component(one, "therapeutic-implication")["valueCodeableConcept"]
    assert (said["coding"][0]["code"], said["text"]) == ("LA9657-3", "CYP2C19: Poor Metabolizer")
    assert component(one, "conclusion-string")["valueString"] == IMPLICATION.words
    assert "Moderate" in component(one, "93044-6")["valueCodeableConcept"]["text"]
    assert one["derivedFrom"] == [{"reference": "Observation/g/_history/2"}]
    (cited,) = one["extension"]
    assert cited["valueRelatedArtifact"]["citation"].endswith("CPIC, v1.30.0, 2023-08-07")
    assert cited["valueRelatedArtifact"]["url"] == SOURCE.url
    assert "value" not in {name[:5] for name in one}


def test_what_cpic_changed_has_no_level_of_evidence():
    changed = replace(IMPLICATION, strength="", words="CPIC has changed its recommendation.", rxcui="")
    _, one = written(changed)
    assert valid(changed)
    assert not [part for part in one["component"] if part["code"]["coding"][0]["code"] == "93044-6"]
    assert "coding" not in component(one, "51963-7")["valueCodeableConcept"]


def test_the_provenance_names_the_rules_of_both():
    plan = planned(PHENOTYPE, IMPLICATION)
    target = "Observation/x/_history/1"
    found = provenance([target], [RESULT.reference], plan, "2026-06-15T00:00:00Z", lambda kind, _: kind)
    told = [agent["who"].get("identifier", {}).get("value") for agent in found["agent"]]
    assert "cpic-voriconazole|v1.30.0" in told


def test_law_7_the_same_answer_is_the_same_resource():
    assert written(PHENOTYPE, IMPLICATION) == written(PHENOTYPE, IMPLICATION)
