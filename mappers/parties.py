"""How FHIR resources name who reads from Careloom, and Careloom itself: by identifiers of three systems.

A Consent names a partner by its ``client_id`` or by the name of its organization, and Careloom's own engine
as the one Device that it is. No other identifier tells who somebody is to Careloom.
"""

from __future__ import annotations

CLIENT = "urn:careloom:client"
"""The value is a ``client_id``."""

ORGANIZATION = "urn:careloom:organization"
"""The value is the name of an organization as it is registered."""

DEVICE = "urn:careloom:device"
"""The one value is ``careloom``: the engine that works out recommendations."""

Name = tuple[str, str]
"""System and value of an identifier."""

ENGINE: Name = (DEVICE, "careloom")

SYSTEMS = frozenset({CLIENT, ORGANIZATION, DEVICE})
