"""Which codings may be read: the systems that are listed, and the shape that a code of each must have.

A code of a hospital's own system is withheld: such "codes" are record numbers or whole sentences often
enough. A code with a listed system but the wrong shape is withheld too.
"""

from __future__ import annotations

from functools import cache

from gateway.privacy import lexicon
from gateway.privacy.text import GRAMMARS, Grammar, shape

_SHAPES = {
    "token": r"[A-Za-z0-9*_$%&<>=!~+.\[-][A-Za-z0-9._+/<>=:*\[\]-]{0,63}",
    "number": "[0-9]{1,12}",
    "loinc": "(?:L[APGL])?[0-9]{1,7}-[0-9]",
    "snomed": "[0-9]{6,18}",
    "icd10": r"[A-Z][0-9][0-9A-Z](?:\.?[0-9A-Z]{1,4})?[+*!]?",
    "icd10pcs": "[0-9A-HJ-NP-Z]{7}",
    "icd9": r"(?:[0-9]{2,3}|E[0-9]{3}|V[0-9]{2})(?:\.[0-9]{1,2})?",
    "ndc": "[0-9]{4,5}-[0-9]{3,4}(?:-[0-9]{1,2})?|[0-9]{9,11}",
    "mvx": "[A-Z]{2,4}",
    "ndfrt": "N[0-9]{10}",
    "unii": "[0-9A-Z]{10}",
    "atc": "[A-Z](?:[0-9]{2}(?:[A-Z]{1,2}(?:[0-9]{2})?)?)?",
    "cpt": "[0-9]{4}[0-9AFTU]",
    "hcpcs": "[A-V][0-9]{4}",
    "taxonomy": "[0-9]{3}[0-9A-Z]{6}X",
    "dicom": "[A-Z]{2,4}|[0-9]{6}|[0-9.]{5,64}",
    "cdcrec": "[0-9]{4}-[0-9]",
    "nci": "C[0-9]{2,7}",
    "country": "[A-Z]{2,3}|[0-9]{3}",
    "signature": r"1\.2\.840\.10065\.1\.12\.1\.[0-9]{1,2}",
    "hgnc": "(?:HGNC:)?[0-9]{1,6}",
    "hla": r"HLA[0-9]{5}",
    "glstring": r"hla#[0-9.]{3,8}#HLA-[A-Z0-9*:+^~|/HL-]{1,400}",
    "pharmvar": "PV[0-9]{5}",
    "dbsnp": "(?:rs)?[0-9]{1,12}",
    "so": "SO:[0-9]{7}",
    "refseq": r"N[A-Z]_[0-9]{6,9}\.[0-9]{1,3}",
    "gtr": r"GTR[0-9]{9}(?:\.[0-9]{1,2})?",
    "medgen": "CN?[0-9]{6,7}",
    "hpo": "HP:[0-9]{7}",
    "tooth": "[1-8][1-8]",
}


def codes_of(system: object) -> Grammar | None:
    """The grammar of a code system's codes, or None when the system is not listed."""
    return _systems().get(system) if type(system) is str else None


@cache
def _systems() -> dict[str, Grammar]:
    shapes = {name: shape(pattern) for name, pattern in _SHAPES.items()} | GRAMMARS
    return {system: shapes[name] for system, name in lexicon.table("systems").items()}
