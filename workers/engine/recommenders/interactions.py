"""The recommender of interactions: which of the medicines that are taken must not stand side by side."""

from __future__ import annotations

from mappers.recommendations import Issue, Reason, Unanswered
from workers.engine.case import Case
from workers.engine.dangers.pairs import Pair, found, members, whole
from workers.engine.dangers.taken import Taken, by_ingredient
from workers.engine.definitions import Knowledge
from workers.engine.people import current_medicines, unresolved
from workers.engine.recommenders import Findings

GAP = "ingredients of a medicine that could not be resolved"
_WOULD_CHANGE = ("one of the two is stopped",)


class Interactions:
    """Asks the table of every two ingredients that are taken today."""

    def recommend(self, case: Case, knowledge: Knowledge) -> Findings:
        """One danger for each two ingredients, whatever number of prescriptions they come from."""
        del knowledge
        current, until = current_medicines(case)
        taken = by_ingredient(current)
        issues = tuple(_issue(pair, one, other, taken) for pair, one, other in found(taken))
        gap = unresolved(case, current)
        affected = len(gap) > 1 or bool(gap and members() & taken.keys())
        return Findings(
            issues=issues, unanswered=(Unanswered(whole(), (GAP,)),) if affected else (), until=until
        )


def _issue(pair: Pair, one: str, other: str, taken: Taken) -> Issue:
    evidence = tuple(sorted({*taken[one], *taken[other]}))
    sentence = f"{one} and {other} are taken together. {pair.consequence}"
    reason = Reason(pair.rule, sentence, evidence, _WOULD_CHANGE)
    key = f"interaction-{pair.number}-{slug(one)}-{slug(other)}"
    return Issue(
        key, f"{one} with {other}: {pair.effect}", "high", (reason,), evidence, medicines=(one, other)
    )


def slug(name: str) -> str:
    """An ingredient's name as a part of a key."""
    return name.replace(" ", "-")
