"""What R4's words on search mean, written down naively: the opposite number of what the product computes.

From http://hl7.org/fhir/R4/search.html#prefix and #quantity, without the product's code: partial dates are
stretches, numbers have the precision that they are written with, and each prefix compares two of either.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any, NamedTuple

PREFIXES = ("", "eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap")
GRAMS = {"kg": Fraction(1000), "g": Fraction(1), "mg": Fraction(1, 1000), "ug": Fraction(1, 10**6)}
UCUM = "http://unitsofmeasure.org"


class Span(NamedTuple):
    """From ``low`` to ``high``; of dates, ``high`` is no part of it."""

    low: Any
    high: Any


def split(text: str) -> tuple[str, str]:
    return (text[:2], text[2:]) if text[:2] in PREFIXES[1:] else ("eq", text)


# --- dates -----------------------------------------------------------------------------------------------


def stretch(text: str) -> tuple[Span, bool]:
    """The time that a date means, by UTC where it says its zone, and whether it does."""
    if "T" in text:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
        zoned = moment.tzinfo is not None
        start = (moment - (moment.utcoffset() or timedelta())).replace(tzinfo=None)
        return Span(start, start + timedelta(seconds=1)), zoned
    year, month, day = ([int(part) for part in text.split("-")] + [0, 0])[:3]
    if day:
        start = datetime(year, month, day)
        return Span(start, start + timedelta(days=1)), False
    if month:
        return Span(datetime(year, month, 1), datetime(year + month // 12, month % 12 + 1, 1)), False
    return Span(datetime(year, 1, 1), datetime(year + 1, 1, 1)), False


def wall(text: str) -> Span:
    """The time that a date means by the clock on the wall."""
    return stretch(text[:19])[0]


def date_holds(stored: str, asked: str) -> bool:
    """Whether a stored date answers ``[prefix]date``."""
    prefix, text = split(asked)
    (there, zoned), (wanted, also_zoned) = stretch(stored), stretch(text)
    if not (zoned and also_zoned):
        there, wanted = wall(stored), wall(text)
    within = wanted.low <= there.low and there.high <= wanted.high
    day = timedelta(days=1)
    return {
        "eq": within,
        "ne": not within,
        "gt": there.high > wanted.high,
        "lt": there.low < wanted.low,
        "ge": there.high > wanted.high or within,
        "le": there.low < wanted.low or within,
        "sa": there.low >= wanted.high,
        "eb": there.high <= wanted.low,
        "ap": there.low < wanted.high + day and wanted.low - day < there.high,
    }[prefix]


# --- quantities ------------------------------------------------------------------------------------------


def quantity_holds(stored: dict[str, Any], asked: str) -> bool:
    """Whether a stored mass answers ``[prefix]number`` or ``[prefix]number|system|code``."""
    prefix, text = split(asked)
    number, _, unit = text.partition("|")
    wanted = Fraction(number)
    half = Fraction(1, 2 * 10 ** len(number.partition(".")[2]))
    found = Fraction(stored["text"])
    if unit:
        found = found * GRAMS[stored["code"]] / GRAMS[unit.rpartition("|")[2]]
    within = wanted - half <= found <= wanted + half
    return {
        "eq": within,
        "ne": not within,
        "gt": found > wanted,
        "lt": found < wanted,
        "ge": found >= wanted,
        "le": found <= wanted,
        "sa": found > wanted,
        "eb": found < wanted,
        "ap": abs(found - wanted) <= abs(wanted) / 10,
    }[prefix]
