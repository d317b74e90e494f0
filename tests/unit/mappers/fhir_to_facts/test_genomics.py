"""Results of genes: alleles, phenotypes, and what is present but cannot be read."""

from __future__ import annotations

from datetime import date
from itertools import permutations
from pathlib import Path

import msgspec
import pytest

from mappers.codes import LOINC
from mappers.facts import Facts
from mappers.fhir_to_facts import Opened, facts
from mappers.genes import HGNC
from tests.unit.mappers.fhir_to_facts.chart import MASKED, TODAY, accounted, code, read, resource

CYP2C19, CYP2C9, HLA_B, APOE = "HGNC:2621", "HGNC:2623", "HGNC:4932", "HGNC:613"


def component(loinc: str, value: dict) -> dict:
    return {"code": code(LOINC, loinc), "valueCodeableConcept": value}


def result(value: dict | None, *genes: str, loinc: str = "84413-4", **elements: object) -> dict:
    studied = [component("48018-6", code(HGNC, gene)) for gene in genes]
    parts = [*studied, *elements.pop("parts", [])]
    stated = {"valueCodeableConcept": value} if value is not None else {}
    dated = {"effectiveDateTime": "2026-03-01"}
    head = {"status": "final", "code": code(LOINC, loinc), **dated, **stated}
    return resource("Observation", **{**head, **({"component": parts} if parts else {}), **elements})


def told(known: Facts) -> list[tuple]:
    return [(one.gene, one.alleles, one.phenotype) for one in known.genes]


def troubles(known: Facts) -> list[str]:
    return [f"{one.what} {one.reason}" for one in known.unreadable]


def test_a_genotype_is_a_fact_with_its_date_and_evidence():
    (one,) = read(result({"text": "CYP2C19*2/*17"}, CYP2C19, id="g")).genes
    assert (one.gene, one.alleles, one.phenotype) == ("CYP2C19", ("*17", "*2"), None)
    assert one.when == date(2026, 3, 1)
    assert one.evidence.reference == "Observation/g/_history/1"


@pytest.mark.parametrize(
    "value",
    [
        {"text": "CYP2C19*1/*2"},
        {"coding": [{"system": "http://www.pharmvar.org", "code": "PV00126", "display": "CYP2C19*2/*1"}]},
        {"coding": [{"code": "CYP2C19_*1/*2"}], "text": "*1/*2"},
    ],
)
def test_the_same_alleles_are_the_same_however_they_are_written(value):
    assert told(read(result(value, CYP2C19))) == [("CYP2C19", ("*1", "*2"), None)]


def test_the_gene_may_stand_in_the_value_alone():
    assert told(read(result({"text": "CYP2C9*1/*3"}))) == [("CYP2C9", ("*1", "*3"), None)]


def test_a_number_without_its_prefix_is_a_gene_too():
    assert told(read(result({"text": "*1/*3"}, "2623"))) == [("CYP2C9", ("*1", "*3"), None)]


def test_of_several_genes_the_value_names_its_own():
    assert told(read(result({"text": "CYP2C9 *2/*5"}, CYP2C9, "HGNC:23663")))[0][0] == "CYP2C9"
    known = read(result({"text": "*2/*5"}, CYP2C9, "HGNC:23663"))
    assert troubles(known) == ["Gene result of 2026-03-01 names several genes"]


def test_two_haplotypes_alike_stay_two():
    one, other = (result({"text": "CYP2C19*2"}, CYP2C19, loinc="84414-2") for _ in range(2))
    assert told(read(one, other)) == [("CYP2C19", ("*2",), None)] * 2


def test_a_genotype_said_twice_is_one_fact():
    known = read(result({"text": "CYP2C19*2/*2"}), result({"text": "CYP2C19*2/*2"}))
    assert len(known.genes) == 1
    assert [one.reason for one in known.set_aside] == ["says the same as another resource"]


@pytest.mark.parametrize(
    ("loinc", "value", "gene", "phenotype"),
    [
        ("79716-7", code(LOINC, "LA9657-3"), "CYP2C9", "Poor Metabolizer"),
        ("79714-2", {"text": "Ultrarapid Metabolizer"}, "CYP2C19", "Ultrarapid Metabolizer"),
        ("79713-4", {"text": "extensive metabolizer"}, "TPMT", "Normal Metabolizer"),
        ("79719-1", code(LOINC, "LA10317-8", "Intermediate metabolizer"), "DPYD", "Intermediate Metabolizer"),
    ],
)
def test_a_phenotype_is_read_by_the_question_and_the_answer(loinc, value, gene, phenotype):
    assert told(read(result(value, loinc=loinc))) == [(gene, (), phenotype)]


