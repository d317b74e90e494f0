"""Maps in a few words: ``mapped(("DM2", "equivalent", "44054006"))``."""

from __future__ import annotations

from typing import Any

from mappers.codes import SNOMED

OWN = "http://clinic.example/codes"


def mapped(
    *rows: tuple[str, str, str], target: str = SNOMED, source: str = OWN, **more: Any
) -> dict[str, Any]:
    """A map of one group."""
    elements: dict[str, list[dict[str, str]]] = {}
    for own, equivalence, code in rows:
        said = {"code": code} if code else {}
        elements.setdefault(own, []).append({**said, "equivalence": equivalence, "comment": "as agreed"})
    group = {
        "source": source,
        "target": target,
        "element": [{"code": own, "target": told} for own, told in elements.items()],
    }
    return {
        "resourceType": "ConceptMap",
        "url": "http://clinic.example/maps/one",
        "version": "1",
        "name": "One",
        "status": "active",
        "group": [group],
        **more,
    }
