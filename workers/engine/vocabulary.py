"""The words that rules may use, as the mappers define them: analytes, diagnoses, medicines, deeds, answers.

A rule that uses another word is refused when it is loaded, since in a patient it would only ever answer
"unknown", or worse, "no".
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from mappers import drug_words
from mappers.tables import parts, rows


@dataclass(frozen=True, slots=True)
class Analyte:
    """One number that can be measured: its name and the one unit in which facts carry it."""

    key: str
    name: str
    unit: str
    loincs: tuple[str, ...]


@cache
def analytes() -> Mapping[str, Analyte]:
    """Every analyte by its key."""
    return {
        row["key"]: Analyte(row["key"], row["name"], row["unit"], parts(row["loinc"]))
        for row in rows("analytes.csv")
    }


@cache
def problems() -> Mapping[str, frozenset[str]]:
    """Every diagnosis, and those that imply it (itself too): a heart attack is coronary heart disease."""
    implied_by: dict[str, set[str]] = defaultdict(set)
    for row in rows("problems.csv"):
        for key in (row["key"], *parts(row["classes"])):
            implied_by[key].add(row["key"])
    return {key: frozenset({key, *narrower}) for key, narrower in implied_by.items()}


@cache
def medicines() -> Mapping[str, frozenset[str]]:
    """Every ingredient and class, and the ingredients that belong to it."""
    single = {token(name): frozenset({name}) for name in drug_words.ingredients()}
    for name, held in drug_words.members().items():
        single[token(name)] = single.get(token(name), frozenset()) | held
    return single


@cache
def deeds() -> Mapping[str, str]:
    """What can be done and be due again, and its name: screening tests and vaccines."""
    return {row["key"]: row["name"] for row in rows("deed_codes.csv")}


@cache
def questions() -> Mapping[str, str]:
    """The questions that are answered with a word, and their names."""
    return {row["question"]: spelt(row["question"]) for row in rows("answers.csv")}


@cache
def items() -> Mapping[str, tuple[str, str]]:
    """The items of scored questionnaires: ``phq9_self_harm`` is item ``self_harm`` of ``phq9``."""
    told = [(row["instrument"], row["item"]) for row in rows("survey_answers.csv")]
    return {f"{instrument}_{item}": (instrument, item) for instrument, item in told}


def token(name: str) -> str:
    """A name as an expression spells it: ``mycophenolic_acid``."""
    return name.replace(" ", "_").replace("-", "_")


def spelt(key: str) -> str:
    """A key as a sentence shows it."""
    return key.replace("_", " ")
