"""What the mappers are given: a clinical half and the name of the version that it is."""

from __future__ import annotations

from dataclasses import dataclass

from mappers.facts import Evidence
from mappers.lossless import Json


@dataclass(frozen=True, slots=True)
class Opened:
    """A clinical half, under its reference ``Observation/<pseudonym>/_history/2``."""

    reference: str
    body: dict[str, Json]
    maps: tuple[str, ...] = ()
    """The hospital's own ConceptMaps that say what its codes mean."""

    @property
    def type(self) -> str:
        return self.reference.partition("/")[0]

    @property
    def local(self) -> str:
        """The reference without the version, as other resources write it."""
        return self.reference.partition("/_history/")[0]

    @property
    def version(self) -> int:
        return int(self.reference.rpartition("/_history/")[2] or 0)

    @property
    def evidence(self) -> Evidence:
        return Evidence(self.reference, self.maps)
