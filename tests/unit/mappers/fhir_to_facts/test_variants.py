"""Variants: part of an allele where a table says so, and otherwise present and unreadable."""

from __future__ import annotations

import pytest

from mappers.codes import LOINC
from mappers.facts import Facts, GeneResult
from mappers.genes import HGNC, numbers
from mappers.tables import rows
from tests.unit.mappers.fhir_to_facts.chart import code, read
from tests.unit.mappers.fhir_to_facts.test_genomics import component, result, troubles

HGVS = "http://varnomen.hgvs.org"
PRESENT, ABSENT = code(LOINC, "LA9633-4"), code(LOINC, "LA9634-2")
HOMOZYGOUS, HETEROZYGOUS, HEMIZYGOUS, HOMOPLASMIC = "LA6705-3", "LA6706-1", "LA6707-9", "LA6704-6"
DPYD_2A = "NM_000110.4:c.1905+1G>A"


def variant(
    change: str | None,
    gene: str | None = None,
    state: str | None = HETEROZYGOUS,
    value: dict | None = PRESENT,
    question: str = "48004-6",
) -> dict:
    named = [component(question, code(HGVS, change))] if change else []
    states = [component("53034-5", code(LOINC, state))] if state else []
    studied = [numbers()[gene]] if gene else []
    return result(value, *studied, loinc="69548-6", parts=[*named, *states])


def told(known: Facts) -> list[tuple]:
    return [(one.gene, one.alleles, one.variant, one.copies) for one in known.genes]


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        (variant(DPYD_2A), ("DPYD", (), ("c.1905+1G>A (*2A)",), 1)),
        (variant(DPYD_2A, state=HOMOZYGOUS), ("DPYD", (), ("c.1905+1G>A (*2A)",), 2)),
        (variant(DPYD_2A, state=None), ("DPYD", (), ("c.1905+1G>A (*2A)",), None)),
        (variant("NM_000110.3:c.1898delC"), ("DPYD", (), ("c.1898delC (*3)",), 1)),
        (variant("NM_000110.3:c.1898del"), ("DPYD", (), ("c.1898delC (*3)",), 1)),
        (variant("NM_000769.4(CYP2C19):c.681G>A"), ("CYP2C19", (), ("*2",), 1)),
        (variant("NM_000367.5:c.460G>A"), ("TPMT", (), ("*3A", "*3B"), 1)),
        (variant("NP_000483.3:p.(Gly551Asp)", question="48005-3"), ("CFTR", (), ("G551D",), 1)),
        (variant("rs4149056", question="81255-2"), ("SLCO1B1", (), ("*5", "*15", "*40", "*47"), 1)),
    ],
)
def test_a_variant_is_a_part_of_the_alleles_that_the_table_says(body: dict, wanted: tuple):
    assert told(read(body)) == [wanted]


@pytest.mark.parametrize(
    ("state", "value", "alleles"),
    [
        (HETEROZYGOUS, PRESENT, ("rs2231142 reference (G)", "rs2231142 variant (T)")),
        (None, ABSENT, ("rs2231142 reference (G)",) * 2),
    ],
)
def test_a_gene_of_one_site_is_settled_by_it(state, value, alleles):
    assert told(read(variant("rs2231142", state=state, value=value)))[0][1] == alleles


def test_a_chromosome_without_a_partner_is_whole():
    (one,) = read(variant("NC_012920.1:m.1555A>G", state=HOMOPLASMIC)).genes
    assert (one.gene, one.variant, one.whole) == ("MT-RNR1", ("m.1555A>G",), True)
    assert not read(variant(DPYD_2A)).genes[0].whole


def test_what_is_not_there_says_nothing_of_the_rest_of_the_gene():
    known = read(variant(DPYD_2A, value=ABSENT))
    assert known.genes == ()
    assert [one.reason for one in known.set_aside] == ["says of one variant that it is not there"]


