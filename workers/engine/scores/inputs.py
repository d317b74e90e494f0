"""What a score asks for: names, units, and the values that its paper covers.

A value outside is refused, never clipped: no equation answers for people it was not made from. Texts about a
refusal name the input and its limits, and never repeat the value.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

FEMALE, MALE = "female", "male"
_WORDS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


class Unfit(Exception):  # noqa: N818 - it reads as what happened
    """A value that a score cannot be asked with; the text says what it takes."""


@dataclass(frozen=True, slots=True)
class Number:
    """A number in a UCUM unit, between two ends that both count."""

    unit: str
    low: float
    high: float
    why: str = ""

    def read(self, value: object) -> float:
        """The number; raises ``Unfit``."""
        found = _number(value)
        if found is None or not self.low <= found <= self.high:
            raise Unfit(self.says())
        return found

    def says(self) -> str:
        """What it takes, for a person."""
        unit = f" {self.unit}" if self.unit else ""
        return f"a number from {self.low:g} to {self.high:g}{unit}{_because(self.why)}"


@dataclass(frozen=True, slots=True)
class Choice:
    """One of some words."""

    words: tuple[str, ...]
    why: str = ""

    def read(self, value: object) -> str:
        """The word; raises ``Unfit``."""
        text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
        if not isinstance(text, str) or text not in self.words:
            raise Unfit(self.says())
        return text

    def says(self) -> str:
        """What it takes, for a person."""
        return f"one of {', '.join(self.words)}{_because(self.why)}"


@dataclass(frozen=True, slots=True)
class Truth:
    """True or false; 1 and 0 stand for them, as do yes and no."""

    why: str = ""

    def read(self, value: object) -> bool:
        """The truth value; raises ``Unfit``."""
        found = _WORDS.get(str(value).lower())
        if found is None:
            raise Unfit(self.says())
        return found

    def says(self) -> str:
        """What it takes, for a person."""
        return f"true or false{_because(self.why)}"


@dataclass(frozen=True, slots=True)
class Answers:
    """The answers to a questionnaire, in its order, each from 0 to ``most``."""

    count: int
    most: int
    why: str = ""

    def read(self, value: object) -> tuple[int, ...]:
        """The answers; raises ``Unfit``."""
        found = tuple(_whole(one) for one in _listed(value, self.says))
        if len(found) != self.count or any(one is None or not 0 <= one <= self.most for one in found):
            raise Unfit(self.says())
        return tuple(one for one in found if one is not None)

    def says(self) -> str:
        """What it takes, for a person."""
        return f"{self.count} whole numbers from 0 to {self.most}{_because(self.why)}"


@dataclass(frozen=True, slots=True)
class Codes:
    """A list of codes; dots and case do not count."""

    why: str = ""

    def read(self, value: object) -> tuple[str, ...]:
        """The codes without dots, in capitals; raises ``Unfit``."""
        found = _listed(value, self.says)
        if not all(isinstance(one, str) and one.strip() for one in found):
            raise Unfit(self.says())
        return tuple(str(one).replace(".", "").strip().upper() for one in found)

    def says(self) -> str:
        """What it takes, for a person."""
        return f"a list of codes{_because(self.why)}"


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs of whole numbers: a day, and a number of days from 0 on."""

    why: str = ""

    def read(self, value: object) -> tuple[tuple[int, int], ...]:
        """The pairs, in the order of their days; raises ``Unfit``."""
        return tuple(sorted(self._pair(one) for one in _listed(value, self.says)))

    def _pair(self, value: object) -> tuple[int, int]:
        found = [_whole(one) for one in _listed(value, self.says)]
        if len(found) != 2 or found[0] is None or found[1] is None or found[1] < 0:
            raise Unfit(self.says())
        return found[0], found[1]

    def says(self) -> str:
        """What it takes, for a person."""
        return f"pairs of a day and a number of days{_because(self.why)}"


Kind = Number | Choice | Truth | Answers | Codes | Pairs


@dataclass(frozen=True, slots=True)
class Input:
    """One thing that a score asks for; an optional one may be left out."""

    name: str
    kind: Kind
    optional: bool = False


def adult(low: float = 18, high: float = 120, why: str = "adults only") -> Input:
    """The age in years, of people whom the paper covers."""
    return Input("age", Number("a", low, high, why))


def sex() -> Input:
    """The sex that an equation was fitted with."""
    return Input("sex", Choice((FEMALE, MALE), "the sex that the equation was fitted with"))


def truths(*names: str, **noted: str) -> tuple[Input, ...]:
    """Several inputs that are true or false; those given by keyword with a note."""
    plain = tuple(Input(name, Truth()) for name in names)
    return plain + tuple(Input(name, Truth(note)) for name, note in noted.items())


def _because(why: str) -> str:
    return f" ({why})" if why else ""


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def _whole(value: object) -> int | None:
    found = _number(value)
    return int(found) if found is not None and found == int(found) else None


def _listed(value: object, says: Callable[[], str]) -> Sequence[Any]:
    if isinstance(value, str):
        return [part for part in value.split(",") if part]
    if not isinstance(value, (list, tuple)):
        raise Unfit(says())
    return value
