"""Every place in which other tools let somebody through: each by its name, with its line and what stays.

``CASES`` is the table; a row says what is sent, what is left of it, and under which line of the policy.
"""

from __future__ import annotations

from typing import Any

import pytest

from gateway.privacy.check import check
from gateway.privacy.merge import HalvesDoNotFit, merge
from gateway.privacy.policy import Policy, load
from gateway.privacy.split import split
from gateway.privacy.walk import masked
from mappers.lossless import same
from mappers.r4.model import MODEL
from tests.unit.gateway.privacy.cases import holds, pseudonym_of

WHO = "Hopkins"
MASKED = masked()
P = pseudonym_of
LOINC = {"system": "http://loinc.org", "code": "4548-4"}
ANN = {"resourceType": "Patient", "id": "mrn-1", "name": [{"family": WHO}], "gender": "female"}
ANN_KEPT = {"resourceType": "Patient", "id": P("Patient", "mrn-1"), "gender": "female"}
DATA_URL = "data:text/plain;base64,SG9wa2lucw=="
Case = tuple[dict[str, Any], dict[str, Any], str]


def of(kind: str, **members: Any) -> dict[str, Any]:
    return {"resourceType": kind, **members}


CASES: dict[str, Case] = {
    "contained resources": (
        of("Account", contained=[{**ANN, "id": WHO}], subject=[{"reference": f"#{WHO}"}]),
        of(
            "Account",
            contained=[{"resourceType": "Patient", "id": "c1", "gender": "female"}],
            subject=[{"reference": "#c1"}],
        ),
        "DomainResource.contained",
    ),
    "a Bundle": (
        of("Bundle", type="collection", entry=[{"resource": ANN}]),
        of("Bundle", type="collection", entry=[{"resource": ANN_KEPT}]),
        "Resource",
    ),
    "a Bundle in a Bundle": (
        of("Bundle", entry=[{"resource": of("Bundle", entry=[{"resource": ANN}])}]),
        of("Bundle", entry=[{"resource": of("Bundle", entry=[{"resource": ANN_KEPT}])}]),
        "Resource",
    ),
    "Parameters": (
        of("Parameters", parameter=[{"name": WHO, "valueString": WHO, "resource": ANN}]),
        of("Parameters", parameter=[{"_name": MASKED, "_valueString": MASKED, "resource": ANN_KEPT}]),
        "string",
    ),
    "a data: url in an Attachment": (
        of("Media", content={"contentType": "text/plain", "url": DATA_URL}),
        of("Media", content={"contentType": "text/plain"}),
        "Attachment.url",
    ),
    "a data: url anywhere else": (
        of("Endpoint", status="active", address=DATA_URL),
        of("Endpoint", status="active", _address=MASKED),
        "url",
    ),
    "an Attachment": (
        of("Media", content={"data": "SG9w", "title": WHO, "hash": "SG9w", "size": 4, "creation": "2020"}),
        of("Media", content={"creation": "2020"}),
        "Attachment.data",
    ),
    "a Narrative": (
        of("Account", status="active", text={"status": "generated", "div": f"<div>{WHO}</div>"}),
        of("Account", status="active"),
        "DomainResource.text",
    ),
    "Reference.display": (
        of("Account", owner={"reference": "Organization/1", "display": WHO}),
        of("Account", owner={"reference": f"Organization/{P('Organization', '1')}"}),
        "Reference.display",
    ),
    "Dosage.text": (
        of("MedicationRequest", dosageInstruction=[{"text": WHO, "patientInstruction": WHO, "sequence": 1}]),
        of("MedicationRequest", dosageInstruction=[{"sequence": 1}]),
        "Dosage.text",
    ),
    "Composition.title": (
        of("Composition", status="final", title=f"Letter about {WHO}"),
        of("Composition", status="final", _title=MASKED),
        "Composition.title",
    ),
    "Meta.source": (
        of("Account", meta={"source": f"urn:{WHO}", "lastUpdated": "2020-01-01T00:00:00Z"}),
        of("Account", meta={"lastUpdated": "2020-01-01T00:00:00Z"}),
        "Meta.source",
    ),
    "request.url": (
        of("Bundle", entry=[{"request": {"method": "GET", "url": f"Patient?name={WHO}"}}]),
        of("Bundle", entry=[{"request": {"method": "GET", "_url": MASKED}}]),
        "Bundle.entry.request.url",
    ),
    "ifNoneExist": (
        of("Bundle", entry=[{"request": {"method": "POST", "ifNoneExist": f"identifier=mrn|{WHO}"}}]),
        of("Bundle", entry=[{"request": {"method": "POST"}}]),
        "Bundle.entry.request.ifNoneExist",
    ),
    "fullUrl and link": (
        of(
            "Bundle",
            link=[{"relation": WHO, "url": f"urn:{WHO}"}],
            entry=[{"fullUrl": f"urn:{WHO}", "resource": ANN}],
        ),
        of("Bundle", link=[{"_relation": MASKED, "_url": MASKED}], entry=[{"resource": ANN_KEPT}]),
        "Bundle.entry.fullUrl",
    ),
    "a logical reference": (
        of("Account", owner={"type": "Organization", "identifier": {"system": "urn:mrn", "value": WHO}}),
        of(
            "Account",
            owner={
                "type": "Organization",
                "identifier": {
                    "system": "urn:careloom:pseudonym",
                    "value": P("Identifier", f"urn:mrn|{WHO}"),
                },
            },
        ),
        "Identifier",
    ),
    "a canonical url with an id in it": (
        of("Task", status="draft", instantiatesCanonical=f"https://ehr.example/PlanDefinition/{WHO}|1"),
        of("Task", status="draft"),
        "canonical",
    ),
    "a canonical url that is a profile of nobody's": (
        of("Account", status="active", meta={"profile": [f"https://ehr.example/{WHO}"]}),
        of("Account", status="active"),
        "Meta.profile",
    ),
    "device serials and UDI": (
        of(
            "Device",
            status="active",
            serialNumber=WHO,
            lotNumber=WHO,
            distinctIdentifier=WHO,
            manufactureDate="2020",
            udiCarrier=[{"deviceIdentifier": WHO, "carrierHRF": WHO}],
        ),
        of("Device", status="active"),
        "Device.udiCarrier",
    ),
    "geolocation": (
        of("Location", status="active", position={"longitude": 8, "latitude": 47}),
        of("Location", status="active"),
        "Location.position",
    ),
    "geolocation as an extension of an address": (
        of(
            "Patient",
            address=[
                {
                    "postalCode": "02115",
                    "extension": [{"url": "http://hl7.org/fhir/StructureDefinition/geolocation"}],
                }
            ],
        ),
        of("Patient", address=[{"postalCode": "021"}]),
        "Extension",
    ),
    "an id in an element": (
        of("Account", owner={"id": WHO, "reference": "Organization/1"}),
        of("Account", owner={"reference": f"Organization/{P('Organization', '1')}"}),
        "Element.id",
    ),
    "a comment beside a primitive": (
        of("Account", status="active", _status={"id": WHO, "fhir_comments": [WHO]}),
        of("Account", status="active"),
        "Element.id",
    ),
    "an element that R4 does not know": (
        of("Account", status="active", **{WHO: WHO}),
        of("Account", status="active"),
        "",
    ),
    "a display whose code stays": (
        of("Account", type={"coding": [LOINC | {"display": WHO}], "text": WHO}),
        of("Account", type={"coding": [LOINC]}),
        "Coding.display",
    ),
    "a code of a system of a hospital's own": (
        of("Account", type={"coding": [LOINC, {"system": f"urn:{WHO}", "code": WHO, "display": WHO}]}),
        of("Account", type={"coding": [LOINC]}),
        "Coding",
    ),
    "free text, whole": (
        of("Observation", status="final", note=[{"text": WHO, "authorString": WHO, "time": "2020"}]),
        of("Observation", status="final", note=[{"_text": MASKED, "_authorString": MASKED, "time": "2020"}]),
        "markdown",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_law_2_nobody_is_left_in(clinical: Policy, name: str) -> None:
    sent, left, line = CASES[name]
    halves = split(sent, clinical, pseudonym_of)
    assert halves.clinical == left
    assert not holds(halves.clinical, WHO)
    assert same(merge(halves.clinical, halves.withheld), sent)
    assert line in clinical.lines or not line


# --- traps that are known from other tools, by their names ------------------------------------------------


def test_trap_text_like_elements_without_a_rule(clinical: Policy) -> None:
    """146 of them had none in a default set: here the check ends with 1 when one has none."""
    report = check(clinical)
    text = (
        "string",
        "markdown",
        "uri",
        "url",
        "canonical",
        "id",
        "oid",
        "uuid",
        "base64Binary",
        "xhtml",
        "code",
    )
    undecided = [row.path for row in report.rows if row.kind in text and not row.line]
    assert undecided == []
    assert {row.type for row in report.rows} >= MODEL.resources
    assert report.gaps == ()


@pytest.mark.parametrize("name", ["partner-limited", "partner-safe-harbor", "partner-shifted", "clinical"])
def test_trap_a_rule_with_a_typo_never_fires(name: str) -> None:
    """Every path of every line is one of R4's."""
    assert check(load(name)).dead == ()


def test_trap_ids_that_are_not_scoped_by_type(clinical: Policy) -> None:
    both = of("Account", subject=[{"reference": "Patient/1"}, {"reference": "Group/1"}])
    half = split(both, clinical, pseudonym_of).clinical
    assert half is not None
    patient, group = (one["reference"].split("/")[1] for one in half["subject"])
    assert patient != group


def test_trap_a_display_that_is_kept_because_the_code_is(clinical: Policy) -> None:
    sent, left, _ = CASES["a display whose code stays"]
    assert split(sent, clinical, pseudonym_of).clinical == left


def _broken() -> dict[str, tuple[Any, Any]]:
    """Halves that do not belong together, or that came back damaged."""
    sent = of(
        "Patient", id="mrn-1", name=[{"family": WHO}], birthDate="1974-12-25", contact=[{"gender": "male"}]
    )
    halves = split(
        {**sent, "address": [{"postalCode": "02115", "city": WHO}]}, load("clinical"), pseudonym_of
    )
    kept, gone = halves.clinical, halves.withheld
    assert kept is not None
    return {
        "another patient's clinical half": (of("Patient", id="p2"), gone),
        "a clinical half of another type": (of("Observation", id="p1"), gone),
        "a clinical half without its parts": ({**kept, "address": []}, gone),
        "a clinical half with another shape": ({**kept, "address": {"postalCode": "021"}}, gone),
        "no clinical half": (None, gone),
        "a withheld half that is none": (kept, None),
        "the whole in the place of the withheld half": (kept, sent),
        "a withheld half that is a list": (kept, [WHO]),
        "a withheld half of another shape": (kept, {**gone, "/": {"address": [["/", 7, {"city": WHO}]]}}),
        "a withheld half with an unknown sign": (kept, {**gone, "/": {"address": [["?", 0, {"city": WHO}]]}}),
        "a mark that is not there": (kept, {**gone, "-": ["_nothing"]}),
    }


@pytest.mark.parametrize("name", _broken())
def test_trap_the_original_that_comes_back_when_reversing_failed(name: str) -> None:
    """Halves that do not fit make an error that names nobody; neither of them comes back, nor a mixture."""
    with pytest.raises(HalvesDoNotFit) as failed:
        merge(*_broken()[name])
    assert WHO not in str(failed.value)
    assert failed.value.__suppress_context__ or failed.value.__context__ is None
