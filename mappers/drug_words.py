"""The one table of medicines: ingredients with codes, classes and names; brands, products, words around them.

Everything that names a medicine asks here: the reader of prescriptions, the privacy policy's closed grammar,
rules, and the tables of interactions, allergies, limits and genes. What one of them knows, all know.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from mappers.tables import document, parts, rows

_BLANKS = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Ingredient:
    """One ingredient: ``rxcui`` is empty where its code is not known here, ``aliases`` are other names."""

    name: str
    rxcui: str
    classes: tuple[str, ...]
    aliases: tuple[str, ...]
    confirmed: bool
    """Whether code and name were found together in a public source."""


@dataclass(frozen=True, slots=True)
class Brand:
    """What is sold under a name; one that is also somebody's ``given_name`` needs a strength beside it."""

    ingredients: tuple[str, ...]
    given_name: bool


@cache
def ingredients() -> Mapping[str, Ingredient]:
    """Every ingredient, by its normalised name."""
    return {
        row["name"]: Ingredient(
            row["name"], row["rxcui"], parts(row["classes"]), parts(row["aliases"]), row["confirmed"] == "yes"
        )
        for row in rows("ingredients.csv")
    }


@cache
def members() -> Mapping[str, frozenset[str]]:
    """By class: the ingredients that belong to it."""
    found: dict[str, set[str]] = defaultdict(set)
    for one in ingredients().values():
        for name in one.classes:
            found[name].add(one.name)
    return {name: frozenset(held) for name, held in found.items()}


@cache
def brands() -> Mapping[str, Brand]:
    """Every brand, in lower case."""
    return {
        row["brand"]: Brand(parts(row["ingredients"]), row["given_name"] == "yes")
        for row in rows("drug_brands.csv")
    }


@cache
def names() -> Mapping[str, str]:
    """Every name of an ingredient, its aliases too, and the normalised name that it stands for."""
    aliases = {alias: one.name for one in ingredients().values() for alias in one.aliases}
    return aliases | {name: name for name in ingredients()}


@cache
def by_rxcui() -> Mapping[str, tuple[str, ...]]:
    """The ingredients behind each RxNorm code of an ingredient or product."""
    single = {one.rxcui: (one.name,) for one in ingredients().values() if one.rxcui}
    return single | {row["rxcui"]: parts(row["ingredients"]) for row in rows("drug_products.csv")}


def name_of(text: str) -> str | None:
    """The normalised name of the ingredient that a text is a name of, whatever its case and blanks."""
    return names().get(_BLANKS.sub(" ", text.casefold()).strip())


@cache
def salts() -> frozenset[str]:
    """Salts, esters and hydrates that may follow an ingredient."""
    return frozenset(document("drug_grammar.json")["salts"])


@cache
def forms() -> frozenset[str]:
    """Words of dose forms."""
    return frozenset(document("drug_grammar.json")["forms"])


@cache
def units() -> frozenset[str]:
    """Units of strength; ``a/b`` of two of them is one too."""
    return frozenset(document("drug_grammar.json")["units"])


KIND = re.compile(r" \((?:product|medicinal product|substance|clinical drug)\)$")
"""What SNOMED CT writes behind a name to tell what kind of thing it is."""

MASSES = frozenset({"mg", "mcg", "ug", "g", "meq", "unt", "iu", "microgram", "micrograms"})
"""Units that only a strength has: somebody may be 28 days or 28 hours old, nobody 28 mg."""
