"""The table of readers, and the way from resources to ``Facts``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import date

from mappers.concept_maps import NO_MAPS, ConceptMaps
from mappers.facts import Facts
from mappers.fhir_to_facts import (
    allergy,
    careplan,
    condition,
    coverage,
    elsewhere,
    encounter,
    family,
    goal,
    immunization,
    medication,
    observation,
    patient,
    procedure,
    questionnaire,
    report,
    service_request,
)
from mappers.fhir_to_facts.gathered import Gathered
from mappers.fhir_to_facts.opened import Opened
from mappers.fhir_to_facts.settle import settle
from mappers.parties import SYSTEMS

OURS = "urn:careloom:"
PSEUDONYM = "urn:careloom:pseudonym"
"""The system of identifiers that stand for an EHR's own: not ours, though we wrote it."""
_THEIRS = SYSTEMS | {PSEUDONYM}

READERS: Mapping[str, Callable[[Opened, Gathered], None]] = {
    "AllergyIntolerance": allergy.read,
    "CarePlan": careplan.read,
    "Condition": condition.read,
    "Consent": elsewhere.read_consent,
    "Coverage": coverage.read,
    "DiagnosticReport": report.read,
    "Encounter": encounter.read,
    "FamilyMemberHistory": family.read,
    "Goal": goal.read,
    "Immunization": immunization.read,
    "Medication": medication.read_medication,
    "MedicationAdministration": medication.read,
    "MedicationDispense": medication.read,
    "MedicationRequest": medication.read,
    "MedicationStatement": medication.read,
    "Observation": observation.read,
    "Patient": patient.read,
    "Procedure": procedure.read,
    "QuestionnaireResponse": questionnaire.read,
    "ServiceRequest": service_request.read,
}


def facts(resources: Sequence[Opened], as_of: date, subject: str = "", maps: ConceptMaps = NO_MAPS) -> Facts:
    """What is known of one patient as of a day, from the clinical halves of their compartment; where several
    records are one person's, ``subject`` is the Patient that counts. ``maps`` say what own codes mean."""
    newest = _current(resources)
    current = _through(maps, newest) if maps.decided else newest
    found = Gathered(
        as_of=as_of,
        opened=current,
        subject=subject,
        settings={
            local: encounter.setting(opened)
            for local, opened in current.items()
            if opened.type == "Encounter"
        },
    )
    for opened in current.values():
        _read(opened, found)
    for older in {one.reference: one for one in resources if one is not newest[one.local]}.values():
        if older.reference != current[older.local].reference:
            found.set_aside(older, "is an older version")
    return settle(found, Counter(opened.type for opened in current.values()))


def _current(resources: Sequence[Opened]) -> dict[str, Opened]:
    """The newest version of each resource."""
    newest: dict[str, Opened] = {}
    for opened in resources:
        known = newest.get(opened.local)
        if known is None or known.version < opened.version:
            newest[opened.local] = opened
    return newest


def _through(maps: ConceptMaps, current: Mapping[str, Opened]) -> dict[str, Opened]:
    """Every resource with what its own codes mean; one that names a drug was read as that drug was."""
    read = {local: Opened(one.reference, *maps.read(one.body)) for local, one in current.items()}
    for local, one in read.items():
        named = (one.body.get("medicationReference") or {}).get("reference", "").partition("/_history/")[0]
        if named in read and read[named].maps:
            by = tuple(sorted({*one.maps, *read[named].maps}))
            read[local] = Opened(one.reference, one.body, by)
    return read


def _read(opened: Opened, found: Gathered) -> None:
    """What Careloom derived itself is no evidence, or it would confirm itself."""
    reader = READERS.get(opened.type)
    if is_ours(opened):
        found.set_aside(opened, "was written by Careloom")
    elif reader is None:
        found.set_aside(opened, "is of a type that gives no fact")
    else:
        reader(opened, found)


def is_ours(opened: Opened) -> bool:
    """Whether Careloom wrote it: by an identifier of its own."""
    identifiers = opened.body.get("identifier", ())
    if not isinstance(identifiers, list):
        return False
    systems = (str(one.get("system", "")) for one in identifiers)
    return any(system.startswith(OURS) and system not in _THEIRS for system in systems)
