"""The recommender of duplicates: two ingredients of one class side by side, where that is seldom meant."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mappers.facts import Evidence, Medicine
from mappers.recommendations import Issue, Reason, Rule, Source, Unanswered
from workers.engine.case import Case
from workers.engine.dangers.taken import by_ingredient
from workers.engine.definitions import Knowledge
from workers.engine.people import current_medicines, unresolved
from workers.engine.recommenders import Findings
from workers.engine.recommenders.interactions import GAP, slug
from workers.engine.scores.tables import rows
from workers.engine.vocabulary import medicines

TABLE = "duplicates/classes.csv"
_WOULD_CHANGE = ("one of them is stopped", "a clinician says that both are meant")


class Duplicates:
    """Asks each class of the table."""

    def recommend(self, case: Case, knowledge: Knowledge) -> Findings:
        """One danger for each class with two ingredients or more; repeats of one ingredient are none."""
        del knowledge
        current, until = current_medicines(case)
        asked = bool(unresolved(case, current)) and _could_double(current)
        return Findings(
            issues=tuple(_issues(current)),
            unanswered=(Unanswered(whole(), (GAP,)),) if asked else (),
            until=until,
        )


def whole() -> Rule:
    """The table as one rule: what could not be asked of it."""
    row = rows(TABLE)[0]
    source = Source(
        "Duplicates of therapy", "Careloom", row["version"], row["date"], "", row["source"], False
    )
    return Rule("duplicates", row["version"], "Two medicines of one class", source)


def _could_double(current: tuple[Medicine, ...]) -> bool:
    """Whether a medicine that may be anything could be the second of a class."""
    known = {name for one in current for name in one.ingredients or ()}
    return any(medicines()[row["class"]] & known for row in rows(TABLE))


def _issues(current: tuple[Medicine, ...]) -> Iterator[Issue]:
    for row in rows(TABLE):
        taken = by_ingredient(tuple(one for one in current if row["class"] in one.classes))
        names = [name for name in taken if _belongs(name, row["class"])]
        if len(names) > 1:
            yield _issue(row, names, taken)


def _belongs(name: str, class_: str) -> bool:
    """Whether the ingredient itself is of the class, and not only the other one in the same tablet."""
    return name in medicines()[class_]


def _issue(row: Mapping[str, str], names: list[str], taken: Mapping[str, tuple[Evidence, ...]]) -> Issue:
    evidence = tuple(sorted({piece for name in names for piece in taken[name]}))
    together = " and ".join(names)
    sentence = f"{together} are taken together: {row['title']}. {row['consequence']}"
    return Issue(
        f"duplicate-{slug(row['class'])}",
        f"{row['title']}: {together}",
        "low",
        (Reason(_rule(row), sentence, evidence, _WOULD_CHANGE),),
        evidence,
        medicines=tuple(names),
    )


def _rule(row: Mapping[str, str]) -> Rule:
    source = Source(
        "Duplicates of therapy",
        "Careloom",
        row["version"],
        row["date"],
        "",
        row["source"],
        confirmed=row["confirmed"] == "yes",
    )
    return Rule(f"duplicate-{row['class']}", row["version"], f"Duplicate: {row['title']}", source)
