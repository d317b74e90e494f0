"""Types that are read, but not here: what they say is used where it belongs."""

from __future__ import annotations

from mappers.fhir_to_facts.gathered import Gathered
from mappers.fhir_to_facts.opened import Opened


def read_consent(opened: Opened, found: Gathered) -> None:
    """What a Consent permits is decided before any fact is read (``mappers.consent``)."""
    found.set_aside(opened, "is read where it is decided what may be used")
