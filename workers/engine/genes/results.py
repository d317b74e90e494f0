"""What the results of a gene come to: the keys under which CPIC's tables are asked, or why there is none.

Results that cannot be true at once are a choice for a clinician, with each of them told: the newer is not the
truer, since genes do not change, and a laboratory's own phenotype or score is not silently set against its
alleles. One chromosome of two is unknown, unless every other allele would come to the same. A phenotype as
reported stands where there are no alleles, or where CPIC does not list them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from itertools import combinations_with_replacement

from mappers.facts import Evidence, GeneResult
from workers.engine.genes.pairing import Half, Pair, halves, holding, narrowed, readings
from workers.engine.genes.phenotype import NONE, PRESENCE, NoPhenotype, Phenotype, alleles, genes, phenotype
from workers.engine.genes.presence import Contradicted, statements


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of one gene. ``keys`` are all that may be true; none where there is a gap.

    ``choices`` are results that cannot be true at once; ``confirmed`` is False where a code or table had a
    part that was not read at its source.
    """

    gene: str
    said: str
    """As a sentence shows it: ``*1/*2 (Intermediate Metabolizer)``."""
    keys: tuple[str, ...]
    evidence: tuple[Evidence, ...]
    gap: str = ""
    phenotype: str = ""
    activity: str | None = None
    alleles: str = ""
    choices: tuple[str, ...] = ()
    confirmed: bool = True
    when: date | None = None
    """The day of the newest result, where any has one."""


def standings(results: Iterable[GeneResult]) -> Mapping[str, Standing]:
    """What is known of each gene that has a result."""
    by_gene: dict[str, list[GeneResult]] = defaultdict(list)
    for one in results:
        if one.gene is not None:
            by_gene[one.gene].append(one)
    return {gene: _Weighing(gene, by_gene[gene]).standing() for gene in sorted(by_gene)}


