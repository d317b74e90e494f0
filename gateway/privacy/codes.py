"""Which codings may be read: the systems that are listed, and which codes each has.

A code of a hospital's own system is withheld: such "codes" are record numbers or whole sentences often
enough. So is a code that its system does not have, where the system is finite, or that has not the strict
form of its system's codes: no system takes any word.
"""

from __future__ import annotations

from functools import cache

from gateway.privacy import lexicon
from gateway.privacy.text import GRAMMARS, Grammar, shape
from mappers.check_digits import is_loinc, is_snomed, is_unii

_LISTED = "listed"

_GENE = "HLA-(?:[A-HJKL]|D[MOPQ][AB][12]?|DR[AB][1-9]?|MIC[AB]|TAP[12])"
_ALLELE = rf"{_GENE}[*:][0-9]{{2,3}}(?::[0-9]{{2,4}}){{0,3}}[GPNLSQ]?"

_SHAPES = {
    "rxnorm": "[1-9][0-9]{0,5}|[12][0-9]{6}",
    "cvx": "[0-9]{1,3}",
    "ndc": "[0-9]{5}-(?:[0-9]{4}-[0-9]{1,2}|[0-9]{3}-[0-9]{2})|[0-9]{4}-[0-9]{4}-[0-9]{2}|[0-9]{11}",
    "icd10": r"[A-Z][0-9][0-9AB](?:\.?[0-9A-Z](?:[0-9X]{0,2}[0-9A-Z])?)?[+*!]?",
    "icd10pcs": (
        "(?:0[0-9B-DF-HJ-NP-Y][0-9A-HJ-NP-Z]|10[0-9A-HJ-NP-Z]|2[WY][0-9]|3(?:[CE]|0(?=.*[A-Z]))[0-2]|4[AB][01]|5A[0-2]|6A[0-9A-B]|"
        "7W[0-9]|8[CE]0|9WB)[0-9A-HJ-NP-Z][0-9X][0-9A-HJ-NP-Z]{2}|"
        "(?=.*[0-9])[BCDFGHX][0-9A-HJ-NP-Z]{6}"
    ),
    "icd9": r"(?:[0-9]{2,3}|E[0-9]{3}|V[0-9]{2})(?:\.[0-9]{1,2})?",
    "ndfrt": "N[0-9]{10}",
    "atc": "[ABCDGHJLMNPRSV](?:[0-9]{2}(?:[A-Z]{1,2}(?:[0-9]{2})?)?)?",
    "cpt": "[0-9]{4}[0-9AFTU]",
    "hcpcs": "[A-V][0-9]{4}",
    "taxonomy": "[1-4][0-9]{2}[0-9A-Z]{2}[0-9]{4}X",
    "nci": "C[0-9]{2,7}",
    "mdc": "[1-9][0-9]{0,5}",
    "hgnc": "HGNC:[1-9][0-9]{0,4}",
    "hgnc-or-number": "(?:HGNC:)?[1-9][0-9]{0,4}",
    "hla": r"HLA[0-9]{5}",
    "glstring": rf"hla#[0-9]\.[0-9]{{1,2}}\.[0-9]#{_ALLELE}(?:[+^~|/]{_ALLELE}){{0,40}}",
    "pharmvar": "PV[0-9]{5}",
    "clinvar": "[1-9][0-9]{0,5}|[1-4][0-9]{6}",
    "dbsnp": "rs[1-9][0-9]{0,9}",
    "so": "SO:[0-9]{7}",
    "refseq": r"N[A-Z]_[0-9]{6,9}\.[0-9]{1,3}",
    "gtr": r"GTR[0-9]{9}(?:\.[0-9]{1,2})?",
    "medgen": "CN?[0-9]{6,7}",
    "hpo": "HP:[0-9]{7}",
    "tooth": "[1-4][1-8]|[5-8][1-5]",
}
_CHECKED = {"loinc": is_loinc, "snomed": is_snomed, "unii": is_unii}


def codes_of(system: object) -> Grammar | None:
    """The grammar of a code system's codes, or None when the system is not listed."""
    return _systems().get(system) if type(system) is str else None


@cache
def _systems() -> dict[str, Grammar]:
    forms = {name: shape(pattern) for name, pattern in _SHAPES.items()} | GRAMMARS
    forms |= {name: Grammar(check) for name, check in _CHECKED.items()}
    return {
        system: Grammar(lexicon.codes()[system].__contains__) if name == _LISTED else forms[name]
        for system, name in lexicon.table("systems").items()
    }
