"""The table of interactions: which ingredient must not stand beside which, and why.

The 15 pairs on which a panel of the Office of the National Coordinator agreed as high priority (doi
10.1136/amiajnl-2011-000612). Members that were not read in the paper's table are unconfirmed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from mappers.recommendations import Rule, Source
from workers.engine.scores.tables import rows
from workers.engine.vocabulary import medicines

TABLE = "ddi/onc_high_priority.csv"


@dataclass(frozen=True, slots=True)
class Pair:
    """One row: any of ``objects`` beside any of ``precipitants``."""

    number: str
    objects: frozenset[str]
    precipitants: frozenset[str]
    consequence: str
    effect: str
    rule: Rule

    def between(self, one: str, other: str) -> bool:
        """Whether these two different ingredients make the pair, in either order."""
        return one != other and (
            (one in self.objects and other in self.precipitants)
            or (other in self.objects and one in self.precipitants)
        )


@cache
def pairs() -> tuple[Pair, ...]:
    """Every row, with members that the vocabulary knows; raises ``ValueError`` for one that it does not."""
    return tuple(_pair(row) for row in rows(TABLE))


@cache
def members() -> frozenset[str]:
    """Every ingredient that stands in the table."""
    return frozenset(name for pair in pairs() for name in (*pair.objects, *pair.precipitants))


def found(ingredients: Iterable[str]) -> Iterator[tuple[Pair, str, str]]:
    """Each pair between some ingredients, in order, the two names in alphabetical order."""
    held = sorted(set(ingredients) & members())
    for pair in pairs():
        for place, one in enumerate(held):
            yield from ((pair, one, other) for other in held[place + 1 :] if pair.between(one, other))


def interact(one: str, other: str) -> bool:
    """Whether any row has these two ingredients."""
    return any(pair.between(one, other) for pair in pairs())


def whole() -> Rule:
    """The table as one rule: what could not be asked of it."""
    return _rule("onc-interactions", "High-priority interactions between medicines", confirmed=True)


def _pair(row: Mapping[str, str]) -> Pair:
    title = f"{row['object_class']} with {row['precipitant_class']}"
    return Pair(
        row["pair"],
        _named(row["object_drugs"]),
        _named(row["precipitant_drugs"]),
        row["consequence"],
        row["effect"],
        _rule(f"onc-interaction-{row['pair']}", title, confirmed=row["confirmed"] == "yes"),
    )


def _named(text: str) -> frozenset[str]:
    names = frozenset(text.split(";"))
    unknown = names - {name for held in medicines().values() for name in held}
    if unknown:
        raise ValueError(f"{TABLE} names ingredients that no other table has: {', '.join(sorted(unknown))}")
    return names


def _rule(id_: str, title: str, *, confirmed: bool) -> Rule:
    row = rows(TABLE)[0]
    source = Source(
        "High-priority drug-drug interactions for use in electronic health records",
        "J Am Med Inform Assoc 19:735",
        row["version"],
        row["date"],
        row["source"],
        "consensus of a panel",
        confirmed,
    )
    return Rule(id_, row["version"], title, source)
