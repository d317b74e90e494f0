"""A hospital's own ConceptMaps: what its own codes mean in the codes that the tables here read."""

from mappers.concept_maps.compiling import Compiled, compiled
from mappers.concept_maps.maps import NO_MAPS, ConceptMaps, Described

__all__ = ["NO_MAPS", "Compiled", "ConceptMaps", "Described", "compiled"]