@pytest.mark.parametrize(
    ("body", "trouble"),
    [
        (variant("NM_000110.4:c.1G>A", "DPYD"), "names a variant that defines no allele in the table"),
        (variant("NM_999999.1:c.1905+1G>A", "DPYD"), "names a variant that defines no allele in the table"),
        (variant(None, "CYP2C19"), "names a variant by its place alone"),
        (variant(DPYD_2A, value=None), "does not say whether the variant is there"),
        (variant(DPYD_2A, value=code(LOINC, "LA11884-6")), "does not say whether the variant is there"),
    ],
)
def test_what_defines_no_allele_is_present_and_unreadable(body: dict, trouble: str):
    known = read(body)
    assert troubles(known) == [f"{known.genes[0].gene} result of 2026-03-01 {trouble}"]
    assert (known.genes[0].alleles, known.genes[0].variant) == ((), ())


def test_a_gene_that_contradicts_the_variant_is_no_gene():
    (one,) = read(variant(DPYD_2A, "CYP2C19")).genes
    assert one.gene is None


def test_a_variant_of_a_gene_that_nobody_asks_for_is_set_aside():
    known = read(variant("NM_000044.6:c.7G>A"))
    assert known.genes == ()
    assert [one.reason for one in known.set_aside] == ["has a code that is not used yet"]


def test_a_name_that_was_read_at_its_source_vouches_for_another():
    both = variant(DPYD_2A)
    both["component"].append(component("81255-2", code("http://www.ncbi.nlm.nih.gov/snp", "rs3918290")))
    assert [(one.variant, one.confirmed) for one in read(both).genes] == [(("c.1905+1G>A (*2A)",), True)]
    alone = read(variant("rs3918290", question="81255-2"))
    assert [one.confirmed for one in alone.genes] == [False]


POSITIVE, NEGATIVE = {"text": "positive"}, code(LOINC, "LA6577-6")


@pytest.mark.parametrize(
    ("loinc", "value", "wanted"),
    [
        ("50956-2", POSITIVE, ("HLA-B", ("*57:01",), True, True)),
        ("57979-7", NEGATIVE, ("HLA-B", ("*15:02",), False, True)),
        ("57979-7", {"text": "HLA-B*15:02"}, ("HLA-B", ("*15:02",), True, True)),
        ("79712-6", PRESENT, ("HLA-A", ("*31:01",), True, False)),
    ],
)
def test_a_test_for_one_allele_answers_for_that_one(loinc: str, value: dict, wanted: tuple):
    (one,) = read(result(value, loinc=loinc)).genes
    assert (one.gene, one.alleles, one.present, one.confirmed) == wanted


def test_an_allele_test_without_an_answer_is_unreadable():
    known = read(result({"text": "trace"}, loinc="50956-2"))
    assert troubles(known) == ["HLA-B result of 2026-03-01 does not say whether the allele is there"]


def quantity(value: int, comparator: str | None = None) -> dict:
    return {"value": value, **({"comparator": comparator} if comparator else {})}


def test_copies_that_were_counted_stand_with_the_alleles():
    copies = {"code": code(LOINC, "82155-3"), "valueQuantity": quantity(3)}
    (one,) = read(result({"text": "CYP2D6*1/*4"}, "HGNC:2625", parts=[copies])).genes
    assert (one.alleles, one.copies) == (("*1", "*4"), 3)


@pytest.mark.parametrize(
    ("value", "score"),
    [(quantity(1), "1.0"), (quantity(3, ">="), "≥3.0"), (quantity(3, "<"), None), ({}, None)],
)
def test_an_activity_score_as_reported(value: dict, score: str | None):
    asked = {"code": code("urn:careloom:gene", "activity-score"), "valueQuantity": value}
    told: list[GeneResult] = [
        *read(result(None, "HGNC:2625", loinc="51969-4", parts=[asked])).genes,
    ]
    assert [one.activity for one in told] == [score]
    assert told[0].gene == "CYP2D6"


def test_no_two_rows_name_one_change_and_each_names_its_gene():
    found = [(row["reference"], row["change"]) for row in rows("gene_variants.csv")]
    assert len(found) == len(set(found))
    assert {row["gene"] for row in rows("gene_variants.csv")} <= set(numbers())
    assert HGNC
