"""The recommender of limits: what is taken although a disease or the kidneys forbid it, or ask for care."""

from __future__ import annotations

from mappers.facts import Evidence, Truth
from mappers.recommendations import Issue, Reason, Unanswered
from workers.engine.answer import Answer, ordered, soonest
from workers.engine.case import Case
from workers.engine.dangers.limits import WORDS, Limit, concerning, holds, limits, whole
from workers.engine.dangers.taken import Taken, by_ingredient
from workers.engine.definitions import Knowledge
from workers.engine.people import current_medicines, unresolved
from workers.engine.recommenders import Findings
from workers.engine.recommenders.interactions import GAP, slug

_WOULD_CHANGE = ("the medicine is stopped",)
BY_VERDICT = tuple(WORDS)


class Limits:
    """Asks every limit of every ingredient that is taken today."""

    def recommend(self, case: Case, knowledge: Knowledge) -> Findings:
        """One danger for each ingredient and cause, the gravest; what could not be told is said once."""
        del knowledge
        current, until = current_medicines(case)
        taken = by_ingredient(current)
        asked = [(limit, holds(case, limit)) for limit in concerning(taken)]
        issues = [_issue(limit, taken, found) for limit, found in _gravest(asked, taken)]
        unknown = (found for limit, found in asked if _open(limit, found, asked))
        missing = ordered(text for found in unknown for text in found.missing)
        gap = bool(unresolved(case, current)) and any(_may_matter(case, limit) for limit in limits())
        missing = (*missing, *([GAP] if gap else []))
        return Findings(
            issues=tuple(issues),
            unanswered=(Unanswered(whole(), missing),) if missing else (),
            until=soonest([until, *(found.until for _, found in asked)]),
        )


def _gravest(asked: list[tuple[Limit, Answer]], taken: Taken) -> list[tuple[Limit, Answer]]:
    """Of limits of one medicine by one measure only the gravest that holds: the wider is said with it."""
    kept: dict[tuple[str, ...], tuple[Limit, Answer]] = {}
    for limit, found in asked:
        if found.truth is not Truth.TRUE:
            continue
        for name in sorted(limit.ingredients & taken.keys()):
            place = (name, limit.problem, limit.measure)
            known = kept.get(place)
            if known is None or _rank(limit) < _rank(known[0]):
                kept[place] = (limit, found)
    return list({limit.key: (limit, found) for limit, found in kept.values()}.values())


def _rank(limit: Limit) -> int:
    return BY_VERDICT.index(limit.verdict)


def _open(limit: Limit, found: Answer, asked: list[tuple[Limit, Answer]]) -> bool:
    """Whether an unknown limit matters: a graver one of the same medicine and measure may hold already."""
    if found.truth is not Truth.UNKNOWN:
        return False
    same = (one for one, other in asked if other.truth is Truth.TRUE and one.medicine == limit.medicine)
    return not any(one.measure == limit.measure and _rank(one) <= _rank(limit) for one in same)


def _may_matter(case: Case, limit: Limit) -> bool:
    return holds(case, limit).truth is Truth.TRUE


def _issue(limit: Limit, taken: Taken, found: Answer) -> Issue:
    names = sorted(limit.ingredients & taken.keys())
    prescribed: tuple[Evidence, ...] = tuple(sorted({piece for name in names for piece in taken[name]}))
    told = " and ".join(names)
    verb = "is" if len(names) == 1 else "are"
    sentence = f"{told} {verb} taken, which {WORDS[limit.verdict]} {limit.where}."
    evidence = tuple(sorted({*prescribed, *found.evidence}))
    reason = Reason(limit.rule, f"{sentence} {limit.consequence}", evidence, _WOULD_CHANGE)
    return Issue(slug(limit.key), f"{told} {limit.where}", limit.severity, (reason,), prescribed)
