"""Compiles HL7's R4 definitions into the lists of codes that a clinical half may hold.

    python scripts/compile_code_lists.py FOLDER [LEXICON]

FOLDER holds ``valuesets``, ``v2-tables`` and ``v3-codesystems`` of the definitions at http://hl7.org/fhir/R4
as ``.json`` or ``.json.gz``; each makes one list, and what is not there is left as it is. Only systems that
the lexicon calls ``listed`` are compiled. The same input gives the same lists.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from compile_r4 import Definition, concepts, entries

LEXICON = Path(__file__).resolve().parent.parent / "gateway" / "privacy" / "lexicon"
SOURCES = ("valuesets", "v2-tables", "v3-codesystems")
HEAD = "# Code systems and their codes. Source: {}.json of HL7 FHIR R4 (4.0.1), CC0; compile_code_lists.py.\n"

_V3 = "http://terminology.hl7.org/CodeSystem/v3-"
ALIASES = {
    "http://dicom.nema.org/resources/ontology/DCM": ("urn:oid:1.2.840.10008.2.16.4",),
    f"{_V3}Race": ("urn:oid:2.16.840.1.113883.6.238",),
    f"{_V3}Ethnicity": ("urn:oid:2.16.840.1.113883.6.238",),
}
"""Systems whose codes the definitions give under another name: CDC's are those of race and of ethnicity."""


def compile_list(folder: Path, source: str, listed: frozenset[str]) -> str:
    """One line for each listed system that the source defines: the system, then its codes."""
    codes: dict[str, set[str]] = {}
    for definition in entries(folder, source):
        if definition["resourceType"] == "CodeSystem":
            for system in _names(definition) & listed:
                codes.setdefault(system, set()).update(concepts(definition))
    lines = (f"{system} {' '.join(sorted(found))}\n" for system, found in sorted(codes.items()) if found)
    return HEAD.format(source) + "".join(lines)


def _names(definition: Definition) -> set[str]:
    url: str = definition["url"]
    return {url, *ALIASES.get(url, ())} if definition["content"] != "supplement" else set()


def listed_systems(lexicon: Path) -> frozenset[str]:
    """The systems of which single codes are listed."""
    lines = (lexicon / "systems.txt").read_text("utf-8").splitlines()
    return frozenset(line.partition(" ")[0] for line in lines if line.endswith(" listed"))


def present(folder: Path) -> Iterator[str]:
    """The sources that a folder has."""
    for source in SOURCES:
        if any((folder / f"{source}{ending}").is_file() for ending in (".json", ".json.gz")):
            yield source


def main(folder: Path, lexicon: Path = LEXICON) -> None:
    listed = listed_systems(lexicon)
    for source in present(folder):
        text = compile_list(folder, source, listed)
        (lexicon / f"codes-{source}.txt").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:3]))