def test_the_effect_on_metabolism_needs_its_gene():
    poor = code(LOINC, "LA9657-3")
    assert told(read(result(poor, CYP2C19, loinc="53040-2"))) == [("CYP2C19", (), "Poor Metabolizer")]
    assert troubles(read(result(poor, loinc="53040-2"))) == ["Gene result of 2026-03-01 names no gene"]


def test_a_genotype_with_the_phenotype_as_its_component_gives_both():
    poor = component("53040-2", code(LOINC, "LA9657-3"))
    assert told(read(result({"text": "*2/*2"}, CYP2C19, parts=[poor]))) == [
        ("CYP2C19", (), "Poor Metabolizer"),
        ("CYP2C19", ("*2", "*2"), None),
    ]


def test_a_variant_name_is_a_result_where_it_is_a_star_allele():
    starred = result({"text": "CYP2C19*2/*2"}, CYP2C19, loinc="47998-0")
    other = result({"text": "NM_000769.4(CYP2C19):c.681G>A"}, CYP2C19, loinc="47998-0")
    assert told(read(starred, other)) == [("CYP2C19", ("*2", "*2"), None)]


@pytest.mark.parametrize(
    ("value", "trouble"),
    [
        ({"_text": MASKED}, "has a value that cannot be read as alleles or as a phenotype"),
        (None, "has a value that cannot be read as alleles or as a phenotype"),
        ({"text": "positive"}, "has a value that cannot be read as alleles or as a phenotype"),
        ({"coding": [{"code": "*1/*2"}], "text": "*1/*3"}, "has values that contradict one another"),
    ],
)
def test_what_cannot_be_read_is_present(value, trouble):
    known = read(result(value, CYP2C19))
    assert told(known) == [("CYP2C19", (), None)]
    assert troubles(known) == [f"CYP2C19 result of 2026-03-01 {trouble}"]


def test_genes_that_contradict_one_another_are_present_and_of_no_gene():
    known = read(result({"text": "CYP2C9*1/*2"}, CYP2C19))
    assert told(known) == [(None, (), None)]
    assert troubles(known) == ["Gene result of 2026-03-01 names genes that contradict one another"]


@pytest.mark.parametrize(
    ("observation", "reason"),
    [
        (result({"text": "e1/e1"}, APOE), "is of a gene that no recommendation asks for"),
        (result({"text": "HLA-C*03:03"}, "HGNC:4933"), "is of a gene that no recommendation asks for"),
        (
            result({"text": "*1/*2"}, CYP2C19, parts=[component("48002-0", code(LOINC, "LA6684-0"))]),
            "is about a tumour, not about the genes that were inherited",
        ),
        (
            result(
                code(LOINC, "LA9657-3"),
                CYP2C19,
                loinc="53040-2",
                parts=[component("51963-7", code("x", "32968"))],
            ),
            "says what a gene means for one medicine, which is no result of a gene",
        ),
        (
            result({"text": "*1/*2"}, CYP2C19, status="entered-in-error"),
            "has a status that makes it no evidence",
        ),
    ],
)
def test_what_is_no_result_is_set_aside(observation, reason):
    known = read(observation)
    assert not known.genes
    assert [one.reason for one in known.set_aside] == [reason]


def test_a_result_needs_no_date_but_none_of_tomorrow_counts():
    undated = result({"text": "CYP2C19*1/*2"}, effectiveDateTime=None)
    assert read(undated).genes[0].when is None
    known = read(result({"text": "CYP2C19*1/*2"}, effectiveDateTime="2026-05-21"))
    assert not known.genes
    assert known.turns == (date(2026, 5, 21),)


def test_order_and_what_was_entered_in_error_change_nothing():
    bodies = [
        result({"text": "CYP2C19*1/*2"}, id="a"),
        result({"text": "CYP2C19*2"}, id="b"),
        result({"_text": MASKED}, HLA_B, id="c"),
    ]
    error = result({"text": "CYP2C19*17/*17"}, id="d", status="entered-in-error")
    wanted = read(*bodies).genes
    assert all(read(*order, error).genes == wanted for order in permutations(bodies))


def test_every_genomic_observation_of_the_examples_is_accounted_for(shared_data: Path):
    paths = sorted((shared_data / "fhir" / "pgx").glob("Observation-*.json"))
    charts = [msgspec.json.decode(path.read_bytes()) for path in paths]
    opened = [Opened(f"Observation/{body['id']}/_history/1", body) for body in charts]
    known = facts(opened, TODAY)
    assert accounted(known) == {one.reference for one in opened}
    assert ("CYP2C19", ("*2", "*2"), None) in told(known)
    assert ("CYP2D6", ("*1", "*7"), None) in told(known)
