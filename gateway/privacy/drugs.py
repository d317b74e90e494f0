"""A closed grammar of medicines: names with strength and form, every word of which is in a shipped lexicon.

The display or text of a medication is kept where it is nothing but a medicine, because the engine finds the
ingredient by it; "Lisinopril for Mr. Smith" is not, and is withheld whole. Words become classes (ingredient,
salt, number, unit, form, brand), and the row of classes must have the shape of a product's name. Numbers are
short, so that no record number passes for a strength. A brand alone is not enough: some are given names.
"""

from __future__ import annotations

import re
from functools import cache

from gateway.privacy import lexicon

_LONGEST_NAME = 5
_LONGEST_TEXT = 250

_NUMBER = re.compile(r"\d{1,5}(?:\.\d{1,5})?(?:[/-]\d{1,5}(?:\.\d{1,5})?){0,2}")
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
    plain = text.lower()
    bracketed = _BRACKETED.fullmatch(plain)
    if bracketed:
        plain, brand = bracketed.groups()
        if brand not in lexicon.words("brands"):
            return False
    classes = _classes(_words(plain))
    return classes is not None and _SHAPE.fullmatch(classes) is not None


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
    brands = dict.fromkeys(lexicon.words("brands"), "B")
    return brands | dict.fromkeys(lexicon.words("ingredients"), "I")


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
    forms = dict.fromkeys(lexicon.words("forms"), "F")
    return forms | dict.fromkeys(lexicon.words("salts"), "S") | {"/": "/", "per": "P"}


def _is_unit(word: str) -> bool:
    units = lexicon.words("strengths")
    top, slash, bottom = word.partition("/")
    return top in units and (not slash or bottom.lstrip("0123456789") in units)
