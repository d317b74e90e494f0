"""Which of our problems a diagnosis code names: single SNOMED CT codes and ICD-10 prefixes, as data.

One code may name several (E11.22 is diabetes and kidney disease). Where a longer prefix of the same
problem fits, it gives the stage. What has no name of ours stays a code.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache

from mappers.codes import Code
from mappers.tables import parts, rows

SHORTEST_PREFIX = 3


@dataclass(frozen=True, slots=True)
class Name:
    """A problem of ours. A ``lasting`` one is never over: who had a heart attack has vessels that had one."""

    key: str
    name: str
    classes: tuple[str, ...]
    lasting: bool


@dataclass(frozen=True, slots=True)
class Match:
    """What a code says: the problem, its stage, and for a procedure how many days it stands for."""

    key: str
    code: Code
    stage: str | None
    days: int | None


@cache
def names() -> Mapping[str, Name]:
    """Every problem that we have a name for."""
    return {
        row["key"]: Name(row["key"], row["name"], parts(row["classes"]), row["lasting"] == "yes")
        for row in rows("problems.csv")
    }


@cache
def _table() -> Mapping[Code, tuple[Match, ...]]:
    table: dict[Code, tuple[Match, ...]] = {}
    for row in rows("problem_codes.csv"):
        code = Code(row["system"], row["code"])
        days = int(row["procedure_days"]) if row["procedure_days"] else None
        table[code] = (*table.get(code, ()), Match(row["key"], code, row["stage"] or None, days))
    return table


@cache
def systems() -> frozenset[str]:
    """The code systems in which problems are known: a code of another could be any problem."""
    return frozenset(row["system"] for row in rows("problem_codes.csv"))


@cache
def _prefixed() -> frozenset[str]:
    return frozenset(row["system"] for row in rows("problem_codes.csv") if row["match"] == "prefix")


@lru_cache(maxsize=4096)
def matches(code: Code) -> tuple[Match, ...]:
    """Every problem that one code names, each once, by key."""
    found: dict[str, Match] = {}
    for candidate in _candidates(code):
        for match in _table().get(candidate, ()):
            known = found.get(match.key)
            stage = match.stage or (known.stage if known else None)
            found[match.key] = Match(match.key, code, stage, match.days)
    return tuple(found[key] for key in sorted(found))


def _candidates(code: Code) -> Iterable[Code]:
    """The code itself and, for a prefixed system, its beginnings, shortest first."""
    if code.system not in _prefixed():
        return (code,)
    spelt = _dotted(code.code.upper())
    return (Code(code.system, spelt[:end]) for end in range(SHORTEST_PREFIX, len(spelt) + 1))


def _dotted(code: str) -> str:
    return code if "." in code or len(code) <= SHORTEST_PREFIX else f"{code[:3]}.{code[3:]}"


def all_matches(codes: Iterable[Code]) -> tuple[Match, ...]:
    """Every problem that the codes of one diagnosis name: the first code that names it speaks for it."""
    found: dict[str, Match] = {}
    for code in codes:
        for match in matches(code):
            known = found.setdefault(match.key, match)
            if known.stage is None and match.stage:
                found[match.key] = match
    return tuple(found[key] for key in sorted(found))