class _Weighing:
    """The results of one gene while they are weighed against one another."""

    def __init__(self, gene: str, results: Sequence[GeneResult]) -> None:
        self.gene, self.results = gene, results
        self.evidence = tuple(sorted({one.evidence for one in results}))
        self.confirmed = all(one.confirmed for one in results)
        self.reported = sorted({one.phenotype for one in results if one.phenotype})
        self.scores = sorted({one.activity for one in results if one.activity})

    def standing(self) -> Standing:
        """What they come to."""
        newest = max((one.when for one in self.results if one.when), default=None)
        return replace(self._weighed(), when=newest)

    def _weighed(self) -> Standing:
        if genes().get(self.gene, {}).get("method") == PRESENCE:
            return self._present()
        whole, parts = readings(self.gene, self.results), halves(self.gene, self.results)
        possible = frozenset.intersection(*whole) if whole else frozenset()
        kept = narrowed(possible, parts)
        if (whole and not kept) or len(self.reported) > 1 or len(self.scores) > 1:
            return self._choice(self._told(whole, parts))
        if not kept and parts:
            return self._half(parts)
        if not kept:
            return self._reported(f"a result of {self.gene} that can be read")
        return self._paired(kept, self._told(whole, parts))

    def _paired(self, pairs: frozenset[Pair], told: Sequence[str]) -> Standing:
        """The pairs that are left, weighed against a phenotype and a score as reported."""
        try:
            made = {pair: phenotype(self.gene, pair) for pair in sorted(pairs)}
        except NoPhenotype as none:
            return self._reported(f"a phenotype of {self.gene}: {none}")
        agreed = {pair: one for pair, one in made.items() if self._agrees(one)}
        if not agreed:
            return self._choice(told)
        return self._keyed(agreed)

    def _agrees(self, one: Phenotype) -> bool:
        said = not self.reported or one.phenotype == self.reported[0]
        return said and (not self.scores or one.activity_score == self.scores[0])

    def _keyed(self, made: Mapping[Pair, Phenotype]) -> Standing:
        keys = tuple(sorted({one.lookup_key for one in made.values() if one.lookup_key}))
        names = sorted({one.phenotype for one in made.values()})
        pairs = " or ".join("/".join(pair) for pair in made)
        single = len({(one.phenotype, one.activity_score) for one in made.values()}) == 1
        return Standing(
            self.gene,
            f"{pairs} ({' or '.join(names)})",
            keys,
            self.evidence,
            "" if keys else f"a key of CPIC's tables for this result of {self.gene}",
            names[0] if len(names) == 1 else "",
            next(iter(made.values())).activity_score if single else None,
            pairs,
            confirmed=self.confirmed,
        )

    def _half(self, parts: Sequence[Half]) -> Standing:
        """One chromosome: whatever the other is, unless that makes a difference."""
        missing = f"the second allele of {self.gene}"
        if len(parts) > 1:
            missing = f"whether what was found in {self.gene} lies on one chromosome or on two"
            return self._reported(missing)
        made = {one for pair in holding(self.gene, parts[0]) if (one := _made(self.gene, pair))}
        if len({one.lookup_key for one in made}) != 1 or not all(map(self._agrees, made)):
            return self._reported(missing)
        (one, *_) = made
        name = " or ".join(parts[0].alleles)
        said = f"{name} beside any other allele ({one.phenotype})"
        keys = (one.lookup_key,) if one.lookup_key else ()
        gap = "" if keys else missing
        return Standing(
            self.gene, said, keys, self.evidence, gap, one.phenotype, None, name, confirmed=self.confirmed
        )

    def _reported(self, missing: str) -> Standing:
        """A phenotype or a score as the laboratory told it, where alleles do not settle it."""
        if self.scores:
            return self._scored(self.scores[0])
        if not self.reported:
            return self._gap(missing)
        name = self.reported[0]
        keys = keys_of(self.gene).get(name, ())
        gap = "" if keys else f"a key of CPIC's tables for this result of {self.gene}"
        said = f"{name} (as reported)"
        return Standing(self.gene, said, keys, self.evidence, gap, name, confirmed=self.confirmed)

    def _scored(self, score: str) -> Standing:
        names = [name for name, keys in keys_of(self.gene).items() if score in keys and score != NONE]
        if len(names) != 1 or (self.reported and names != self.reported):
            return self._choice([f"activity score {score}", *self.reported])
        said = f"activity score {score} (as reported), {names[0]}"
        return Standing(
            self.gene, said, (score,), self.evidence, "", names[0], score, confirmed=self.confirmed
        )

    def _present(self) -> Standing:
        try:
            found = statements(self.gene, self.results)
        except Contradicted as contradicted:
            return self._choice(contradicted.told)
        if not found:
            half = any(one.alleles for one in self.results)
            readable = f"a result of {self.gene} that can be read"
            return self._reported(f"the second allele of {self.gene}" if half else readable)
        names = "/".join(sorted({name for one in self.results for name in one.alleles}))
        said = "; ".join(one.phenotype for one in found)
        key = "; ".join(one.lookup_key or "" for one in found)
        told = f"{names} ({said})" if any(len(one.alleles) > 1 for one in self.results) else said
        return Standing(
            self.gene, told, (key,), self.evidence, "", said, None, names, confirmed=self.confirmed
        )

    def _told(self, whole: Sequence[frozenset[Pair]], parts: Sequence[Half]) -> list[str]:
        """Every result, as a clinician chooses between them."""
        pairs = sorted(" or ".join(_named(self.gene, pair) for pair in sorted(one)) for one in whole)
        possible = frozenset.intersection(*whole) if whole else frozenset()
        odd = [half for half in parts if not narrowed(possible, [half])] if len(whole) == 1 else []
        return [
            *pairs,
            *(" or ".join(half.alleles) for half in odd),
            *self.reported,
            *(f"activity score {score}" for score in self.scores),
        ]

    def _choice(self, told: Sequence[str]) -> Standing:
        gap = f"which result of {self.gene} holds: {' or '.join(told)}"
        return Standing(self.gene, "", (), self.evidence, gap, choices=tuple(told), confirmed=self.confirmed)

    def _gap(self, gap: str) -> Standing:
        return Standing(self.gene, "", (), self.evidence, gap, confirmed=self.confirmed)


def _named(gene: str, pair: Pair) -> str:
    names = "/".join(pair)
    made = _made(gene, pair)
    return f"{names} ({made.phenotype})" if made else names


@cache
def keys_of(gene: str) -> Mapping[str, tuple[str, ...]]:
    """By phenotype: every key that a pair of alleles with that phenotype can have."""
    if gene not in genes() or genes()[gene]["method"] == PRESENCE:
        return {}
    kinds = {(one.function, one.activity): one.name for one in alleles().get(gene, {}).values()}
    found: dict[str, set[str]] = defaultdict(set)
    for count in (1, 2):
        for names in combinations_with_replacement(sorted(kinds.values()), count):
            made = _made(gene, names)
            if made is not None and made.lookup_key is not None:
                found[made.phenotype].add(made.lookup_key)
    return {name: tuple(sorted(keys)) for name, keys in found.items()}


def _made(gene: str, names: Sequence[str]) -> Phenotype | None:
    try:
        return phenotype(gene, names)
    except NoPhenotype:
        return None
