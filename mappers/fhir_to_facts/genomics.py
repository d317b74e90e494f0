"""Observations of Genomics Reporting: a patient's alleles of a gene, what they make, and single variants.

Alleles come as codes, displays or text; what the privacy policy withheld is present, unreadable, and not
"no result". Genes are for life, so a result needs no date. What was found in a tumour says nothing of how its
bearer takes a medicine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cache, partial
from typing import NamedTuple

from mappers import codes
from mappers.codes import LOINC, Code
from mappers.facts import Evidence, GeneResult
from mappers.fhir_to_facts import star_alleles, variants
from mappers.fhir_to_facts.dates import happened, moment
from mappers.fhir_to_facts.displays import displays
from mappers.fhir_to_facts.gathered import Gathered
from mappers.fhir_to_facts.opened import Opened
from mappers.genes import HGNC, by_code, phenotypes
from mappers.lossless import Json
from mappers.tables import rows
from mappers.units import NotConvertible, number

GENE_STUDIED = "48018-6"
VARIANT_NAME = "47998-0"
RESULTS = frozenset({"84413-4", "84414-2", "53040-2"})
"""Genotype, haplotype, and the effect of a gene on the metabolism of medicines."""
COPY_NUMBER = "82155-3"
ACTIVITY = Code("urn:careloom:gene", "activity-score")
"""Our own code, since no public one asks for it: a hospital's map leads its own to it."""
SOURCE_CLASS = "48002-0"
SOMATIC = "LA6684-0"
MEDICATION_ASSESSED = "51963-7"


class Value(NamedTuple):
    """What a value states: a gene where it names one, and alleles or a phenotype."""

    gene: str | None
    alleles: tuple[str, ...] = ()
    phenotype: str | None = None


NOWHERE = Evidence("")
WORDS = {
    "positive": True,
    "present": True,
    "detected": True,
    "negative": False,
    "absent": False,
    "not detected": False,
}


class Unclear(Exception):  # noqa: N818 - it reads as what happened
    """Nothing can be read; the text says why and repeats none of it. ``gene`` is known all the same."""

    def __init__(self, why: str, gene: str | None = None) -> None:
        super().__init__(why)
        self.gene = gene


def is_result(body: Mapping[str, Json]) -> bool:
    """Whether an Observation states alleles, a phenotype or a variant of a gene."""
    if not any(_may_be(part) for part in _parts(body)):
        return False
    return any(True for _ in _results(body)) or (variants.is_variant(body) and bool(_gene_of(body)))


def _gene_of(body: Mapping[str, Json]) -> set[str]:
    """The genes of a variant that any recommendation asks for."""
    studied = {_symbol(code) for code in _answers(body, GENE_STUDIED)}
    return {gene for gene in studied if gene} | {row.gene for row in variants.named(body)}


def _may_be(part: Mapping[str, Json]) -> bool:
    """Whether a part bears a code that could ask for a gene: most have none, and are seen off at once."""
    coded = (part.get("code") or {}).get("coding", ())
    return any(coding.get("code") in _asking() for coding in coded)


@cache
def _asking() -> frozenset[str]:
    asked = RESULTS | {VARIANT_NAME, variants.ASSESSMENT, ACTIVITY.code}
    ours = {code.code for code in by_code() if code.system == LOINC}
    return frozenset(asked | ours | {code.code for code in _alleles_asked()})


@cache
def _alleles_asked() -> Mapping[Code, tuple[str, str, bool]]:
    """Questions whether one allele is there: its gene, its name, and whether the code was confirmed."""
    return {
        Code(row["system"], row["code"]): (row["gene"], row["allele"], row["confirmed"] == "yes")
        for row in rows("gene_alleles.csv")
    }


