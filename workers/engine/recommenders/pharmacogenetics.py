"""The recommender of pharmacogenetics: what CPIC says of the medicines taken and the genes that were tested.

A recommendation to do something else is a danger with CPIC's strength; one to change nothing is told in one
line, so that nobody asks again. What cannot be answered is unanswered, with what is missing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from mappers.facts import Evidence
from mappers.recommendations import ActKind, Issue, Reason, Rule, Source, Unanswered, Urgency
from workers.engine.acts import UNCONFIRMED
from workers.engine.answer import ordered
from workers.engine.case import Case
from workers.engine.definitions import Knowledge, Offer, Strength
from workers.engine.genes.converting import converted
from workers.engine.genes.recommending import (
    Guideline,
    Recommendation,
    Table,
    charts,
    recommend,
    tables,
)
from workers.engine.genes.results import Standing, standings
from workers.engine.people import current_medicines, unresolved
from workers.engine.recommenders import Findings, Proposal
from workers.engine.recommenders.interactions import GAP, Taken, by_ingredient, slug

UNREAD = "a result of a gene that could not be read"
CONSULT = "CPIC has changed its recommendation on {day}: consult the current guideline"
FURTHER = "The guideline has a further remark"
TOLD = Offer(
    "inform-genotype-medicines",
    ActKind.INFORM,
    "Genes that were tested and call for no change of a medicine",
    (),
    (),
    (),
)
_GRADES = {"Strong": Strength.STRONG, "Moderate": Strength.MODERATE, "Optional": Strength.WEAK}
_STEPS = ("the medicine is stopped", "another result of the gene")


@dataclass(frozen=True, slots=True)
class Asked:
    """One medicine and what is known of its genes; not confirmed where an inhibitor is counted in."""

    drug: str
    standings: tuple[Standing, ...]
    evidence: tuple[Evidence, ...]
    confirmed: bool = True


class Pharmacogenetics:
    """Asks CPIC's tables and charts of every medicine that is taken, where a gene of theirs was tested."""

    def recommend(self, case: Case, knowledge: Knowledge) -> Findings:
        """Dangers, what needs no change, and what could not be told."""
        del knowledge
        results = case.facts.genes
        if not results:
            return Findings()
        current, until = current_medicines(case)
        taken, known = by_ingredient(current), standings(results)
        doubt = any(one.gene is None for one in results)
        found = [_of_table(one, taken, known, doubt=doubt) for one in tables().values()]
        found += [_of_chart(drug, taken, known) for drug in charts()]
        gap = (Unanswered(_whole(), (GAP,)),) if unresolved(case, current) else ()
        return Findings(
            proposals=tuple(one for each in found for one in each.proposals),
            issues=tuple(one for each in found for one in each.issues),
            unanswered=(*gap, *(one for each in found for one in each.unanswered)),
            until=until,
        )


def _of_table(table: Table, taken: Taken, known: Mapping[str, Standing], *, doubt: bool) -> Findings:
    tested = tuple(known[gene] for gene in table.genes if gene in known)
    if not table.ingredients <= taken.keys() or not (tested or doubt):
        return Findings()
    gaps = ordered(one.gap for one in tested if one.gap)
    untested = len(tested) < len(table.genes)
    gaps = (*gaps, UNREAD) if doubt and untested else gaps
    rule = _rule(table.drug, table.guideline, "")
    if gaps:
        return Findings(unanswered=(Unanswered(rule, gaps),))
    beside = tuple(converted(one, taken, table.ingredients) for one in tested)
    told: list[tuple[Asked, Recommendation]] = []
    for known_as in dict.fromkeys([tested, beside]):
        found = recommend(table, {one.gene: one.keys for one in known_as})
        if found.missing:
            return Findings(unanswered=(Unanswered(rule, found.missing),))
        evidence = _evidence(table.ingredients, taken, known_as)
        asked = Asked(table.drug, known_as, evidence, known_as == tested)
        told += [(asked, one) for one in found.recommendations]
    return _told(table.guideline, told)


def _of_chart(drug: str, taken: Taken, known: Mapping[str, Standing]) -> Findings:
    chart = charts()[drug]
    tested = tuple(known[gene] for gene in chart.genes if gene in known)
    if drug not in taken or not tested:
        return Findings()
    asked = Asked(drug, tested, _evidence([drug], taken, tested))
    sentence = f"{_patient(asked)} CPIC's guideline follows a chart that no table holds: see the guideline."
    return Findings(issues=(_issue(asked, [_reason(asked, chart.guideline, "", sentence)], "low"),))


def _told(guideline: Guideline, found: list[tuple[Asked, Recommendation]]) -> Findings:
    """A danger as soon as any population would be told to do something else."""
    reasons = [_reason(asked, guideline, one.strength, _sentence(asked, one)) for asked, one in found]
    if all(one.usual for _, one in found):
        pairs = zip(found, reasons, strict=True)
        return Findings(proposals=tuple(_proposal(one, reason) for (_, one), reason in pairs))
    strong = any(one.strength == "Strong" and not one.usual for _, one in found)
    return Findings(issues=(_issue(found[-1][0], reasons, "high" if strong else "moderate"),))


def _proposal(one: Recommendation, reason: Reason) -> Proposal:
    grade = _GRADES.get(one.strength, Strength.EXPERT)
    return Proposal(TOLD, Urgency.ROUTINE, grade, reason, (), None, None)


def _sentence(asked: Asked, one: Recommendation) -> str:
    if one.changed:
        return f"{_patient(asked)} {CONSULT.format(day=one.changed)}."
    whom = "" if one.population == "general" else f" ({one.population})"
    told = [*one.implications, f"CPIC{whom}: {one.text}", *([FURTHER] if one.further else [])]
    return " ".join([_patient(asked), *(f"{part.rstrip('.')}." for part in told)])


def _patient(asked: Asked) -> str:
    genes = " and ".join(f"{one.gene} is {one.said or 'not clear'}" for one in asked.standings)
    return f"{asked.drug} is taken, and {genes}."


def _evidence(ingredients: Iterable[str], taken: Taken, tested: Iterable[Standing]) -> tuple[Evidence, ...]:
    """What a recommendation rests on: the medicine first, so that it is what the danger is about."""
    medicines = {piece for name in ingredients for piece in taken[name]}
    return tuple(sorted(medicines | {piece for one in tested for piece in one.evidence}))


def _issue(asked: Asked, reasons: list[Reason], severity: str) -> Issue:
    title = f"{asked.drug} and {' and '.join(one.gene for one in asked.standings)}"
    key = f"genes-{slug(asked.drug.replace(' / ', ' '))}"
    return Issue(
        key, title, severity, tuple(dict.fromkeys(reasons)), asked.evidence, tuple(asked.drug.split(" / "))
    )


def _reason(asked: Asked, guideline: Guideline, strength: str, sentence: str) -> Reason:
    steps = (_STEPS[0], *(f"{_STEPS[1]} {one.gene}" for one in asked.standings))
    return Reason(_rule(asked.drug, guideline, strength, asked.confirmed), sentence, asked.evidence, steps)


def _rule(drug: str, guideline: Guideline, strength: str, confirmed: bool = True) -> Rule:
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


def _whole() -> Rule:
    """The tables as one rule: what could not be asked of them."""
    row = next(iter(tables().values())).guideline
    source = Source(
        "CPIC's guidelines", "CPIC", row.version, row.date, "https://cpicpgx.org/guidelines/", "none"
    )
    return Rule("cpic", row.version, "Medicines by genes", source)
