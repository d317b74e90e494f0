"""The generalisations that a policy may name: each answers with less than it was given, or None for nothing.

What is told depends on the terms of a release: its day, and by how many days it shifts dates. A split has
none, and needs none. Ages over 89 become 90 (45 CFR 164.514(b)(2)(i)(C)), and a year that would tell such an
age, of birth or of anything that somebody has lived to see, becomes the latest year that tells no more than
"90 or older".
"""

from __future__ import annotations

import re
from collections.abc import Callable

from gateway.privacy import dates, places
from gateway.privacy.terms import OLDEST, Terms
from mappers.lossless import Json

Generaliser = Callable[[Json, Terms], Json | None]

_DAY = re.compile(r"\b([12][0-9]{3})-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12][0-9]|3[01]))?(?:T[0-9:.+Z-]*)?\b")
_MONTH = (
    "(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|"
    "oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
_YEAR = r"(?:1[89]|2[01])[0-9]{2}\b(?! ?(?:mc?g|g|ml|unt|units?)\b)"
_DATED = re.compile(
    rf"[0-9]{{4}}-[0-9]{{2}}|\b{_YEAR}|\b{_MONTH}\.? [0-9]|\b[0-9]{{1,2}}\.? {_MONTH}\b", re.IGNORECASE
)
_AGE = re.compile(r"\b(?:9[0-9]|1[0-4][0-9])(?=(?:\.[0-9]+)?[ -]?(?:years?|yrs?|y|a)\b)")


def _month(value: Json, terms: Terms) -> str | None:
    return dates.month(value)


def _plain_year(value: Json, terms: Terms) -> str | None:
    return dates.year(value)


def _year(value: Json, terms: Terms) -> str | None:
    """The year; without a day of release nobody can tell who is over 89, so nothing is shown."""
    told, first = dates.year(value), _first(terms)
    return None if told is None or first is None else f"{max(int(told), first):04}"


def _first(terms: Terms) -> int | None:
    """The first year that may be told."""
    return None if terms.as_of is None else terms.as_of.year - OLDEST - 1


def _shift(value: Json, terms: Terms) -> str | None:
    """The date some days off; the year alone where it would tell an age over 89."""
    moved, first = dates.shifted(value, terms.days or 0), _first(terms)
    if not terms.days or moved is None or first is None:
        return None
    return moved if int(moved[:4]) >= first else f"{first:04}"


def _shift_day(value: Json, terms: Terms) -> str | None:
    """The same at midnight."""
    moved = _shift(value, terms)
    return None if moved is None else dates.without_clock(moved)


def _zip3(value: Json, terms: Terms) -> str | None:
    return places.zip3(value)


def _dates_in_text(value: Json, terms: Terms) -> Json | None:
    """Careloom's own sentences write every day as ``2026-04-20``: of each the year stays."""
    told = _ages_in_text(value, terms)
    if type(told) is not str or _first(terms) is None:
        return None
    return _DAY.sub(lambda found: str(_year(found[1], terms)), told)


def _ages_in_text(value: Json, terms: Terms) -> Json | None:
    """``94 years`` becomes ``90 years``."""
    return _AGE.sub(str(OLDEST + 1), value) if type(value) is str else None


def _undated(value: Json, terms: Terms) -> Json | None:
    """A sentence that names no day, month, year or age over 89."""
    return value if type(value) is str and not (_DATED.search(value) or _AGE.search(value)) else None


def shift_of(kind: str) -> Generaliser:
    """The shift of a date type; an instant has no year alone."""
    return _whole(_shift) if kind == "instant" else _shift


def shift_day_of(kind: str) -> Generaliser:
    """The shift of a date type without its clock; an instant has no year alone."""
    return _whole(_shift_day) if kind == "instant" else _shift_day


def year_of(kind: str) -> Generaliser:
    """The year of a date type; an instant has none."""
    return _whole(_year) if kind == "instant" else _year


def _whole(generalise: Generaliser) -> Generaliser:
    def instant(value: Json, terms: Terms) -> Json | None:
        told = generalise(value, terms)
        return told if type(told) is str and "T" in told else None

    return instant


def each(generalise: Generaliser) -> Generaliser:
    """The same done to every item of an array; when nothing is left of one, nothing is of all."""

    def all_of(value: Json, terms: Terms) -> Json | None:
        told = [None if item is None else generalise(item, terms) for item in value or ()]
        lost = any(new is None and item is not None for item, new in zip(value or (), told, strict=True))
        return None if lost or not told else told

    return all_of


GENERALISERS: dict[str, Generaliser] = {
    "month": _month,
    "year": _plain_year,
    "birth-year": _year,
    "zip3": _zip3,
    "dates-in-text": _dates_in_text,
    "ages-in-text": _ages_in_text,
    "undated": _undated,
}
"""What is done to one value."""

MEASURES = frozenset({"age", "years"})
"""What is done to a quantity: ``age`` holds it for one, ``years`` only when its unit is one of time."""

FOR_RELEASES = MEASURES | {"ages-in-text", "dates-in-text", "undated"}
"""What a split may not do: it would keep the words of a text, or put an age where no merge takes it back."""