def read(opened: Opened, found: Gathered) -> None:
    body = opened.body
    if SOMATIC in _answers(body, SOURCE_CLASS):
        found.set_aside(opened, "is about a tumour, not about the genes that were inherited")
    elif any(MEDICATION_ASSESSED in codes.plain(part.get("code"), LOINC) for part in _parts(body)):
        found.set_aside(opened, "says what a gene means for one medicine, which is no result of a gene")
    elif variants.is_variant(body) and not any(True for _ in _results(body)):
        _read(opened, found, partial(_variant, body))
    else:
        for part in _results(body):
            _read(opened, found, partial(_told, body, part))


def _parts(body: Mapping[str, Json]) -> Iterator[Mapping[str, Json]]:
    yield body
    yield from body.get("component", ())


def _results(body: Mapping[str, Json]) -> Iterator[Mapping[str, Json]]:
    """The parts that state a result; a variant's name does only where it is a star allele's."""
    for part in _parts(body):
        asked = codes.plain(part.get("code"), LOINC)
        named = VARIANT_NAME in asked and any(_values(part))
        if asked & RESULTS or _asked_gene(part) or _asked_allele(part) or named or _asks_activity(part):
            yield part


def _asked_allele(part: Mapping[str, Json]) -> tuple[str, str, bool] | None:
    return next(
        (known for code in codes.codes(part.get("code")) if (known := _alleles_asked().get(code))), None
    )


def _asks_activity(part: Mapping[str, Json]) -> bool:
    return ACTIVITY in codes.codes(part.get("code"))


def _asked_gene(part: Mapping[str, Json]) -> str | None:
    """The gene of which a question asks the phenotype, where the question is of one gene only."""
    asked = (by_code().get(code) for code in codes.codes(part.get("code")) if code.system == LOINC)
    return next((gene for gene in asked if gene), None)


def _read(opened: Opened, found: Gathered, tell: Callable[[], GeneResult | str]) -> None:
    """One result, as ``tell`` reads it; a text says why it is none."""
    when = happened(opened.body, "effective") or moment(opened.body.get("issued"))
    day = when.day if when else None
    gene, trouble = None, None
    try:
        told = tell()
    except Unclear as unclear:
        trouble = str(unclear)
        gene = unclear.gene
        told = GeneResult(gene, (), None, day, opened.evidence)
    if isinstance(told, str):
        found.set_aside(opened, told)
        return
    name = told.gene or "Gene"
    what = f"{name} result of {day.isoformat()}" if day else f"{name} result"
    if found.in_future(opened, what, day):
        return
    if trouble:
        found.cannot_read(opened, what, trouble)
    found.genes.append(replace(told, when=day, evidence=opened.evidence))


def _told(body: Mapping[str, Json], part: Mapping[str, Json]) -> GeneResult | str:
    """What a part says of alleles, one allele, a phenotype or an activity score."""
    asked = _asked_allele(part)
    if asked:
        of, allele, confirmed = asked
        present = _presence(part, allele, of)
        return GeneResult(of, (allele,), None, None, NOWHERE, present=present, confirmed=confirmed)
    gene = _gene(body, part)
    if gene is None:
        return "is of a gene that no recommendation asks for"
    if _asks_activity(part):
        return GeneResult(gene, (), None, None, NOWHERE, activity=_score(part, gene))
    value = _value(part, gene)
    copies = _copies(body) if value.alleles else None
    return GeneResult(gene, value.alleles, value.phenotype, None, NOWHERE, copies=copies)


def _variant(body: Mapping[str, Json]) -> GeneResult | str:
    """What a variant says of a gene's alleles."""
    genes, known = _gene_of(body), variants.named(body)
    if len(genes) != 1:
        raise Unclear("names genes that contradict one another")
    gene = genes.pop()
    if len(known) != 1:
        named = "names a variant that defines no allele in the table"
        raise Unclear(named if variants.is_named(body) else "names a variant by its place alone", gene)
    row = known.pop()
    seen = variants.found(body, row)
    if seen is None:
        raise Unclear("does not say whether the variant is there", gene)
    bare = GeneResult(gene, (), None, None, NOWHERE, confirmed=row.confirmed)
    if not seen.present:
        pair = (row.otherwise,) * 2 if row.otherwise else None
        return replace(bare, alleles=pair) if pair else "says of one variant that it is not there"
    if row.otherwise and seen.copies == 1 and not seen.alone:
        return replace(bare, alleles=tuple(sorted((*row.alleles, row.otherwise))))
    return replace(bare, variant=row.alleles, copies=seen.copies, whole=seen.alone)


