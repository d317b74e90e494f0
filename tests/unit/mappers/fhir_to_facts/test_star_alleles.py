"""Alleles as laboratories write them, and what leaves something open."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappers.fhir_to_facts.star_alleles import read


@pytest.mark.parametrize(
    ("text", "gene", "names"),
    [
        ("*1/*2", None, ("*1", "*2")),
        ("*2/*1", None, ("*1", "*2")),
        ("CYP2C19*2/*2", "CYP2C19", ("*2", "*2")),
        ("CYP2C9 *2/*5", "CYP2C9", ("*2", "*5")),
        ("CYP2D6_*1/*1", "CYP2D6", ("*1", "*1")),
        ("CYP2D6*7.001 / CYP2D6*1.001", "CYP2D6", ("*1", "*7")),
        ("CYP2D6*1x2/*4", "CYP2D6", ("*1x2", "*4")),
        ("CYP2D6*1.001", "CYP2D6", ("*1",)),
        ("TPMT*3A", "TPMT", ("*3A",)),
        ("A*24:02", "HLA-A", ("*24:02",)),
        ("HLA-A*01:01:01G", "HLA-A", ("*01:01:01",)),
        ("hla#3.31.0#HLA-A*03:01:01:01+HLA-A*30:01:01", "HLA-A", ("*03:01:01:01", "*30:01:01")),
    ],
)
def test_what_laboratories_write(text, gene, names):
    assert read(text) == (gene, names)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Poor metabolizer",
        "CYP2C19*2/",
        "*1/*2/*3",
        "CYP2C19*2/CYP2C9*3",
        "CYP2C19*2 or *3",
        "HLA-B*57",
        "HLA-B*57/HLA-B*58",
        "HLA-A*24:02:01N",
        "HLA-A*02:69|HLA-A*23:30",
        "hla#3.33.0#HLA-A*02:69+HLA-A*23:26/HLA-A*23:39",
        "hla#3.23.0#HLA-A:01:01G+HLA-A*01:02",
        "PV00126",
        "NM_000769.4(CYP2C19):c.681G>A",
    ],
)
def test_what_leaves_something_open_is_not_read(text):
    assert read(text) is None


@given(st.text(max_size=40))
def test_no_text_breaks_the_reader(text):
    found = read(text)
    assert found is None or 1 <= len(found.names) <= 2
