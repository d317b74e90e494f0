"""Phenotypes of genes and therapeutic implications, in the shape of HL7's Genomics Reporting (STU 3).

An implication is derived from the results of the genes; the medicine, the phenotypes, CPIC's words and its
classification are components, and the guideline with its version and date is the citation. Of a
recommendation that CPIC has changed nothing of the old text is here.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal, InvalidOperation

from mappers.codes import LOINC, RXNORM
from mappers.facts_to_fhir import CATEGORY_SYSTEM, DERIVED_FROM
from mappers.fhir_building import built, concept, quantity, reference, references
from mappers.genes import HGNC, answers, numbers, questions
from mappers.lossless import Json
from mappers.recommendations import GenePhenotype, Implication, Rule
from mappers.recommendations_to_careplan.writer import Writer, cited, security

TBD = "http://hl7.org/fhir/uv/genomics-reporting/CodeSystem/tbd-codes-cs"
CITED_BY = "http://hl7.org/fhir/StructureDefinition/workflow-relatedArtifact"
GENE_SYSTEM = "urn:careloom:gene"
GENETICS = ("http://terminology.hl7.org/CodeSystem/v2-0074", "GE", "Genetics")
LABORATORY = (CATEGORY_SYSTEM, "laboratory", "Laboratory")
METABOLISM = (LOINC, "53040-2", "Genetic variation's effect on drug metabolism")
GENE_STUDIED = (LOINC, "48018-6", "Gene studied [ID]")
MEDICATION = (LOINC, "51963-7", "Medication assessed [ID]")
EVIDENCE = (LOINC, "93044-6", "Level of evidence")
IMPLICATION = (TBD, "therapeutic-implication", "Therapeutic Implication")
CONCLUSION = (TBD, "conclusion-string", "Conclusion Text")
ACTIVITY = (GENE_SYSTEM, "activity-score", "Activity score")
ALLELES = (GENE_SYSTEM, "alleles", "Alleles")


def phenotype_observation(writer: Writer, one: GenePhenotype) -> dict[str, Json]:
    """The phenotype of one gene, derived from its results."""
    asks = f"{one.gene} gene product metabolic activity interpretation"
    asked = [(LOINC, questions()[one.gene], asks)] if one.gene in questions() else []
    components = [
        _component(GENE_STUDIED, {"valueCodeableConcept": _gene(one.gene)}),
        _component(ALLELES, {"valueString": one.alleles}) if one.alleles else None,
        _component(ACTIVITY, {"valueQuantity": _score(one.activity)}) if one.activity else None,
    ]
    return built(
        {
            **_head(writer, one.key, one.rule, one.when),
            "code": concept(f"Phenotype of {one.gene}", METABOLISM, *asked),
            "valueCodeableConcept": _phenotype(one.phenotype),
            "derivedFrom": references(one.inputs, DERIVED_FROM),
            "note": [{"text": f"Derived by Careloom. Source: {cited(one.rule)}."}],
            "component": [found for found in components if found],
        }
    )


def implication_observation(writer: Writer, one: Implication) -> dict[str, Json]:
    """What CPIC recommends about one medicine."""
    said = [f"Derived by Careloom. Source: {cited(one.rule)}.", *one.notes]
    return built(
        {
            **_head(writer, one.key, one.rule, one.when),
            "extension": [_citation(one.rule)],
            "code": concept("Therapeutic implication", IMPLICATION),
            "derivedFrom": references(one.inputs, DERIVED_FROM),
            "note": [{"text": text} for text in said],
            "component": list(_told(one)),
        }
    )


def told_phenotype(one: GenePhenotype) -> str:
    """A phenotype in a line."""
    day = f" of {one.when.isoformat()}" if one.when else ""
    score = f", activity score {one.activity}" if one.activity else ""
    return f"{one.gene}{day}: {one.phenotype} ({one.alleles}{score})"


def _told(one: Implication) -> Iterator[Json]:
    coded = [(RXNORM, one.rxcui, one.drug)] if one.rxcui else []
    yield _component(MEDICATION, {"valueCodeableConcept": concept(one.drug, *coded)})
    for gene, phenotype in one.genes:
        found = {**_phenotype(phenotype), "text": f"{gene}: {phenotype}"}
        yield _component(IMPLICATION, {"valueCodeableConcept": found})
    yield _component(CONCLUSION, {"valueString": one.words})
    if one.strength:
        grade = concept(f"CPIC classification of the recommendation: {one.strength}")
        yield _component(EVIDENCE, {"valueCodeableConcept": grade})


def _head(writer: Writer, key: str, rule: Rule, when: date | None) -> dict[str, Json]:
    return {
        **writer.named("Observation", key),
        "meta": security(iter([rule])),
        "status": "final",
        "category": [concept("Laboratory", LABORATORY), concept("Genetics", GENETICS)],
        "subject": reference(writer.patient),
        "effectiveDateTime": when.isoformat() if when else None,
        "method": {"text": f"{rule.title}, version {rule.version}"},
    }


def _citation(rule: Rule) -> dict[str, Json]:
    source = rule.source
    edition = f"{source.title}. {source.publisher}, {source.version}, {source.date}"
    artifact = {"type": "citation", "citation": edition, "url": source.url}
    return {"url": CITED_BY, "valueRelatedArtifact": artifact}


def _gene(gene: str) -> dict[str, Json]:
    return concept(gene, *([(HGNC, numbers()[gene], gene)] if gene in numbers() else []))


def _phenotype(name: str) -> dict[str, Json]:
    return concept(name, *([(LOINC, answers()[name], name)] if name in answers() else []))


def _score(text: str) -> dict[str, Json] | None:
    """An activity score; None where CPIC gives none, or only that there is none."""
    bare = text.lstrip("≥")
    try:
        found = quantity(Decimal(bare), "{score}")
    except InvalidOperation:
        return None
    return {**found, "comparator": ">="} if bare != text else found


def _component(code: tuple[str, str, str], value: dict[str, Json]) -> dict[str, Json] | None:
    if all(one is None for one in value.values()):
        return None
    return {"code": concept(code[2], code), **value}
