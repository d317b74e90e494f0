"""Genomics written back: the phenotype of each gene that was tested, and what CPIC says of what is taken.

Both follow from the results by CPIC's tables and are told whether anything has to change or not. A gene whose
results leave a gap has no phenotype, and a medicine whose row cannot be found no implication.
"""

from __future__ import annotations

from functools import cache

from mappers.recommendations import GenePhenotype, Implication, Rule, Source
from workers.engine.acts import UNCONFIRMED
from workers.engine.case import Case
from workers.engine.enrichers import Enrichment
from workers.engine.genes.advice import Advice, Asked, advice, known, rule_of, whole, words
from workers.engine.genes.phenotype import PRESENCE, genes
from workers.engine.genes.recommending import Recommendation
from workers.engine.genes.results import Standing
from workers.engine.people import current_medicines
from workers.engine.recommenders.interactions import slug
from workers.engine.scores.tables import rows


class Genomic:
    """The enricher."""

    @property
    def rule(self) -> Rule:
        """CPIC's tables as a whole."""
        return whole()

    def enrich(self, case: Case) -> Enrichment:
        """Phenotypes and implications; until a medicine begins or ends."""
        if not case.facts.genes:
            return Enrichment()
        found = tuple(one for each in advice(case) for one in _implications(each))
        phenotypes = tuple(_phenotype(one) for one in known(case).values() if _settled(one))
        until = current_medicines(case)[1]
        return Enrichment(until=until, phenotypes=phenotypes, implications=found)


def _settled(one: Standing) -> bool:
    """Whether alleles gave a phenotype: one that was only reported is there already."""
    return not one.gap and bool(one.phenotype and one.alleles)


def _phenotype(one: Standing) -> GenePhenotype:
    return GenePhenotype(
        f"phenotype-{one.gene.lower()}",
        _table(one.gene, confirmed=one.confirmed),
        one.gene,
        one.alleles,
        one.phenotype,
        one.activity,
        one.evidence,
        one.when,
    )


@cache
def _table(gene: str, *, confirmed: bool) -> Rule:
    """CPIC's allele functions of a gene, with their version and date."""
    row = next(row for row in rows("cpic/allele_functions.csv") if row["gene"] == gene)
    kind = "presence of alleles" if genes()[gene]["method"] == PRESENCE else "allele functions"
    strength = "CPIC's rules" if confirmed else f"CPIC's rules; {UNCONFIRMED}"
    source = Source(
        f"CPIC {kind} and phenotypes of {gene}",
        "CPIC",
        row["source_version"],
        row["source_date"],
        "https://cpicpgx.org/genes-drugs/",
        strength,
        confirmed,
    )
    version = row["source_version"] or row["source_date"]
    return Rule(f"cpic-phenotype-{gene.lower()}", version, f"Phenotype of {gene} by CPIC", source)


def _implications(one: Advice) -> tuple[Implication, ...]:
    told = [_implication(one, number, asked, row) for number, (asked, row) in enumerate(one.told)]
    return tuple({found.key: found for found in told}.values())


def _implication(one: Advice, number: int, asked: Asked, row: Recommendation) -> Implication:
    inhibited = " An inhibitor is counted in." if asked.inhibited else ""
    whom = "" if row.population == "general" else row.population
    results = {piece for standing in asked.standings for piece in standing.evidence}
    notes = (f"For: {whom}.",) if whom else ()
    return Implication(
        f"implication-{slug(asked.drug.replace(' / ', ' '))}-{number}",
        rule_of(asked.drug, one.guideline, row.strength, asked.confirmed),
        asked.drug,
        asked.rxcui,
        tuple((standing.gene, _told(standing, asked)) for standing in asked.standings),
        words(row) + inhibited,
        row.strength,
        whom,
        tuple(sorted(results)),
        max((standing.when for standing in asked.standings if standing.when), default=None),
        notes,
    )


def _told(standing: Standing, asked: Asked) -> str:
    """The phenotype, or under an inhibitor and where several are possible what a sentence says."""
    plain = standing.phenotype and not asked.inhibited
    return standing.phenotype if plain else standing.said