def _presence(part: Mapping[str, Json], allele: str, gene: str) -> bool:
    """Whether the allele that was asked for is there: by a word, a code, or the allele itself."""
    told = set(codes.codes(part.get("valueCodeableConcept")))
    words = {text.strip().lower() for text in _texts(part)}
    said = {True for _ in told & variants.PRESENT} | {False for _ in told & variants.ABSENT}
    said |= {WORDS[word] for word in words if word in WORDS}
    said |= {True for value in _values(part) if allele in value.alleles}
    if len(said) != 1:
        raise Unclear("does not say whether the allele is there", gene)
    return said.pop()


def _score(part: Mapping[str, Json], gene: str) -> str:
    """An activity score as CPIC's tables spell it: ``1.0``, ``≥3.0``."""
    quantity = part.get("valueQuantity") or {}
    sign = {"": "", ">=": "≥"}.get(quantity.get("comparator", ""))
    if sign is None or "value" not in quantity:
        raise Unclear("has an activity score that is no number", gene)
    try:
        return f"{sign}{float(number(quantity['value']))}"
    except NotConvertible:
        raise Unclear("has an activity score that is no number", gene) from None


def _copies(body: Mapping[str, Json]) -> int | None:
    """How many copies of the gene there are, where that was counted."""
    told = {
        str((part.get("valueQuantity") or {}).get("value"))
        for part in body.get("component", ())
        if COPY_NUMBER in codes.plain(part.get("code"), LOINC)
    }
    counted = {int(text) for text in told if text.isdigit()}
    return counted.pop() if len(told) == 1 and counted else None


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
    return by_code().get(Code(HGNC, code if code.startswith("HGNC:") else f"HGNC:{code}"))


def _listed(gene: str) -> str | None:
    return gene if gene in by_code().values() else None


def _answers(body: Mapping[str, Json], question: str) -> frozenset[str]:
    """The codes that components give to a question."""
    return frozenset(
        code.code
        for part in body.get("component", ())
        if question in codes.plain(part.get("code"), LOINC)
        for code in codes.codes(part.get("valueCodeableConcept"))
    )


def _value(part: Mapping[str, Json], gene: str) -> Value:
    """The one thing that a part's value states. Raises ``Unclear``."""
    said = {Value(None, value.alleles, value.phenotype) for value in _values(part)}
    if len(said) > 1:
        raise Unclear("has values that contradict one another", gene)
    if not said:
        raise Unclear("has a value that cannot be read as alleles or as a phenotype", gene)
    return said.pop()


def _texts(part: Mapping[str, Json]) -> Iterator[str]:
    concept = part.get("valueCodeableConcept")
    yield from displays(concept)
    yield from (code.code for code in codes.codes(concept))
    if isinstance(part.get("valueString"), str):
        yield part["valueString"]


def _values(part: Mapping[str, Json]) -> Iterator[Value]:
    """Everything in a part's value that can be read."""
    for text in _texts(part):
        alleles = star_alleles.read(text)
        phenotype = phenotypes().get(Code("", text.strip().lower()))
        if alleles is not None:
            yield Value(alleles.gene, alleles.names)
        elif phenotype is not None:
            yield Value(None, (), phenotype)
    for code in codes.codes(part.get("valueCodeableConcept")):
        if code in phenotypes():
            yield Value(None, (), phenotypes()[code])
