"""Genes and their phenotypes by code: HGNC's numbers, LOINC's questions and answers, CPIC's words."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from mappers.codes import LOINC, Code
from mappers.tables import rows

HGNC = "http://www.genenames.org"


@cache
def by_code() -> Mapping[Code, str]:
    """A gene by its HGNC number, or by the LOINC code that asks for its phenotype."""
    return {Code(row["system"], row["code"]): row["gene"] for row in rows("genes.csv")}


@cache
def phenotypes() -> Mapping[Code, str]:
    """A phenotype by LOINC's answer, or by a word in lower case with an empty system."""
    return {Code(row["system"], row["code"]): row["phenotype"] for row in rows("gene_phenotypes.csv")}


@cache
def numbers() -> Mapping[str, str]:
    """HGNC's number of each gene: ``HGNC:2621``."""
    return {gene: code.code for code, gene in by_code().items() if code.system == HGNC}


@cache
def questions() -> Mapping[str, str]:
    """The LOINC code that asks for a gene's phenotype, of those genes that have one."""
    return {gene: code.code for code, gene in by_code().items() if code.system == LOINC}


@cache
def answers() -> Mapping[str, str]:
    """The LOINC answer that a phenotype is, of those that are one."""
    return {name: code.code for code, name in phenotypes().items() if code.system == LOINC}
