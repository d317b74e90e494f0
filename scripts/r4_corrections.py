"""What the published copies of R4's definitions say that R4 (4.0.1) does not.

The packaged definitions were extended by their packagers with elements of R5 and of a vendor, and one
backbone element was replaced by its R5 form. Here R4's own words are put back.
"""

from __future__ import annotations

import copy
from typing import Any

Definition = dict[str, Any]

ADDED = (
    "Binary.url",
    "DeviceDefinition.bodySite",
    "DeviceDefinition.classification",
    "Meta.account",
    "Meta.accounts",
    "Meta.author",
    "Meta.compartment",
    "Meta.onBehalfOf",
    "Meta.project",
    "ObservationDefinition.publisher",
    "ResearchStudy.associatedParty",
    "ResearchStudy.classifier",
    "ResearchStudy.comparisonGroup",
    "ResearchStudy.descriptionSummary",
    "ResearchStudy.label",
    "ResearchStudy.name",
    "ResearchStudy.objective.description",
    "ResearchStudy.outcomeMeasure",
    "ResearchStudy.progressStatus",
    "ResearchStudy.recruitment",
    "ResearchStudy.region",
    "ResearchStudy.result",
    "ResearchStudy.studyDesign",
    "ResearchStudy.whyStopped",
)
"""Elements that R4 does not have."""

UNSOUND = frozenset({"cpb-12", "ppc-2", "ppc-3", "ppc-4", "ppc-5", "sdf-4", "txt-2"})
"""Invariants whose expression does not say what their sentence says, or that R4's own examples break."""

ALSO_POINTED_AT = {
    "DeviceMetric.parent": ("DeviceDefinition",),
    "DeviceUseStatement.reasonReference": ("Procedure",),
    "MedicationRequest.dispenseRequest.performer": ("Practitioner",),
}
"""Targets that R4's own examples have and its definitions do not: systems were built after the examples."""

_CHARACTERISTIC = "EvidenceVariable.characteristic"


def _element(name: str, minimum: int, maximum: str, *types: str, **more: Any) -> Definition:
    path = f"{_CHARACTERISTIC}.{name}"
    kinds = [{"code": code} for code in types]
    return {"path": path, "base": {"path": path}, "min": minimum, "max": maximum, "type": kinds, **more}


def _required(value_set: str) -> Definition:
    return {"strength": "required", "valueSet": f"http://hl7.org/fhir/ValueSet/{value_set}|4.0.1"}


CHARACTERISTIC = (
    _element("id", 0, "1", "string"),
    _element("extension", 0, "*", "Extension"),
    _element("modifierExtension", 0, "*", "Extension", isModifier=True),
    _element("description", 0, "1", "string"),
    _element("definition[x]", 1, "1", "Reference", "canonical", "CodeableConcept", "Expression",
             "DataRequirement", "TriggerDefinition"),
    _element("usageContext", 0, "*", "UsageContext"),
    _element("exclude", 0, "1", "boolean"),
    _element("participantEffective[x]", 0, "1", "dateTime", "Period", "Duration", "Timing"),
    _element("timeFromStart", 0, "1", "Duration"),
    _element("groupMeasure", 0, "1", "code", binding=_required("group-measure")),
)  # fmt: skip
"""``EvidenceVariable.characteristic`` as R4 has it."""


def corrected(structure: Definition) -> Definition:
    """The structure with R4's own elements."""
    result = copy.deepcopy(structure)
    elements = [element for element in result["snapshot"]["element"] if not _is_added(element["path"])]
    if structure["name"] == "EvidenceVariable":
        elements = _with_characteristic(elements)
    for element in elements:
        if element["path"] == "Bundle.entry.response.outcome":
            element["type"] = [{"code": "Resource"}]
        for target in ALSO_POINTED_AT.get(element["path"], ()):
            element["type"][0]["targetProfile"].append(f"http://hl7.org/fhir/StructureDefinition/{target}")
    result["snapshot"]["element"] = elements
    return result


def _is_added(path: str) -> bool:
    return any(path == added or path.startswith(f"{added}.") for added in ADDED)


def _with_characteristic(elements: list[Definition]) -> list[Definition]:
    kept = [element for element in elements if not element["path"].startswith(f"{_CHARACTERISTIC}.")]
    for element in kept:
        if element["path"] == _CHARACTERISTIC:
            element["constraint"] = []
            # The official JSON schema requires it, and so does what others generated from the specification.
            element["min"] = 1
    return [*kept, *CHARACTERISTIC]


EXCHANGED = frozenset({"http://hl7.org/fhir/SearchParameter/DocumentReference-relationship"})
"""Composite search parameters of two parts in which R4 gives each part the other's definition."""
