"""A closed grammar of medicines: names with strength and form, every word of which is in a shipped table.

The display or text of a medication is kept where it is nothing but a medicine, because the engine finds the
ingredient by it; "Lisinopril for Mr. Smith" is not, and is withheld whole. Words become classes (ingredient,
salt, number, unit, form, brand), and the row of classes must have the shape of a product's name. Numbers are
short, so that no record number passes for a strength. A brand alone is not enough: some are given names, and
these need a strength too. The words are those of ``mappers.drug_words``: what passes here can be read there.
"""

from __future__ import annotations

import re
from functools import cache

from mappers import drug_words

_LONGEST_NAME = 5
_LONGEST_TEXT = 250

_NUMBER = re.compile(r"\d{1,5}(?:\.\d{1,5})?(?:[/-]\d{1,5}(?:\.\d{1,5})?){0,2}|\d{1,3},000")
_GLUED = re.compile(r"(\d[\d.]*)([a-zµ%][a-zµ%/]*)")
_BRACKETED = re.compile(r"(.*\S) \[([^\[\]]+)\]")
_APPLICATION = re.compile(r"nda\d{6}")

_DOSE = "N(?:U(?:PN?U)?)?"
_PART = f"IS*(?:{_DOSE})?"
_SHAPE = re.compile(f"L?(?:NU)*(?:{_PART}(?:/{_PART})*(?:(?:NU)?F+)?|B(?:{_DOSE})?(?:NU)*F+|B{_DOSE})")


def is_drug(text: str) -> bool:
    """Whether a text is the name of a medicine and nothing else."""
    if len(text) > _LONGEST_TEXT:
        return False
    plain = drug_words.KIND.sub("", text.lower())
    if _may_be_somebody(plain):
        return False
    bracketed = _BRACKETED.fullmatch(plain)
    if bracketed:
        plain, brand = bracketed.groups()
        if brand not in drug_words.brands():
            return False
    classes = _classes(_words(plain))
    return classes is not None and _SHAPE.fullmatch(classes) is not None


def _may_be_somebody(text: str) -> bool:
    """Whether a brand in a text is a given name too, and no strength says that it is the brand."""
    words = _words(text.replace("[", " ").replace("]", " "))
    masses = {word.partition("/")[0] for word in words} & drug_words.MASSES
    return not masses and any(word in _given_names() for word in words)


@cache
def _given_names() -> frozenset[str]:
    return frozenset(name for name, brand in drug_words.brands().items() if brand.given_name)


def _words(text: str) -> list[str]:
    found: list[str] = []
    for word in text.split():
        glued = _GLUED.fullmatch(word)
        found.extend(glued.groups() if glued else (word,))
    return found


def _classes(words: list[str]) -> str | None:
    """One letter for each word or name, or None when a word has none."""
    letters, at = "", 0
    while at < len(words):
        length, letter = _name(words, at) or (1, _class(words[at], letters[-1:]))
        if not letter:
            return None
        letters, at = letters + letter, at + length
    return letters


def _name(words: list[str], at: int) -> tuple[int, str] | None:
    names = _names()
    for length in range(min(_LONGEST_NAME, len(words) - at), 0, -1):
        letter = names.get(" ".join(words[at : at + length]))
        if letter:
            return length, letter
    return None


@cache
def _names() -> dict[str, str]:
    return dict.fromkeys(drug_words.brands(), "B") | dict.fromkeys(drug_words.names(), "I")


def _class(word: str, before: str) -> str:
    """The class of a word that is no name; after a number, ``day`` is a unit, elsewhere part of a form."""
    if before == "N" and _is_unit(word):
        return "U"
    if word in _fixed():
        return _fixed()[word]
    if _NUMBER.fullmatch(word):
        return "N"
    if _APPLICATION.fullmatch(word):
        return "L"
    return "U" if before == "P" and _is_unit(word) else ""


@cache
def _fixed() -> dict[str, str]:
    forms = dict.fromkeys(drug_words.forms(), "F")
    return forms | dict.fromkeys(drug_words.salts(), "S") | {"/": "/", "per": "P"}


def _is_unit(word: str) -> bool:
    units = drug_words.units()
    top, slash, bottom = word.partition("/")
    return top in units and (not slash or bottom.lstrip("0123456789") in units)
