"""Drugs by their ingredients: RxNorm codes, product codes, and displays of a closed grammar.

The grammar is a finite vocabulary (ingredients, salts, strengths, dose forms, a few brands): a display of
which every word is in it names a drug and can name nobody, so the privacy policy may let it through.
Whatever holds another word is no drug name here, however much it looks like one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, lru_cache

from mappers.codes import RXNORM, Code
from mappers.tables import document, parts, rows

LONGEST_DISPLAY = 250
TOKEN = re.compile(r"\d+(?:[.,]\d+)*|%|[a-z][a-z0-9'/-]*|[/\[\]()+&]|\S")
NUMBER = re.compile(r"\d{1,6}(?:[.,]\d{1,5})?")
APPLICATION = re.compile(r"^nda\d{6} ")
STUCK = re.compile(r"(\d)([a-z])")
PUNCTUATION = frozenset("/[]()+&,%")


@cache
def classes(ingredient: str) -> tuple[str, ...]:
    """The classes of an ingredient, by its normalised name."""
    return _classes().get(ingredient, ())


def classes_of(ingredients: Sequence[str] | None) -> tuple[str, ...]:
    """The classes of all ingredients, sorted, each once."""
    return tuple(sorted({name for one in ingredients or () for name in classes(one)}))


def resolve(codes: Sequence[Code], displays: Sequence[str]) -> tuple[str, ...] | None:
    """The ingredients that the codes of a medicine name, or else its displays.

    None when neither does, and when a display names what its code does not: one of them is wrong, and nobody
    can say which.
    """
    coded = next((found for system, code in codes if system == RXNORM and (found := by_code(code))), None)
    named = next((found for found in map(by_display, displays) if found), None)
    if coded and named and not set(named) <= set(coded):
        return None
    return coded or named


def by_code(rxcui: str) -> tuple[str, ...] | None:
    """The ingredients behind an RxNorm code of an ingredient or of a product."""
    return _by_rxcui().get(rxcui)


@lru_cache(maxsize=4096)
def by_display(display: str) -> tuple[str, ...] | None:
    """The ingredients that a display names, when every word of it is in the closed grammar."""
    words = _words(display)
    found: set[str] = set()
    position = 0
    while position < len(words):
        taken, named = _name_at(words, position)
        taken = taken or _rest_at(words, position)
        if not taken:
            return None
        found.update(named)
        position += taken
    return tuple(sorted(found)) or None


def ingredients() -> frozenset[str]:
    """Every ingredient that has a name here."""
    return frozenset(_classes())


def _words(display: str) -> list[str]:
    if len(display) > LONGEST_DISPLAY:
        return ["?"]
    spelt = STUCK.sub(r"\1 \2", APPLICATION.sub("", display.casefold()))
    return [part for word in TOKEN.findall(spelt) for part in _apart(word)]


def _apart(word: str) -> Iterator[str]:
    """``mg/ml`` is a unit; another word with a slash is two words."""
    if "/" in word and word != "/" and word not in _units():
        yield from (part for part in re.split(r"(/)", word) if part)
    else:
        yield word


def _name_at(words: Sequence[str], start: int) -> tuple[int, tuple[str, ...]]:
    for length in range(min(_longest_name(), len(words) - start), 0, -1):
        name = tuple(words[start : start + length])
        found = _by_name().get(name) or (_by_brand().get(name) if length < len(words) else None)
        if found is not None:
            return length, found
    return 0, ()


def _rest_at(words: Sequence[str], position: int) -> int:
    """How many words here are strength, salt, form or punctuation; a bare number is none of them."""
    word = words[position]
    if NUMBER.fullmatch(word):
        behind = words[position + 1] if position + 1 < len(words) else ""
        return 1 if behind in _units() or behind == "/" or behind in _vocabulary() else 0
    return 1 if word in PUNCTUATION or word in _vocabulary() or word in _units() else 0


@cache
def _classes() -> Mapping[str, tuple[str, ...]]:
    return {row["name"]: parts(row["classes"]) for row in rows("ingredients.csv")}


@cache
def _by_rxcui() -> Mapping[str, tuple[str, ...]]:
    single = {row["rxcui"]: (row["name"],) for row in rows("ingredients.csv") if row["rxcui"]}
    return single | {row["rxcui"]: parts(row["ingredients"]) for row in rows("drug_products.csv")}


@cache
def _by_name() -> Mapping[tuple[str, ...], tuple[str, ...]]:
    aliases = {
        tuple(_words(alias)): (row["name"],)
        for row in rows("ingredients.csv")
        for alias in parts(row["aliases"])
    }
    return aliases | {tuple(_words(name)): (name,) for name in _classes()}


@cache
def _by_brand() -> Mapping[tuple[str, ...], tuple[str, ...]]:
    """Brands are words of other kinds too, so one that stands alone names no drug."""
    return {tuple(_words(row["brand"])): parts(row["ingredients"]) for row in rows("drug_brands.csv")}


@cache
def _longest_name() -> int:
    return max(map(len, (*_by_name(), *_by_brand())))


@cache
def _units() -> frozenset[str]:
    return frozenset(document("drug_grammar.json")["units"])


@cache
def _vocabulary() -> frozenset[str]:
    grammar = document("drug_grammar.json")
    return frozenset(grammar["salts"]) | frozenset(grammar["forms"])
