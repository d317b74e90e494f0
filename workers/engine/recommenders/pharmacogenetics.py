"""The recommender of pharmacogenetics: what CPIC says of the medicines taken and the genes that were tested.

A recommendation to do something else is a danger with CPIC's strength; one to change nothing is told in one
line, so that nobody asks again. What cannot be answered is unanswered, with what is missing. Results of one
gene that cannot be true at once are put to a clinician, whatever is taken.
"""

from __future__ import annotations

from mappers.recommendations import ActKind, Issue, Reason, Unanswered, Urgency
from workers.engine.case import Case
from workers.engine.definitions import Knowledge, Offer, Strength
from workers.engine.genes.advice import Advice, Asked, advice, known, patient, rule_of, whole, words
from workers.engine.genes.recommending import Guideline, Recommendation
from workers.engine.genes.results import Standing
from workers.engine.people import current_medicines, unresolved
from workers.engine.recommenders import Findings, Proposal
from workers.engine.recommenders.interactions import GAP, slug

TOLD = Offer(
    "inform-genotype-medicines",
    ActKind.INFORM,
    "Genes that were tested and call for no change of a medicine",
    (),
    (),
    (),
)
CHOICE = Offer(
    "ask-genotype", ActKind.QUESTION, "To decide: which of several results of a gene holds", (), (), ()
)
_GRADES = {"Strong": Strength.STRONG, "Moderate": Strength.MODERATE, "Optional": Strength.WEAK}
_STEPS = ("the medicine is stopped", "another result of the gene")


class Pharmacogenetics:
    """Asks CPIC's tables and charts of every medicine that is taken, where a gene of theirs was tested."""

    def recommend(self, case: Case, knowledge: Knowledge) -> Findings:
        """Dangers, what needs no change, what a clinician must choose, and what could not be told."""
        del knowledge
        if not case.facts.genes:
            return Findings()
        current, until = current_medicines(case)
        found = [_told(one) for one in advice(case)]
        choices = tuple(_choice(one) for one in known(case).values() if one.choices)
        gap = (Unanswered(whole(), (GAP,)),) if unresolved(case, current) else ()
        return Findings(
            proposals=(*choices, *(one for each in found for one in each.proposals)),
            issues=tuple(one for each in found for one in each.issues),
            unanswered=(*gap, *(one for each in found for one in each.unanswered)),
            until=until,
        )


def _told(one: Advice) -> Findings:
    """A danger as soon as any population would be told to do something else."""
    if one.missing:
        return Findings(unanswered=(Unanswered(rule_of(one.drug, one.guideline, ""), one.missing),))
    if not one.told:
        return Findings(issues=(_of_chart(one),))
    reasons = [
        _reason(asked, one.guideline, row.strength, f"{patient(asked)} {words(row)}")
        for asked, row in one.told
    ]
    if all(row.usual for _, row in one.told):
        pairs = zip(one.told, reasons, strict=True)
        return Findings(proposals=tuple(_proposal(row, reason) for (_, row), reason in pairs))
    strong = any(row.strength == "Strong" and not row.usual for _, row in one.told)
    return Findings(issues=(_issue(one.told[-1][0], reasons, "high" if strong else "moderate"),))


def _of_chart(one: Advice) -> Issue:
    (asked,) = one.asked
    sentence = f"{patient(asked)} CPIC's guideline follows a chart that no table holds: see the guideline."
    return _issue(asked, [_reason(asked, one.guideline, "", sentence)], "low")


def _proposal(one: Recommendation, reason: Reason) -> Proposal:
    grade = _GRADES.get(one.strength, Strength.EXPERT)
    return Proposal(TOLD, Urgency.ROUTINE, grade, reason, (), None, None)


def _choice(one: Standing) -> Proposal:
    """Results that cannot be true at once, each of them told: none is chosen here."""
    sentence = f"{one.gene}: {' or '.join(one.choices)}. They cannot both be true."
    steps = ("one of the results is corrected or entered in error", f"{_STEPS[1]} {one.gene}")
    reason = Reason(whole(), sentence, one.evidence, steps)
    return Proposal(CHOICE, Urgency.ROUTINE, Strength.EXPERT, reason, (), None, None)


def _issue(asked: Asked, reasons: list[Reason], severity: str) -> Issue:
    title = f"{asked.drug} and {' and '.join(one.gene for one in asked.standings)}"
    key = f"genes-{slug(asked.drug.replace(' / ', ' '))}"
    parts = tuple(asked.drug.split(" / "))
    return Issue(key, title, severity, tuple(dict.fromkeys(reasons)), asked.evidence, medicines=parts)


def _reason(asked: Asked, guideline: Guideline, strength: str, sentence: str) -> Reason:
    steps = (_STEPS[0], *(f"{_STEPS[1]} {one.gene}" for one in asked.standings))
    rule = rule_of(asked.drug, guideline, strength, asked.confirmed)
    return Reason(rule, sentence, asked.evidence, steps)
