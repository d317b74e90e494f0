"""Check digits of code systems: a code that was mistyped is refused when its rule is loaded."""

from __future__ import annotations

import re

LOINC_SYSTEM = "http://loinc.org"
SNOMED_SYSTEM = "http://snomed.info/sct"
RXNORM_SYSTEM = "http://www.nlm.nih.gov/research/umls/rxnorm"

MULTIPLY = [
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
    [1, 2, 3, 4, 0, 6, 7, 8, 9, 5],
    [2, 3, 4, 0, 1, 7, 8, 9, 5, 6],
    [3, 4, 0, 1, 2, 8, 9, 5, 6, 7],
    [4, 0, 1, 2, 3, 9, 5, 6, 7, 8],
    [5, 9, 8, 7, 6, 0, 4, 3, 2, 1],
    [6, 5, 9, 8, 7, 1, 0, 4, 3, 2],
    [7, 6, 5, 9, 8, 2, 1, 0, 4, 3],
    [8, 7, 6, 5, 9, 3, 2, 1, 0, 4],
    [9, 8, 7, 6, 5, 4, 3, 2, 1, 0],
]
TURN = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4]


def is_loinc(code: str) -> bool:
    """Mod 10 (Luhn), the digit after the hyphen."""
    found = re.fullmatch(r"(\d{1,7})-(\d)", code)
    if found is None:
        return False
    digits = [int(digit) for digit in reversed(found.group(1))]
    total = sum(sum(divmod(2 * digit, 10)) if place % 2 == 0 else digit for place, digit in enumerate(digits))
    return (10 - total % 10) % 10 == int(found.group(2))


def is_snomed(code: str) -> bool:
    """Verhoeff's digit over the whole identifier."""
    if re.fullmatch(r"[1-9]\d{5,17}", code) is None:
        return False
    check = 0
    for place, digit in enumerate(reversed(code)):
        check = MULTIPLY[check][_turned(int(digit), place)]
    return check == 0


def _turned(digit: int, times: int) -> int:
    for _ in range(times % 8):
        digit = TURN[digit]
    return digit


def well_formed(system: str, code: str) -> bool:
    """Whether a code can be one of its system; a system that rules may not use has none."""
    checks = {LOINC_SYSTEM: is_loinc, SNOMED_SYSTEM: is_snomed, RXNORM_SYSTEM: str.isdigit}
    return system in checks and checks[system](code)
