"""Encounter: the setting of everything that happened in it, and a stay where it was one.

Nights in hospital and visits to an emergency department are facts of their own, since scores of readmission
count them. Observation without admission counts as neither. A stay bears its first and last day only.
"""

from __future__ import annotations

from mappers import codes
from mappers.context import Stay
from mappers.facts import Setting
from mappers.fhir_to_facts.dates import days, first_day
from mappers.fhir_to_facts.gathered import Gathered
from mappers.fhir_to_facts.opened import Opened
from mappers.lossless import Json

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
STAYS = {"EMER": "emergency", "IMP": "inpatient", "ACUTE": "inpatient", "NONAC": "inpatient"}
TOOK_PLACE = frozenset({"arrived", "triaged", "in-progress", "onleave", "finished"})
URGENT = {"EM": True, "UR": True, "EL": False}
"""v3-ActPriority: emergency, urgent and elective; of the others none says whether a stay was planned."""
FROM_EMERGENCY = "emd"
"""The admit source of those who came through an emergency department."""


def setting(opened: Opened) -> Setting:
    """The setting of an encounter, by its class in v3-ActCode; of one entered in error nothing is known."""
    if opened.body.get("status") == "entered-in-error":
        return Setting.UNKNOWN
    return SETTINGS.get(_class(opened), Setting.UNKNOWN)


def read(opened: Opened, found: Gathered) -> None:
    body, kind = opened.body, STAYS.get(_class(opened))
    if kind is None or body.get("status") not in TOOK_PLACE:
        found.set_aside(opened, "tells where other things took place")
        return
    period = body.get("period") or {}
    started, last = first_day(period.get("start")), days(period.get("end"))
    if found.in_future(opened, "A stay", started):
        return
    ended = last[1] if last else None
    if ended is not None and ended > found.as_of:
        # A planned end is none yet.
        found.turns.add(ended)
        ended = None
    found.stays.append(Stay(kind, started, ended, _urgent(body), opened.evidence))


def _class(opened: Opened) -> str:
    code: str = (opened.body.get("class") or {}).get("code", "")
    return code


def _urgent(body: dict[str, Json]) -> bool | None:
    source = codes.status((body.get("hospitalization") or {}).get("admitSource"))
    if source == FROM_EMERGENCY:
        return True
    return URGENT.get(codes.status(body.get("priority")))
