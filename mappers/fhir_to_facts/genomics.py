"""Observations of Genomics Reporting: a patient's alleles of a gene, or the phenotype that they make.

Alleles come as codes, displays or text; what the privacy policy withheld is present, unreadable, and not
"no result". Genes are for life, so a result needs no date. What was found in a tumour says nothing of how its
bearer takes a medicine.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import NamedTuple

from mappers import codes
from mappers.codes import LOINC, Code
from mappers.facts import GeneResult
from mappers.fhir_to_facts import star_alleles
from mappers.fhir_to_facts.dates import happened, moment
from mappers.fhir_to_facts.displays import displays
from mappers.fhir_to_facts.gathered import Gathered
from mappers.fhir_to_facts.opened import Opened
from mappers.lossless import Json
from mappers.tables import rows

HGNC = "http://www.genenames.org"
GENE_STUDIED = "48018-6"
VARIANT_NAME = "47998-0"
RESULTS = frozenset({"84413-4", "84414-2", "53040-2"})
"""Genotype, haplotype, and the effect of a gene on the metabolism of medicines."""
SOURCE_CLASS = "48002-0"
SOMATIC = "LA6684-0"
MEDICATION_ASSESSED = "51963-7"


class Value(NamedTuple):
    """What a value states: a gene where it names one, and alleles or a phenotype."""

    gene: str | None
    alleles: tuple[str, ...] = ()
    phenotype: str | None = None


class Unclear(Exception):  # noqa: N818 - it reads as what happened
    """Nothing can be read; the text says why, without repeating any."""


@cache
def _genes() -> Mapping[Code, str]:
    return {Code(row["system"], row["code"]): row["gene"] for row in rows("genes.csv")}


@cache
def _phenotypes() -> Mapping[Code, str]:
    return {Code(row["system"], row["code"]): row["phenotype"] for row in rows("gene_phenotypes.csv")}


def is_result(body: Mapping[str, Json]) -> bool:
    """Whether an Observation states alleles or a phenotype of a gene."""
    return any(_may_be(part) for part in _parts(body)) and any(True for _ in _results(body))


def _may_be(part: Mapping[str, Json]) -> bool:
    """Whether a part bears a code that could ask for a gene: most have none, and are seen off at once."""
    coded = (part.get("code") or {}).get("coding", ())
    return any(coding.get("code") in _asking() for coding in coded)


@cache
def _asking() -> frozenset[str]:
    return RESULTS | {VARIANT_NAME} | {code.code for code in _genes() if code.system == LOINC}


def read(opened: Opened, found: Gathered) -> None:
    body = opened.body
    if SOMATIC in _answers(body, SOURCE_CLASS):
        found.set_aside(opened, "is about a tumour, not about the genes that were inherited")
    elif any(MEDICATION_ASSESSED in codes.plain(part.get("code"), LOINC) for part in _parts(body)):
        found.set_aside(opened, "says what a gene means for one medicine, which is no result of a gene")
    else:
        for part in _results(body):
            _read_part(opened, found, part)


def _parts(body: Mapping[str, Json]) -> Iterator[Mapping[str, Json]]:
    yield body
    yield from body.get("component", ())


def _results(body: Mapping[str, Json]) -> Iterator[Mapping[str, Json]]:
    """The parts that state a result; a variant's name does only where it is a star allele's."""
    for part in _parts(body):
        asked = codes.plain(part.get("code"), LOINC)
        if asked & RESULTS or _asked_gene(part) or (VARIANT_NAME in asked and any(_values(part))):
            yield part


def _asked_gene(part: Mapping[str, Json]) -> str | None:
    """The gene of which a question asks the phenotype, where the question is of one gene only."""
    asked = (_genes().get(code) for code in codes.codes(part.get("code")) if code.system == LOINC)
    return next((gene for gene in asked if gene), None)


def _read_part(opened: Opened, found: Gathered, part: Mapping[str, Json]) -> None:
    when = happened(opened.body, "effective") or moment(opened.body.get("issued"))
    day = when.day if when else None
    gene, value, trouble = None, Value(None), None
    try:
        gene = _gene(opened.body, part)
        if gene is None:
            found.set_aside(opened, "is of a gene that no recommendation asks for")
            return
        value = _value(part)
    except Unclear as unclear:
        trouble = str(unclear)
    what = f"{gene or 'Gene'} result of {day.isoformat()}" if day else f"{gene or 'Gene'} result"
    if found.in_future(opened, what, day):
        return
    if trouble:
        found.cannot_read(opened, what, trouble)
    found.genes.append(GeneResult(gene, value.alleles, value.phenotype, day, opened.evidence))


def _gene(body: Mapping[str, Json], part: Mapping[str, Json]) -> str | None:
    """The gene that a part is of; None for one that is in no table. Raises ``Unclear``."""
    studied = {_symbol(code) for code in _answers(body, GENE_STUDIED)}
    named = {value.gene for value in _values(part)} | {_asked_gene(part)}
    told = {gene for gene in named if gene}
    if len(told) > 1 or (told and studied and not {_listed(gene) for gene in told} & studied):
        raise Unclear("names genes that contradict one another")
    found = {_listed(gene) for gene in told} or studied
    if len(found) != 1:
        raise Unclear("names several genes" if found else "names no gene")
    return found.pop()


def _symbol(code: str) -> str | None:
    return _genes().get(Code(HGNC, code if code.startswith("HGNC:") else f"HGNC:{code}"))


def _listed(gene: str) -> str | None:
    return gene if gene in _genes().values() else None


def _answers(body: Mapping[str, Json], question: str) -> frozenset[str]:
    """The codes that components give to a question."""
    return frozenset(
        code.code
        for part in body.get("component", ())
        if question in codes.plain(part.get("code"), LOINC)
        for code in codes.codes(part.get("valueCodeableConcept"))
    )


def _value(part: Mapping[str, Json]) -> Value:
    """The one thing that a part's value states. Raises ``Unclear``."""
    said = {Value(None, value.alleles, value.phenotype) for value in _values(part)}
    if len(said) > 1:
        raise Unclear("has values that contradict one another")
    if not said:
        raise Unclear("has a value that cannot be read as alleles or as a phenotype")
    return said.pop()


def _values(part: Mapping[str, Json]) -> Iterator[Value]:
    """Everything in a part's value that can be read."""
    concept = part.get("valueCodeableConcept")
    texts = [*displays(concept), *(code.code for code in codes.codes(concept))]
    if isinstance(part.get("valueString"), str):
        texts.append(part["valueString"])
    for text in texts:
        alleles = star_alleles.read(text)
        phenotype = _phenotypes().get(Code("", text.strip().lower()))
        if alleles is not None:
            yield Value(alleles.gene, alleles.names)
        elif phenotype is not None:
            yield Value(None, (), phenotype)
    for code in codes.codes(concept):
        if code in _phenotypes():
            yield Value(None, (), _phenotypes()[code])
