"""Which codes the tables here read: what a map may lead to, and what it must leave alone."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache

from mappers import drugs, problems
from mappers.check_digits import well_formed
from mappers.codes import CVX, ICD_10, ICD_10_CM, LOINC, RXNORM, SNOMED, Code
from mappers.tables import parts, rows

_ICD = re.compile(r"[A-Z][0-9][0-9A-Z](?:\.[0-9A-Z]{1,4})?")
_CVX = re.compile("[0-9]{1,3}")


def _checked(system: str) -> Callable[[str], bool]:
    return lambda code: well_formed(system, code)


FORMS: Mapping[str, Callable[[str], bool]] = {
    LOINC: _checked(LOINC),
    SNOMED: _checked(SNOMED),
    RXNORM: _checked(RXNORM),
    ICD_10_CM: lambda code: _ICD.fullmatch(code) is not None,
    ICD_10: lambda code: _ICD.fullmatch(code) is not None,
    CVX: lambda code: _CVX.fullmatch(code) is not None,
}
"""The systems that a map may lead to, and whether a code can be one of theirs."""


def is_read(code: Code) -> bool:
    """Whether any table has a name for what a code means."""
    if code.system == RXNORM:
        return drugs.by_code(code.code) is not None
    return code in _listed() or bool(problems.matches(code))


@cache
def _listed() -> frozenset[Code]:
    return frozenset(_rows())


def _rows() -> Iterator[Code]:
    for row in rows("analytes.csv"):
        yield from (Code(LOINC, code) for code in parts(row["loinc"]))
    for name in ("allergens.csv", "answers.csv", "survey_answers.csv", "genes.csv", "gene_phenotypes.csv"):
        for row in rows(name):
            yield Code(row["system"], row["code"])
            yield from (Code(LOINC, row[asked]) for asked in ("question_loinc", "item_loinc") if asked in row)
