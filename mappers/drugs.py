"""Drugs by their ingredients: RxNorm codes, product codes, and displays of a closed grammar.

The grammar is a finite vocabulary (ingredients, salts, strengths, dose forms, a few brands): a display of
which every word is in it names a drug and can name nobody, so the privacy policy may let it through.
Whatever holds another word is no drug name here, however much it looks like one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, lru_cache

from mappers import drug_words
from mappers.codes import RXNORM, Code

LONGEST_DISPLAY = 250
TOKEN = re.compile(r"\d+(?:[.,]\d+)*|%|[a-z][a-z0-9'/-]*|[/\[\]()+&]|\S")
NUMBER = re.compile(r"\d{1,6}(?:[.,]\d{1,5})?")
APPLICATION = re.compile(r"^nda\d{6} ")
STUCK = re.compile(r"(\d)([a-z])")
PUNCTUATION = frozenset("/[]()+&,%")


def classes(ingredient: str) -> tuple[str, ...]:
    """The classes of an ingredient, by its normalised name."""
    known = drug_words.ingredients().get(ingredient)
    return known.classes if known else ()


def classes_of(ingredients: Sequence[str] | None) -> tuple[str, ...]:
    """The classes of all ingredients, sorted, each once."""
    return tuple(sorted({name for one in ingredients or () for name in classes(one)}))


def resolve(codes: Sequence[Code], displays: Sequence[str]) -> tuple[str, ...] | None:
    """The ingredients that the codes of a medicine name, or else its displays.

    None when neither does, and when one names what another does not: one of them is wrong, and nobody can
    say which.
    """
    said = [code for system, code in codes if system == RXNORM and by_code(code)]
    coded = _agreed(said)
    if said and coded is None:
        return None
    named = next((found for found in map(by_display, displays) if found), None)
    if coded and named and not set(named) <= set(coded):
        return None
    return coded or named


def _agreed(codes: Sequence[str]) -> tuple[str, ...] | None:
    """What several codes of one medicine name together: one has it all, or each is one of its ingredients."""
    found = {code: by_code(code) or () for code in codes}
    whole = tuple(sorted({name for one in found.values() for name in one}))
    complete = whole in found.values() or all(map(is_ingredient, codes))
    return whole if whole and complete else None


def by_code(rxcui: str) -> tuple[str, ...] | None:
    """The ingredients behind an RxNorm code of an ingredient or of a product."""
    return drug_words.by_rxcui().get(rxcui)


def is_ingredient(rxcui: str) -> bool:
    """Whether an RxNorm code is that of an ingredient."""
    return rxcui in _ingredient_codes()


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
    return frozenset(drug_words.ingredients())


def _words(display: str) -> list[str]:
    if len(display) > LONGEST_DISPLAY:
        return ["?"]
    spelt = STUCK.sub(r"\1 \2", APPLICATION.sub("", drug_words.KIND.sub("", display.casefold())))
    return [part for word in TOKEN.findall(spelt) for part in _apart(word)]


def _apart(word: str) -> Iterator[str]:
    """``mg/ml`` is a unit; another word with a slash is two words."""
    if "/" in word and word != "/" and word not in drug_words.units():
        yield from (part for part in re.split(r"(/)", word) if part)
    else:
        yield word


def _name_at(words: Sequence[str], start: int) -> tuple[int, tuple[str, ...]]:
    for length in range(min(_longest_name(), len(words) - start), 0, -1):
        name = tuple(words[start : start + length])
        found = _by_name().get(name) or _branded(words, name)
        if found is not None:
            return length, found
    return 0, ()


def _branded(words: Sequence[str], name: tuple[str, ...]) -> tuple[str, ...] | None:
    """Brands are words of other kinds too: one alone names no drug, a given name wants a strength."""
    brand = _by_brand().get(name)
    if brand is None or len(name) == len(words):
        return None
    return None if brand.given_name and drug_words.MASSES.isdisjoint(words) else brand.ingredients


def _rest_at(words: Sequence[str], position: int) -> int:
    """How many words here are strength, salt, form or punctuation; a bare number is none of them."""
    word = words[position]
    if NUMBER.fullmatch(word):
        behind = words[position + 1] if position + 1 < len(words) else ""
        ratio = "/" in (behind, words[position - 1] if position else "")
        return 1 if ratio or behind in drug_words.units() or behind in _vocabulary() else 0
    return 1 if word in PUNCTUATION or word in _vocabulary() or word in drug_words.units() else 0


@cache
def _ingredient_codes() -> frozenset[str]:
    return frozenset(one.rxcui for one in drug_words.ingredients().values() if one.rxcui)


@cache
def _by_name() -> Mapping[tuple[str, ...], tuple[str, ...]]:
    return {tuple(_words(text)): (name,) for text, name in drug_words.names().items()}


@cache
def _by_brand() -> Mapping[tuple[str, ...], drug_words.Brand]:
    return {tuple(_words(name)): brand for name, brand in drug_words.brands().items()}


@cache
def _longest_name() -> int:
    return max(map(len, (*_by_name(), *_by_brand())))


@cache
def _vocabulary() -> frozenset[str]:
    return drug_words.salts() | drug_words.forms()
