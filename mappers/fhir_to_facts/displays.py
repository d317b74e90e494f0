"""The displays that the privacy policy let through: drug names of the closed grammar and nothing else."""

from __future__ import annotations

from mappers.lossless import Json


def displays(concept: Json) -> tuple[str, ...]:
    """The displays and the text of a CodeableConcept that are there."""
    concept = concept or {}
    shown = [coding["display"] for coding in concept.get("coding", ()) if "display" in coding]
    return (*shown, concept["text"]) if "text" in concept else tuple(shown)
