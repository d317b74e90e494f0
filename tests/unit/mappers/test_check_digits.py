"""Codes that were mistyped are told from codes."""

from __future__ import annotations

import pytest

from mappers.check_digits import well_formed
from mappers.codes import LOINC, RXNORM, SNOMED
from mappers.units import analytes


@pytest.mark.parametrize("code", ["4548-4", "2160-0", "98979-8", "8480-6", "9318-7"])
def test_loinc(code: str):
    assert well_formed(LOINC, code)
    last = str((int(code[-1]) + 1) % 10)
    assert not well_formed(LOINC, code[:-1] + last)


def test_every_loinc_code_of_the_analytes_has_its_check_digit():
    assert all(well_formed(LOINC, code) for one in analytes().values() for code in one.loinc)


@pytest.mark.parametrize("code", ["44054006", "73211009", "313436004"])
def test_snomed(code: str):
    assert well_formed(SNOMED, code)
    assert not well_formed(SNOMED, code[:-2] + code[-1] + code[-2])


@pytest.mark.parametrize(
    ("system", "code"),
    [
        (LOINC, "4548"),
        (LOINC, ""),
        (SNOMED, "044054006"),
        (RXNORM, "x"),
        ("http://example.org", "1"),
    ],
)
def test_what_is_no_code(system: str, code: str):
    assert not well_formed(system, code)
