"""Codes that are kept as they came, as search writes them: ``system|code``, each once, in one order."""

from __future__ import annotations

from mappers import codes
from mappers.lossless import Json


def tokens(*concepts: Json) -> tuple[str, ...]:
    """The codes of some CodeableConcepts."""
    return tuple(sorted({f"{code.system}|{code.code}" for one in concepts for code in codes.codes(one)}))
