"""What CPIC's tables say of each medicine that is taken: asked once, told as dangers, drafts and resources.

Where a strong inhibitor counts, the tables are asked twice: by the genes alone, and with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from mappers.facts import Evidence
from mappers.recommendations import Rule, Source
from workers.engine.acts import UNCONFIRMED
from workers.engine.answer import ordered
from workers.engine.case import Case
from workers.engine.dangers.taken import Taken, by_ingredient
from workers.engine.genes.converting import converted
from workers.engine.genes.recommending import Guideline, Recommendation, Table, charts, recommend, tables
from workers.engine.genes.results import Standing, standings
from workers.engine.people import current_medicines
from workers.engine.recommenders.interactions import slug

UNREAD = "a result of a gene that could not be read"
CONSULT = "CPIC has changed its recommendation on {day}: consult the current guideline"
FURTHER = "The guideline has a further remark"


@dataclass(frozen=True, slots=True)
class Asked:
    """One medicine and what is known of its genes; not confirmed where something was not read at its source,
    as the list of inhibitors or the meaning of a variant."""

    drug: str
    standings: tuple[Standing, ...]
    evidence: tuple[Evidence, ...]
    confirmed: bool = True
    rxcui: str = ""
    inhibited: bool = False


@dataclass(frozen=True, slots=True)
class Advice:
    """What one medicine's table or chart says, or what is missing. ``told`` is empty for a chart."""

    guideline: Guideline
    asked: tuple[Asked, ...]
    told: tuple[tuple[Asked, Recommendation], ...] = ()
    missing: tuple[str, ...] = ()
    drug: str = ""


def known(case: Case) -> Mapping[str, Standing]:
    """What is known of each gene that was tested."""
    return case.once(("genes",), lambda: standings(case.facts.genes))


def advice(case: Case) -> tuple[Advice, ...]:
    """What is said of every medicine that is taken and has a gene of its own tested."""
    return case.once(("advice of genes",), lambda: tuple(_advice(case)))


def _advice(case: Case) -> Iterable[Advice]:
    if not case.facts.genes:
        return
    taken = by_ingredient(current_medicines(case)[0])
    doubt = any(one.gene is None for one in case.facts.genes)
    for table in tables().values():
        tested = tuple(known(case)[gene] for gene in table.genes if gene in known(case))
        if table.ingredients <= taken.keys() and (tested or doubt):
            yield _of_table(table, taken, tested, doubt=doubt)
    for chart in charts().values():
        tested = tuple(known(case)[gene] for gene in chart.genes if gene in known(case))
        if chart.drug in taken and tested:
            asked = Asked(chart.drug, tested, _evidence([chart.drug], taken, tested), _sure(tested))
            yield Advice(chart.guideline, (asked,), drug=chart.drug)


def _of_table(table: Table, taken: Taken, tested: tuple[Standing, ...], *, doubt: bool) -> Advice:
    gaps = ordered(one.gap for one in tested if one.gap)
    untested = len(tested) < len(table.genes)
    gaps = (*gaps, UNREAD) if doubt and untested else gaps
    if gaps:
        return Advice(table.guideline, (), missing=gaps, drug=table.drug)
    beside = tuple(converted(one, taken, table.ingredients) for one in tested)
    told: list[tuple[Asked, Recommendation]] = []
    for known_as in dict.fromkeys([tested, beside]):
        found = recommend(table, {one.gene: one.keys for one in known_as})
        if found.missing:
            return Advice(table.guideline, (), missing=found.missing, drug=table.drug)
        evidence = _evidence(table.ingredients, taken, known_as)
        inhibited = known_as != tested
        sure = _sure(known_as) and not inhibited
        asked = Asked(table.drug, known_as, evidence, sure, table.rxcui, inhibited)
        told += [(asked, one) for one in found.recommendations]
    return Advice(table.guideline, tuple(dict.fromkeys(one for one, _ in told)), tuple(told), drug=table.drug)


def _sure(tested: Iterable[Standing]) -> bool:
    return all(one.confirmed for one in tested)


def _evidence(ingredients: Iterable[str], taken: Taken, tested: Iterable[Standing]) -> tuple[Evidence, ...]:
    """What a recommendation rests on: the medicine first, so that it is what the danger is about."""
    medicines = {piece for name in ingredients for piece in taken[name]}
    return tuple(sorted(medicines | {piece for one in tested for piece in one.evidence}))


def patient(asked: Asked) -> str:
    """Who is spoken of, in a sentence."""
    genes = " and ".join(f"{one.gene} is {one.said or 'not clear'}" for one in asked.standings)
    return f"{asked.drug} is taken, and {genes}."


def words(one: Recommendation) -> str:
    """CPIC's own words with what they are for; of a row that was changed, that it was and no more."""
    if one.changed:
        return f"{CONSULT.format(day=one.changed)}."
    whom = "" if one.population == "general" else f" ({one.population})"
    told = [*one.implications, f"CPIC{whom}: {one.text}", *([FURTHER] if one.further else [])]
    return " ".join(f"{part.rstrip('.')}." for part in told)


def rule_of(drug: str, guideline: Guideline, strength: str, confirmed: bool = True) -> Rule:
    """One medicine's table as a rule with CPIC's version, date and strength."""
    grade = strength or "none stated"
    source = Source(
        guideline.title,
        "CPIC",
        guideline.version,
        guideline.date,
        guideline.url,
        grade if confirmed else f"{grade}; {UNCONFIRMED}",
        confirmed,
    )
    return Rule(f"cpic-{slug(drug.replace(' / ', ' '))}", guideline.version, f"{drug} by genes", source)


def whole() -> Rule:
    """The tables as one rule: what could not be asked of them."""
    row = next(iter(tables().values())).guideline
    source = Source(
        "CPIC's guidelines", "CPIC", row.version, row.date, "https://cpicpgx.org/guidelines/", "none"
    )
    return Rule("cpic", row.version, "Medicines by genes", source)
