"""The environment of rules: every name that an expression may use, its type, and how a case answers it.

``docs/engine.md`` explains the names to those who write rules; this catalogue is what the lint and the
evaluation read. A name either has a value or says what is missing; none has a default.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache

from workers.engine import numbers, people, rated, recorded, staging
from workers.engine.case import Case, Resolve
from workers.engine.known import Known, Type
from workers.engine.readings import Lens
from workers.engine.vocabulary import analytes, deeds, items, medicines, problems, questions


@dataclass(frozen=True, slots=True)
class Name:
    """One entry of the catalogue; a rule says how old what it ``reads`` may be: analytes, deeds, answers."""

    type: Type
    resolve: Resolve
    reads: tuple[str, ...] = ()


Catalogue = Mapping[str, Name]


@cache
def catalogue() -> Catalogue:
    """Every name there is."""
    return {
        "today": Name(Type.DATE, _never),
        "sex": Name(Type.STRING, people.sex),
        "pregnant": Name(Type.BOOLEAN, people.pregnant),
        "lactating": Name(Type.BOOLEAN, people.lactating),
        **{f"has.{key}": Name(Type.BOOLEAN, people.has(key)) for key in problems()},
        **{f"takes.{key}": Name(Type.BOOLEAN, people.takes(key)) for key in medicines()},
        **{
            f"{key}.{leaf}": Name(kind, resolve(key), (key,))
            for key in analytes()
            for leaf, (kind, resolve) in numbers.LEAVES.items()
        },
        **{
            f"ckd.{leaf}": Name(staging.TYPES.get(leaf, Type.STRING), resolve, staging.READS[leaf])
            for leaf, resolve in staging.LEAVES.items()
        },
        **{name: Name(kind, resolve) for name, (kind, resolve) in rated.leaves().items()},
        **_recorded(),
    }


def _recorded() -> Catalogue:
    """What was done or answered on a day."""
    told = {key: recorded.leaves(recorded.deed(key)) for key in deeds()}
    told |= {key: recorded.valued(recorded.question(key), Type.STRING) for key in questions()}
    told |= {key: recorded.valued(recorded.item(key), Type.NUMBER) for key in items()}
    return {
        f"{key}.{leaf}": Name(kind, resolve, (key,))
        for key, found in told.items()
        for leaf, (kind, resolve) in found.items()
    }


def _never(_case: Case, _lens: Lens) -> Known:
    raise LookupError("today is given to each evaluation")


def lookup(case: Case, lens: Lens, names: Catalogue) -> Callable[[str], Known]:
    """How an expression finds its names in a case."""

    def find(name: str) -> Known:
        entry = names[name]
        return case.once((name, lens.at(entry.reads)), lambda: entry.resolve(case, lens))

    return find
