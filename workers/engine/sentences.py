"""Sentences with named facts in them: ``HbA1c was {hba1c.value} % on {hba1c.date}[; stage {ckd.a_stage}]``.

What stands in square brackets is said only when all names in it are known.
The names are checked when the sentence is loaded, like those of a condition.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal

from workers.engine.expression import Lookup
from workers.engine.known import Known, Scalar
from workers.engine.staging import g_stage

PART = re.compile(r"\[([^\[\]]*)\]")
PLACE = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True, slots=True)
class Sentence:
    """A text and the names that it shows."""

    text: str
    names: tuple[str, ...]

    @classmethod
    def of(cls, text: str) -> Sentence:
        """Find the names in a text."""
        return cls(text, tuple(dict.fromkeys(PLACE.findall(text))))

    def known(self, lookup: Lookup) -> tuple[Known, ...]:
        """What its names stand for."""
        return tuple(lookup(name) for name in self.names)

    def say(self, lookup: Lookup) -> str:
        """The sentence about one patient. It names days and no span up to today, so it holds tomorrow."""
        whole = PART.sub(lambda part: part.group(1) if _told(part.group(1), lookup) else "", self.text)
        return PLACE.sub(lambda place: _shown(place.group(1), lookup), whole)


def _told(part: str, lookup: Lookup) -> bool:
    return all(lookup(name).values for name in PLACE.findall(part))


def _shown(name: str, lookup: Lookup) -> str:
    """A value as a clinician writes it."""
    known, rounded = lookup(name), ROUNDED.get(name.partition(".")[0])
    if rounded is None or not known.values:
        return str(known)
    return str(replace(known, values=tuple(rounded(one) for one in known.values)))


def _whole(value: Scalar) -> Scalar:
    """A whole eGFR, unless that would show another stage than the value has."""
    if not isinstance(value, Decimal) or not value.is_finite():
        return value
    near = value.quantize(Decimal(1), ROUND_HALF_UP)
    return near if g_stage(near) == g_stage(value) else round(value, 2)


def _one_decimal(value: Scalar) -> Scalar:
    short = isinstance(value, Decimal) and value.is_finite()
    return value.quantize(Decimal("0.1"), ROUND_HALF_UP) if short and isinstance(value, Decimal) else value


ROUNDED: Mapping[str, Callable[[Scalar], Scalar]] = {"egfr": _whole, "hba1c": _one_decimal}
