"""One unit per analyte: every number is converted once, here, with decimal arithmetic.

The table knows each analyte's LOINC codes, its unit in UCUM, the other units in use with factor and
offset, and a range outside of which a number is nonsense. A unit that the table does not list is not
guessed. Reasons speak of the analyte in our own words and repeat nothing that was sent.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import cache, lru_cache

import msgspec

from mappers.lossless import exact
from mappers.tables import parts, rows

LARGEST_EXPONENT = 15
SAME = (Decimal(1), Decimal(0))
SHOWN = {
    "mL/min/{1.73_m2}": "mL/min/1.73 m²",
    "kg/m2": "kg/m²",
    "mm[Hg]": "mmHg",
    "Cel": "°C",
    "mg/g{creat}": "mg/g",
}
ANNOTATION = re.compile(r"\{[^}]*\}")


class NotConvertible(ValueError):  # noqa: N818 - it reads as what is wrong
    """The value cannot be brought to its analyte's unit; the text says why, in our own words."""


@dataclass(frozen=True, slots=True)
class Analyte:
    """What is measured. ``conversions``: each known unit, with factor and offset that lead to ``unit``."""

    key: str
    name: str
    kind: str
    loinc: tuple[str, ...]
    unit: str
    conversions: Mapping[str, tuple[Decimal, Decimal]]
    low: Decimal
    high: Decimal

    def convert(self, value: Decimal, unit: str) -> Decimal:
        """The value in this analyte's own unit."""
        found = self.conversions.get(unit) or self.conversions.get(_bare(unit, self.unit))
        if found is None:
            raise NotConvertible("has a unit that is not known for it")
        factor, offset = found
        converted = value if (factor, offset) == SAME else _plain(value * factor + offset)
        if not self.low <= converted <= self.high:
            raise NotConvertible("is outside of what is possible")
        return converted


@cache
def analytes() -> Mapping[str, Analyte]:
    """Every analyte by its key."""
    return {row["key"]: _analyte(row) for row in rows("analytes.csv")}


@cache
def _by_loinc() -> Mapping[str, Analyte]:
    return {code: analyte for analyte in analytes().values() for code in analyte.loinc}


def by_loinc(code: str) -> Analyte | None:
    """The analyte that a LOINC code measures."""
    return _by_loinc().get(code)


def shown(unit: str) -> str:
    """A unit as a person reads it: ``mL/min/{1.73_m2}`` is mL/min/1.73 m²."""
    return SHOWN.get(unit) or ANNOTATION.sub("", unit).strip("/")


def number(value: int | msgspec.Raw) -> Decimal:
    """A JSON number as it was written."""
    try:
        found = exact(value)
    except InvalidOperation:
        raise NotConvertible("has a value that is no number") from None
    if abs(found.adjusted()) > LARGEST_EXPONENT:
        if found:
            raise NotConvertible("is outside of what is possible")
        return Decimal(0)
    return found


def _analyte(row: dict[str, str]) -> Analyte:
    return Analyte(
        key=row["key"],
        name=row["name"],
        kind=row["kind"],
        loinc=parts(row["loinc"]),
        unit=row["unit"],
        conversions=dict(_conversions(row)),
        low=Decimal(row["plausible_low"]),
        high=Decimal(row["plausible_high"]),
    )


def _conversions(row: dict[str, str]) -> Iterator[tuple[str, tuple[Decimal, Decimal]]]:
    """Every spelling of every unit; what the table says itself wins over what a spelling leads to."""
    said = {row["unit"]: (Decimal(1), Decimal(0))}
    for unit, factor, offset in zip(*(parts(row[name]) for name in COLUMNS), strict=True):
        said.setdefault(unit, (Decimal(factor), Decimal(offset)))
    bare = {_bare(unit, row["unit"]): change for unit, change in reversed(said.items())}
    known = {**bare, **said}
    for spelling, unit in _spellings().items():
        if unit in known:
            yield spelling, known[unit]
    yield from known.items()


def _plain(value: Decimal) -> Decimal:
    """A computed number without zeros that say nothing, so that it reads as if it had been sent so."""
    short = value.normalize()
    return short.quantize(Decimal(1)) if short.as_tuple().exponent > 0 else short  # type: ignore[operator]


COLUMNS = ("other_units", "factors", "offsets")


@cache
def _spellings() -> Mapping[str, str]:
    return {row["spelling"]: row["ucum"] for row in rows("unit_spellings.csv")}


@lru_cache(maxsize=4096)
def _bare(unit: str, canonical: str) -> str:
    """The unit without UCUM annotations, which mean nothing; but for D-dimer, where they are the unit."""
    if "{FEU}" in canonical:
        return unit
    return ANNOTATION.sub("", unit).rstrip("/") or "1"
