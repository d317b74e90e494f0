"""Encounter: gives no fact of its own, but the setting of everything that happened in it."""

from __future__ import annotations

from mappers.facts import Setting
from mappers.fhir_to_facts.gathered import Gathered
from mappers.fhir_to_facts.opened import Opened

SETTINGS = {
    "AMB": Setting.AMBULATORY,
    "HH": Setting.AMBULATORY,
    "VR": Setting.AMBULATORY,
    "EMER": Setting.EMERGENCY,
    "IMP": Setting.INPATIENT,
    "ACUTE": Setting.INPATIENT,
    "NONAC": Setting.INPATIENT,
    "OBSENC": Setting.INPATIENT,
    "SS": Setting.INPATIENT,
}


def setting(opened: Opened) -> Setting:
    """The setting of an encounter, by its class in v3-ActCode; of one entered in error nothing is known."""
    if opened.body.get("status") == "entered-in-error":
        return Setting.UNKNOWN
    kind = (opened.body.get("class") or {}).get("code", "")
    return SETTINGS.get(kind, Setting.UNKNOWN)


def read(opened: Opened, found: Gathered) -> None:
    found.set_aside(opened, "tells where other things took place")
