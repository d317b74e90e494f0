"""Proposals that speak against one another: one choice for the clinician, with every side and its reasons.

Nothing here prefers a side. Two acts that start a medicine speak against one another when

1. both could start the same ingredient, or ingredients of a class of which one is meant (duplicates' table);
2. every medicine of the one interacts with every medicine of the other.

Where only some of them interact, both stay and ask which. Two goals speak against one another when they set
another bound, on the same side, to the same measurement.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cache

from mappers.recommendations import Act, Activity, ActKind, Option, Target, Urgency
from workers.engine.answer import ordered, soonest
from workers.engine.dangers.pairs import interact
from workers.engine.definitions import Offer, Strength
from workers.engine.merged import STRENGTHS, URGENCIES, Merged, reasons_of
from workers.engine.scores.tables import rows
from workers.engine.vocabulary import medicines

CHOOSE = "choose"
_WORDS = 5
_CLASSES = "duplicates/classes.csv"


def settle(standing: Sequence[Merged]) -> list[Merged]:
    """What stands, with a choice in the place of those that speak against one another."""
    starts = [one for one in standing if one.offer.kind is ActKind.START_MEDICINE]
    others = [one for one in standing if one.offer.kind is not ActKind.START_MEDICINE]
    grouped = [_choice(group) if len(group) > 1 else group[0] for group in _groups(starts)]
    left = [one for one in grouped if one.offer.kind is ActKind.START_MEDICINE]
    return [*others, *(_beside(one, left) if one in left else one for one in grouped)]


def settle_goals(targets: Iterable[Target]) -> tuple[tuple[Target, ...], list[Merged]]:
    """The goals that stand, and a choice for each measurement that was given several bounds."""
    groups: dict[tuple[str, str], list[Target]] = defaultdict(list)
    for target in targets:
        groups[target.measure[1], target.comparator[:1]].append(target)
    kept: list[Target] = []
    choices: list[Merged] = []
    for group in groups.values():
        if len({(one.comparator, one.value) for one in group}) == 1:
            kept.append(_one_goal(group))
        else:
            choices.append(_choice_of_goal(group))
    return tuple(sorted(kept, key=lambda one: one.key)), choices


def _one_goal(group: Sequence[Target]) -> Target:
    first = min(group, key=lambda one: one.key)
    reasons = reasons_of(reason for one in group for reason in one.reasons)
    return replace(first, due=soonest(one.due for one in group), reasons=reasons)


# --- medicines -------------------------------------------------------------------------------------------


def _groups(starts: Sequence[Merged]) -> list[list[Merged]]:
    """Who speaks against whom, directly or through a third."""
    groups: list[list[Merged]] = []
    for one in starts:
        met = [group for group in groups if any(_against(one, other) for other in group)]
        groups = [group for group in groups if group not in met]
        groups.append([*(other for group in met for other in group), one])
    return groups


def _against(one: Merged, other: Merged) -> bool:
    mine, theirs = _ingredients(one.offer), _ingredients(other.offer)
    return bool(mine & theirs) or _same_class(mine, theirs) or _all_interact(mine, theirs)


def _ingredients(offer: Offer) -> frozenset[str]:
    return frozenset(name for key in offer.options for name in medicines()[key])


def _same_class(mine: frozenset[str], theirs: frozenset[str]) -> bool:
    return any(mine & members and theirs & members for members in _single())


@cache
def _single() -> tuple[frozenset[str], ...]:
    """The classes of which one medicine at a time is meant."""
    return tuple(medicines()[row["class"]] for row in rows(_CLASSES))


def _all_interact(mine: frozenset[str], theirs: frozenset[str]) -> bool:
    return all(interact(one, other) for one in mine for other in theirs)


def _beside(one: Merged, starts: Sequence[Merged]) -> Merged:
    """The proposal, as a question where some of its medicines must not stand beside one that is proposed."""
    asks = [text for other in starts if other is not one for text in _which(one, other)]
    if not asks:
        return one
    activity = one.activity
    act = replace(activity.act, kind=ActKind.QUESTION, title=f"To decide: {one.named}?")
    questions = ordered([*activity.questions, *asks])
    return replace(one, activity=replace(activity, act=act, questions=questions))


def _which(one: Merged, other: Merged) -> list[str]:
    mine, theirs = _ingredients(one.offer), _ingredients(other.offer)
    met = [(new, old) for new in sorted(mine) for old in sorted(theirs) if interact(new, old)]
    if not met:
        return []
    barred, beside = ordered(new for new, _ in met), ordered(old for _, old in met)
    return [f"which: {', '.join(barred)} must not be taken with {' or '.join(beside)}, proposed here too"]


def _choice(group: Sequence[Merged]) -> Merged:
    sides = sorted(group, key=lambda one: one.rank)
    act = _act((one.offer.key for one in sides), (one.named for one in sides))
    activity = Activity(
        replace(act, due=soonest(one.activity.act.due for one in sides)),
        min((one.urgency for one in sides), key=URGENCIES.index),
        reasons_of(reason for one in sides for reason in one.activity.reasons),
        tuple(sorted({piece for one in sides for piece in one.activity.problems})),
        questions=ordered(text for one in sides for text in one.activity.questions),
        options=tuple(Option(one.named, one.activity.reasons) for one in sides),
    )
    return _merged(activity, min((one.strength for one in sides), key=STRENGTHS.index))


# --- goals -----------------------------------------------------------------------------------------------


def _choice_of_goal(group: Sequence[Target]) -> Merged:
    sides = sorted(group, key=lambda one: (one.value, one.comparator, one.key))
    options = tuple(Option(one.title, one.reasons) for one in sides)
    activity = Activity(
        _act((f"goal-{one.key}" for one in sides), ordered(one.title for one in sides)),
        Urgency.ROUTINE,
        reasons_of(reason for one in sides for reason in one.reasons),
        (),
        options=options,
    )
    # A contradiction is shown before what rests on it.
    return _merged(activity, STRENGTHS[0])


def _merged(activity: Activity, strength: Strength) -> Merged:
    act = activity.act
    return Merged(Offer(act.key, act.kind, act.title, (), (), ()), activity.urgency, strength, activity)


def _act(keys: Iterable[str], titles: Iterable[str]) -> Act:
    """Named by a few words of what it chooses between, so that it is the same tomorrow."""
    words = ordered(word for key in keys for word in key.removeprefix("start-").split("-"))
    key = "-".join([CHOOSE, *words[:_WORDS]])
    return Act(key, ActKind.CHOICE, f"To choose: {'; or '.join(titles)}")
