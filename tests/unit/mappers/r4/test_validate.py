"""What R4 allows is accepted; what it forbids is refused where it stands, and not repeated."""

from __future__ import annotations

import copy
import csv
import random
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mappers.lossless import loads
from mappers.r4.model import MODEL
from mappers.r4.shapes import Shapes
from mappers.r4.validate import envelope_problems, problems
from tests.unit.mappers.r4.generated import CANARY, any_resource, resource_of

SLOW_TO_DRAW = settings(
    deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)

PATIENT = {"resourceType": "Patient", "id": "p1", "name": [{"family": "Doe", "given": ["Jo", "Q"]}]}
OBSERVATION = {"resourceType": "Observation", "status": "final", "code": {"text": "x"}}


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every container in a value with each key or index into it."""
    if isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield value, key
            yield from places(value[key])


def shuffled(value: Any, chance: random.Random) -> Any:
    """The same value with the keys of every object in another order."""
    if isinstance(value, list):
        return [shuffled(item, chance) for item in value]
    if not isinstance(value, dict):
        return value
    keys = list(value)
    chance.shuffle(keys)
    return {key: shuffled(value[key], chance) for key in keys}


# --- valid resources -------------------------------------------------------------------------------------


@SLOW_TO_DRAW
@given(any_resource(), st.randoms(use_true_random=False))
def test_valid_resources_are_accepted_in_any_order_of_keys(
    resource: dict[str, Any], chance: random.Random
) -> None:
    assert problems(resource) == []
    assert problems(shuffled(resource, chance)) == []


@pytest.mark.parametrize("name", sorted(MODEL.resources))
def test_every_type_has_a_check(name: str) -> None:
    assert not [one for one in problems({"resourceType": name}) if one.code not in ("required", "invariant")]


@pytest.mark.parametrize("folder", ["r4-examples", "us-core-examples", "pgx", "synthea"])
def test_reference_resources_are_accepted(shared_data: Path, folder: str) -> None:
    refused = {
        path.name: problems(loads(path.read_bytes()))
        for path in sorted((shared_data / "fhir" / folder).rglob("*.json"))
    }
    # Its narrative has no div, which R4 asks for (1..1).
    assert {name for name, found in refused.items() if found} <= {"DiagnosticReport-cbc.json"}


def test_the_mutants_are_refused_where_they_are_broken(shared_data: Path) -> None:
    folder = shared_data / "fhir" / "broken-r4"
    with (folder / "CASES.tsv").open() as table:
        cases = [row["case"] for row in csv.DictReader(table, delimiter="\t")]
    assert len(cases) == 23
    for case in cases:
        body = loads((folder / f"{case}.json").read_bytes())
        found = problems(body)
        assert found, case
        assert all(one.expression.startswith((body["resourceType"], "Resource")) for one in found)


@pytest.mark.parametrize(
    "resource",
    [
        {**PATIENT, "birthDate": "1980-05"},
        {**PATIENT, "_birthDate": {"extension": [{"url": "urn:x", "valueCode": "masked"}]}},
        {"resourceType": "Patient", "name": [{"given": ["Jo", None], "_given": [None, {"id": "g"}]}]},
        {**OBSERVATION, "status": "final", "valueQuantity": {"value": 5}},
        {"resourceType": "Observation", "_status": {"extension": [{"url": "urn:x", "valueCode": "masked"}]},
         "code": {"text": "x"}},
        {**OBSERVATION, "subject": {"reference": "Patient/1/_history/2"}},
        {**OBSERVATION, "subject": {"reference": "Patient?identifier=urn:x|1"}},
        {**OBSERVATION, "subject": {"reference": "urn:uuid:c757873d-ec9a-4326-a141-556f43239520"}},
        {**OBSERVATION, "subject": {"reference": "https://example.org/fhir/Patient/1"}},
        {**OBSERVATION, "subject": {"display": "somebody"}},
        {**OBSERVATION, "subject": {"reference": "#p"}, "contained": [{**PATIENT, "id": "p"}]},
        {"resourceType": "Binary", "contentType": "text/plain", "data": "aGVs\nbG8="},
        {"resourceType": "Condition", "subject": {"reference": "Patient/1"},
         "clinicalStatus": {"text": "in words only"}},
    ],
)  # fmt: skip
def test_what_r4_allows(resource: dict[str, Any]) -> None:
    assert problems(resource) == []


# --- broken resources ------------------------------------------------------------------------------------

BROKEN: list[tuple[dict[str, Any], str, str]] = [
    ({"resourceType": "Observation", "code": {"text": "x"}}, "required", "Observation.status"),
    ({**OBSERVATION, "status": "done"}, "code-invalid", "Observation.status"),
    ({**OBSERVATION, "valueQuantity": {"value": "5"}}, "structure", "Observation.value.value"),
    ({**OBSERVATION, "valueMoney": {"value": 5}}, "structure", "Observation.valueMoney"),
    ({**OBSERVATION, "valueString": "x", "valueInteger": 1}, "structure", "Observation.value"),
    ({**OBSERVATION, "valueString": "x", "_valueInteger": {"id": "1"}}, "structure", "Observation.value"),
    ({**OBSERVATION, "effectiveDateTime": "2021-02-30"}, "value", "Observation.effective"),
    ({**OBSERVATION, "effectiveDateTime": "2021-02-03T10:00:00"}, "value", "Observation.effective"),
    ({**OBSERVATION, "subject": {"reference": "Encounter/1"}}, "value", "Observation.subject.reference"),
    ({**OBSERVATION, "subject": {"reference": "Patient/a b"}}, "value", "Observation.subject.reference"),
    ({**OBSERVATION, "subject": {"reference": "http://x.org/fhir/Encounter/1"}}, "value",
     "Observation.subject.reference"),
    ({**OBSERVATION, "subject": {"reference": "#p"}}, "invariant", "Observation.subject.reference"),
    ({**OBSERVATION, "contained": [{**PATIENT, "id": "p"}]}, "invariant", "Observation.contained[0]"),
    ({**OBSERVATION, "dataAbsentReason": {"text": "x"}, "valueString": "x"}, "invariant", "Observation"),
    ({**OBSERVATION, "code": {"coding": [{"code": "1"}]}, "valueString": "x",
      "component": [{"code": {"coding": [{"code": "1"}]}}]}, "invariant", "Observation"),
    ({**PATIENT, "name": {"family": "Doe"}}, "structure", "Patient.name"),
    ({**PATIENT, "name": []}, "structure", "Patient.name"),
    ({**PATIENT, "name": [{}]}, "structure", "Patient.name[0]"),
    ({**PATIENT, "name": [None]}, "structure", "Patient.name[0]"),
    ({**PATIENT, "name": [{"given": ["Jo", None]}]}, "structure", "Patient.name[0].given[1]"),
    ({**PATIENT, "name": [{"given": ["Jo"], "_given": [None, None]}]}, "structure",
     "Patient.name[0].given[1]"),
    ({**PATIENT, "gender": None}, "structure", "Patient.gender"),
    ({**PATIENT, "gender": ""}, "value", "Patient.gender"),
    ({**PATIENT, "gender": ["male"]}, "structure", "Patient.gender"),
    ({**PATIENT, "active": "true"}, "structure", "Patient.active"),
    ({**PATIENT, "multipleBirthInteger": True}, "structure", "Patient.multipleBirth"),
    ({**PATIENT, "birthDate": "1980-5-1"}, "value", "Patient.birthDate"),
    ({**PATIENT, "favouriteColour": "red"}, "structure", "Patient.favouriteColour"),
    ({**PATIENT, "id": "no spaces"}, "value", "Patient.id"),
    ({**PATIENT, "contact": [{"gender": "male"}]}, "invariant", "Patient.contact[0]"),
    ({**PATIENT, "photo": [{"contentType": "image/png", "data": "???"}]}, "value", "Patient.photo[0].data"),
    ({**PATIENT, "text": {"status": "generated"}}, "required", "Patient.text.div"),
    ({**PATIENT, "extension": [{"url": "urn:x"}]}, "invariant", "Patient.extension[0]"),
    ({**PATIENT, "identifier": [{"period": {"start": "2021", "end": "2020"}}]}, "invariant",
     "Patient.identifier[0].period"),
    ({**PATIENT, "managingOrganization": {"reference": "#o"}, "contained": [
        {"resourceType": "Organization", "id": "o", "name": "x", "meta": {"versionId": "1"}}]}, "invariant",
     "Patient.contained[0].meta.versionId"),
    ({"resourceType": "Patience"}, "not-supported", "Resource"),
    ({"id": "1"}, "required", "Resource"),
    ({"resourceType": "MedicationRequest", "status": "active", "intent": "order",
      "medicationCodeableConcept": {"text": "x"}, "subject": {"reference": "Patient/1"},
      "dispenseRequest": {"quantity": {"value": 1, "comparator": "<"}}}, "invariant",
     "MedicationRequest.dispenseRequest.quantity"),
]  # fmt: skip


@pytest.mark.parametrize(("resource", "code", "expression"), BROKEN)
def test_what_r4_forbids_is_refused_where_it_stands(
    resource: dict[str, Any], code: str, expression: str
) -> None:
    found = problems(resource)
    assert [(one.code, one.expression) for one in found] == [(code, expression)]


@pytest.mark.parametrize(
    "div",
    [
        "<div>no namespace</div>",
        '<p xmlns="http://www.w3.org/1999/xhtml">no div</p>',
        '<div xmlns="http://www.w3.org/1999/xhtml">open',
        '<div xmlns="http://www.w3.org/1999/xhtml"><script>x()</script></div>',
        '<div xmlns="http://www.w3.org/1999/xhtml"><p onclick="x()">y</p></div>',
        '<div xmlns="http://www.w3.org/1999/xhtml" onload="x()">y</div>',
        '<div xmlns="http://www.w3.org/1999/xhtml"><a href=" java\nscript:x()">y</a></div>',
        '<div xmlns="http://www.w3.org/1999/xhtml"><iframe src="https://x.org"/></div>',
        '<div xmlns="http://www.w3.org/1999/xhtml"><svg xmlns="http://www.w3.org/2000/svg"/></div>',
        '<!DOCTYPE div [<!ENTITY a "b">]><div xmlns="http://www.w3.org/1999/xhtml">&a;</div>',
        '<div xmlns="http://www.w3.org/1999/xhtml">a ]]> b</div>',
        '<div xmlns="http://www.w3.org/1999/xhtml">a > b & c</div>',
    ],
)
def test_narratives_show_and_do_nothing(div: str) -> None:
    text = {"status": "generated", "div": div}
    assert [(one.code, one.expression) for one in problems({**PATIENT, "text": text})] == [
        ("invalid", "Patient.text.div")
    ]


def test_narratives_may_be_formatted() -> None:
    div = (
        '<div xmlns="http://www.w3.org/1999/xhtml"><p style="color:red">a &amp; <b>b</b></p>'
        '<img src="#pic" alt="x"/><a href="https://example.org">y</a><table><tr><td>1</td></tr></table></div>'
    )
    assert problems({**PATIENT, "text": {"status": "generated", "div": div}}) == []


@pytest.mark.parametrize("control", [chr(n) for n in range(32) if chr(n) not in "\t\n\r"], ids=repr)
@pytest.mark.parametrize(
    ("resource", "place"),
    [
        (lambda text: {**PATIENT, "name": [{"family": text}]}, "Patient.name[0].family"),
        (lambda text: {**PATIENT, "language": text}, "Patient.language"),
        (lambda text: {**PATIENT, "implicitRules": text}, "Patient.implicitRules"),
        (lambda text: {**OBSERVATION, "note": [{"text": text}]}, "Observation.note[0].text"),
    ],
    ids=["string", "code", "uri", "markdown"],
)
def test_control_characters_are_refused_where_they_stand(
    resource: Callable[[str], dict[str, Any]], place: str, control: str
) -> None:
    (problem, *_) = problems(resource(f"a{control}b"))
    assert problem.expression.startswith(place)


@pytest.mark.parametrize("text", ["a\tb", "a\r\nb", "a\u007fb", "a\u00a0b", "a\u200bb", "\U0001f600"])
def test_every_other_character_may_stand_in_a_string(text: str) -> None:
    assert problems({**PATIENT, "name": [{"family": text}]}) == []


def test_a_null_on_both_sides_stands_for_nothing() -> None:
    name = {"given": ["Jo", None], "_given": [None, None]}
    assert {one.expression for one in problems({**PATIENT, "name": [name]})} == {"Patient.name[0].given[1]"}


def test_every_problem_is_found_in_one_pass() -> None:
    resource = {
        **PATIENT,
        "gender": "man",
        "birthDate": "soon",
        "name": [{"use": "x"}, {"family": 1}],
        "z": 1,
    }
    assert {one.expression for one in problems(resource)} == {
        "Patient.gender", "Patient.birthDate", "Patient.name[0].use", "Patient.name[1].family", "Patient.z"
    }  # fmt: skip


def test_expressions_begin_at_the_root_that_was_given() -> None:
    (problem,) = problems({**PATIENT, "gender": 1}, root="Bundle.entry[3].resource")
    assert problem.expression == "Bundle.entry[3].resource.gender"


# --- bundles ---------------------------------------------------------------------------------------------


def bundle(*resources: dict[str, Any]) -> dict[str, Any]:
    entries = [
        {"fullUrl": f"urn:uuid:{number}", "resource": one, "request": {"method": "POST", "url": "Patient"}}
        for number, one in enumerate(resources)
    ]
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}


def test_entries_are_checked_with_the_bundle_and_apart_from_it() -> None:
    whole = bundle(PATIENT, {**PATIENT, "gender": "man"})
    assert [one.expression for one in problems(whole)] == ["Bundle.entry[1].resource.gender"]
    assert envelope_problems(whole) == []


def test_the_envelope_is_checked_without_its_resources() -> None:
    whole = bundle(PATIENT, {"resourceType": "Patience"})
    del whole["entry"][0]["request"]["method"]
    whole["entry"].append({"fullUrl": "urn:uuid:0", "request": {"method": "DELETE", "url": "x"}})
    found = [(one.code, one.expression) for one in envelope_problems(whole)]
    assert ("required", "Bundle.entry[0].request.method") in found
    assert ("not-supported", "Bundle.entry[1].resource") in found
    assert ("invariant", "Bundle") in found, "bdl-7: two entries with one fullUrl"


def test_fragments_are_told_apart_between_entries() -> None:
    pointing = {**OBSERVATION, "subject": {"reference": "#p"}}
    whole = bundle({**pointing, "contained": [{**PATIENT, "id": "p"}]}, pointing)
    assert [one.expression for one in problems(whole)] == ["Bundle.entry[1].resource.subject.reference"]


# --- mutations -------------------------------------------------------------------------------------------


@SLOW_TO_DRAW
@given(any_resource(), st.data())
def test_unknown_elements_are_refused_at_any_depth(resource: dict[str, Any], data: st.DataObject) -> None:
    objects = [resource, *(box[key] for box, key in places(resource) if isinstance(box[key], dict))]
    data.draw(st.sampled_from(objects))["notOfThisRelease"] = "x"
    assert any(one.expression.endswith(".notOfThisRelease") for one in problems(resource))


@SLOW_TO_DRAW
@given(any_resource(), st.data())
def test_no_value_may_be_null_empty_or_of_another_json_type(
    resource: dict[str, Any], data: st.DataObject
) -> None:
    choices = [(box, key) for box, key in places(resource) if key != "resourceType" and box[key] is not None]
    box, key = data.draw(st.sampled_from(choices))
    wrong = [None, "", {}, [], [[]], {"resourceType": 5}]
    box[key] = data.draw(st.sampled_from(wrong))
    assert problems(resource)


@SLOW_TO_DRAW
@given(any_resource(), st.data())
def test_what_is_required_is_missed(resource: dict[str, Any], data: st.DataObject) -> None:
    kind = MODEL.types[resource["resourceType"]]
    required = [element for element in kind.elements.values() if element.min]
    if required:
        element = data.draw(st.sampled_from(required))
        for key, _ in element.json_names():
            resource.pop(key, None)
            resource.pop(f"_{key}", None)
        assert ("required", f"{kind.name}.{element.name}") in {
            (one.code, one.expression) for one in problems(resource)
        }


ANYTHING = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=4), st.just("#x")),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["id", "url", "system", "code", "coding", "reference"]), inner),
    ),
    max_leaves=6,
)


@SLOW_TO_DRAW
@given(any_resource(), ANYTHING, st.data())
def test_no_input_is_too_strange_to_be_judged(
    resource: dict[str, Any], strange: Any, data: st.DataObject
) -> None:
    box, key = data.draw(st.sampled_from([*places(resource)]))
    box[key] = strange
    assert isinstance(problems(resource), list)
    assert isinstance(envelope_problems(resource), list)


@SLOW_TO_DRAW
@given(any_resource(), st.data())
def test_law_2_problems_repeat_nothing_of_the_resource(resource: dict[str, Any], data: st.DataObject) -> None:
    boxes = [(box, key) for box, key in places(resource) if key != "resourceType"]
    for _ in range(3):
        box, key = data.draw(st.sampled_from(boxes))
        box[key] = data.draw(st.sampled_from([f"{CANARY} \n", [f"{CANARY}"], {f"{CANARY}": CANARY}]))
    assert CANARY not in str(problems(resource))


@SLOW_TO_DRAW
@given(resource_of("Patient"))
def test_checking_changes_nothing(resource: dict[str, Any]) -> None:
    before = copy.deepcopy(resource)
    problems(resource)
    assert resource == before


def test_a_type_that_two_threads_meet_first_is_known_to_both_whole():
    """A type whose members are still being made would know none of its elements."""
    made = Shapes(lambda value: None, lambda value: None)
    ready, threads = threading.Barrier(6), range(6)

    def first(_: int) -> Any:
        ready.wait()
        return made.of("Patient")({"resourceType": "Patient", "id": "p", "name": [{"family": "Hopkins"}]})

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(len(threads)) as pool:
            assert list(pool.map(first, threads)) == [None] * len(threads)
    finally:
        sys.setswitchinterval(before)
