"""A closed grammar of units: UCUM with its braces limited to a list, and units as people write them.

``{…}`` is free text in UCUM, so ``{Mr. Smith's dose}`` would be a valid unit; only listed annotations pass.
"""

from __future__ import annotations

import re
from functools import cache

from gateway.privacy import lexicon

_PREFIXES = "da|[YZEPTGMkhdcmunpfazy]"
_POWER = "10{0,6}"
_FACTOR = f"(?:{_POWER}|12|18|24|48|72)"
"""Numbers that units have; any other number, or a chain of them, may be a telephone's or a date."""


def is_unit(text: str) -> bool:
    """Whether a text is a unit and nothing else."""
    return text in lexicon.words("unit-words") or _ucum().fullmatch(text) is not None


@cache
def _ucum() -> re.Pattern[str]:
    metric, fixed, notes = (_any(_section(name)) for name in ("metric", "no-metric", "annotation"))
    atom = f"(?:(?:{_PREFIXES})?(?:{metric})|{fixed})(?:[+-]?[0-9]{{1,2}})?(?:{notes})?"
    term = f"(?:{atom}|{notes}|{_FACTOR})"
    numbers = f"/?{_POWER}(?:/{_POWER})?"
    return re.compile(f"{numbers}|(?=.*[^0-9./])/?{term}(?:[./]{term}){{0,5}}")


def _any(entries: tuple[str, ...]) -> str:
    return "|".join(re.escape(entry) for entry in sorted(entries, key=len, reverse=True))


def _section(name: str) -> tuple[str, ...]:
    return lexicon.sections("units", ("metric", "no-metric", "annotation"))[name]
