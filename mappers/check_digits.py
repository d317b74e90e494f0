"""Codes that prove themselves: a mistyped one, or a number that is something else, mostly fails the check.

The one place for this: the privacy policy asks it before a code may be read, whoever loads rules, tables or a
hospital's own maps asks it before one is believed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

_LOINC = re.compile("(?:[1-9][0-9]{0,5}|L[APGL][1-9][0-9]{0,6})-[0-9]")
_SNOMED = re.compile("(?:[1-9][0-9]{2,5}|1[0-9]{6})00[0-9]|[1-9][0-9]{7,14}10[0-9]")
"""Concepts alone. Those of the core have at most ten digits, and the tenth is a 1; those of extensions name a
namespace of seven digits: so no North American telephone number of ten digits is one."""

_RXNORM = re.compile("[1-9][0-9]{0,6}")

_UNII = re.compile("(?=.*[0-9])(?=.*[A-Z])[0-9A-Z]{10}")

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"

_TURNED = (
    "0123456789",
    "1576283094",
    "5803796142",
    "8916043527",
    "9453126870",
    "4286573901",
    "2793806415",
    "7046913258",
)
_REFLECTED = (5, 6, 7, 8, 9)
"""Verhoeff's permutations, and what the dihedral group of the pentagon does to a reflection."""


def is_loinc(text: str) -> bool:
    """A LOINC code or part: the last digit is the check digit (Luhn's) of all before it, letters too."""
    if not _LOINC.fullmatch(text):
        return False
    number, _, check = text.partition("-")
    values = [ord(character) - ord("0") for character in reversed(number)]
    doubled = sum(2 * value - 9 * (value // 5) for value in values[::2])
    return -(doubled + sum(values[1::2])) % 10 == int(check)


def is_snomed(text: str) -> bool:
    """A concept of SNOMED CT: its partition says so, and Verhoeff's check digit is right."""
    if not _SNOMED.fullmatch(text):
        return False
    check = 0
    for at, digit in enumerate(reversed(text)):
        check = _turn(check, int(_TURNED[at % 8][int(digit)]))
    return check == 0


def _turn(first: int, second: int) -> int:
    """The product in the dihedral group of order 10: 0 to 4 rotate the pentagon, the others reflect it."""
    if first in _REFLECTED:
        turned = (first - second) % 5
        return turned if second in _REFLECTED else turned + 5
    turned = (first + second) % 5
    return turned + 5 if second in _REFLECTED else turned


def is_unii(text: str) -> bool:
    """A UNII: the last character is the sum of the others. Words and plain numbers are left out."""
    if not _UNII.fullmatch(text):
        return False
    values = [_ALPHABET.index(character) for character in text]
    return sum(values[:-1]) % 36 == values[-1]


_CHECKS: Mapping[str, Callable[[str], bool]] = {
    "http://loinc.org": is_loinc,
    "http://snomed.info/sct": is_snomed,
    "http://www.nlm.nih.gov/research/umls/rxnorm": lambda text: _RXNORM.fullmatch(text) is not None,
}


def well_formed(system: str, code: str) -> bool:
    """Whether a code can be one of its system; no code of a system without a check can."""
    check = _CHECKS.get(system)
    return check is not None and check(code)
