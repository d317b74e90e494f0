"""What can be asked wrongly, each with the status of its refusal, and canaries wherever there is room.

The canaries are an id, a name, a word and a birth date. A key in the form of an element's name is none: it
is repeated to say where it stands (``mappers.lossless.shown``).
"""

from __future__ import annotations

import base64
import gzip
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from tests.desk import bundle, entry

ID, NAME, WORD, DAY = "mrn-quill-7731", "Quillfeather", "kitten-key", "1961-04-17"
MALE, ERASED = f"{ID}-male", f"{ID}-erased"
URL = f"urn:hospital:{WORD}"
UUID = "urn:uuid:0c3d8ad9-0000-4000-8000-00000000c0de"
OF = f"Patient/{ID}"
FORM = {"Content_Type": "application/x-www-form-urlencoded"}
JSON_PATCH = {"Content_Type": "application/json-patch+json"}


@dataclass(frozen=True)
class Attempt:
    """A request and the status with which it is refused. ``who`` asks; a dict as body is sent as JSON."""

    status: int
    request: str
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    who: str = "hospital"

    @property
    def name(self) -> str:
        return f"{self.who} {self.request} {str(self.body)[:200]} {self.headers}"


def patient(**more: Any) -> dict[str, Any]:
    return {"resourceType": "Patient", "id": ID, "name": [{"family": NAME}], "birthDate": DAY, **more}


def observed(**more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"text": NAME},
        "subject": {"reference": OF},
        **more,
    }


def parameters(*given: dict[str, Any]) -> dict[str, Any]:
    return {"resourceType": "Parameters", "parameter": list(given)}


def operation(**parts: Any) -> dict[str, Any]:
    made = [{"name": name, "valueString" if name != "type" else "valueCode": v} for name, v in parts.items()]
    return parameters({"name": "operation", "part": made})


PLAN = {
    "resourceType": "CarePlan",
    "id": ID,
    "status": "draft",
    "intent": "plan",
    "subject": {"reference": OF},
    "identifier": [{"system": "urn:careloom:plan", "value": ID}],
}


def at(who: str, *attempts: Attempt) -> tuple[Attempt, ...]:
    return tuple(replace(one, who=who) for one in attempts)


ADDRESSES = (
    Attempt(404, f"GET {ID}"),
    Attempt(404, f"GET {NAME}/{ID}"),
    Attempt(404, f"GET {OF}/{NAME}/{ID}/{WORD}"),
    Attempt(405, f"POST {OF}", patient()),
    Attempt(404, f"GET Patient/unknown-{ID}"),
    Attempt(404, f"GET Patient/${WORD}"),
    Attempt(404, f"GET {OF}/_history/{NAME}"),
    Attempt(404, f"GET {OF}/_history/77"),
    Attempt(410, f"GET Patient/gone-{ID}"),
    Attempt(404, f"GET {OF}/_history/1?_format=json", who="partner"),
    Attempt(400, f"GET {OF}?{WORD}={NAME}"),
    Attempt(406, f"GET {OF}?_format=text/{WORD}"),
    Attempt(406, f"GET {OF}", headers={"Accept": f"text/{WORD}"}),
    Attempt(404, f"GET _async/{ID}"),
    Attempt(404, f"DELETE _async/{ID}"),
    Attempt(404, f"GET Patient/unknown-{ID}/_history"),
    Attempt(404, f"GET Patient/unknown-{ID}/$everything"),
    Attempt(404, f"GET Patient/unknown-{ID}/$meta"),
    Attempt(400, f"GET {OF}/$everything?_type={NAME}"),
    Attempt(400, f"GET {OF}/$everything?start={NAME}"),
    Attempt(400, f"GET {OF}/$everything?_since={NAME}"),
    Attempt(400, f"GET {OF}/$everything?{WORD}={NAME}"),
    Attempt(400, f"POST {OF}/$everything", patient()),
    Attempt(400, f"POST {OF}/$everything", parameters({"name": WORD, "valueHumanName": {"family": NAME}})),
    Attempt(400, f"GET Patient/_history?_since={NAME}"),
    Attempt(400, f"GET Patient/_history?{WORD}={NAME}"),
    Attempt(400, f"GET _history?_count={NAME}"),
)

SEARCHES = (
    Attempt(400, f"GET Patient?{WORD}={NAME}"),
    Attempt(400, f"GET Patient?family:{WORD}={NAME}"),
    Attempt(400, f"GET Patient?birthdate={NAME}"),
    Attempt(400, f"GET Patient?birthdate={DAY}T{NAME}"),
    Attempt(400, f"GET Patient?gender={NAME}|{WORD}|{ID}"),
    Attempt(400, f"GET Patient?gender:missing={NAME}"),
    Attempt(400, f"GET Observation?value-quantity={NAME}"),
    Attempt(400, f"GET Observation?code-value-quantity={NAME}"),
    Attempt(400, f"GET Observation?subject.{WORD}={NAME}"),
    Attempt(400, f"GET Observation?subject:{NAME}.family={NAME}"),
    Attempt(400, f"GET Observation?{WORD}.family={NAME}"),
    Attempt(400, f"GET Provenance?target.family={NAME}"),
    Attempt(400, f"GET Patient?_has:{NAME}:{WORD}:code={ID}"),
    Attempt(400, f"GET Practitioner?_has:Observation:patient:code={ID}"),
    Attempt(400, f"GET Observation?subject:Patient.link:Patient.link:Patient.link:Patient.family={NAME}"),
    Attempt(400, f"GET Patient?_sort={WORD}"),
    Attempt(400, "GET Patient?_sort=gender&_sort=family"),
    Attempt(400, f"GET Patient?_total={NAME}"),
    Attempt(400, f"GET Patient?_include={NAME}"),
    Attempt(400, f"GET Patient?_include={NAME}:{WORD}"),
    Attempt(400, f"GET Patient?_include=Patient:link:{NAME}"),
    Attempt(400, f"GET Patient?_include:{WORD}=Patient:link"),
    Attempt(400, f"GET Patient?_include=Observation:subject:{NAME}"),
    Attempt(400, f"GET Patient?_summary={NAME}"),
    Attempt(400, f"GET Patient?_summary=true&_elements={WORD}"),
    Attempt(400, f"GET Patient?_elements={WORD}"),
    Attempt(400, f"GET Patient?_summary=text&_include=Patient:link&family={NAME}"),
    Attempt(400, f"GET Patient?_count={NAME}"),
    Attempt(400, f"GET Patient?_count=1&_count={NAME}"),
    Attempt(400, f"GET Patient?_page={NAME}"),
    Attempt(400, f"GET Patient?_page={NAME}&family={NAME}"),
    Attempt(400, f"GET Patient?family={NAME}", headers={"Prefer": f"handling={WORD}"}),
    Attempt(400, "GET Patient?" + "&".join([f"family={NAME}"] * 101)),
    Attempt(400, "GET Observation?subject=" + ",".join(f"Patient/{ID}-{n}" for n in range(15_001))),
    Attempt(415, "POST Patient/_search", f"family={NAME}".encode(), {"Content_Type": f"text/{WORD}"}),
    Attempt(400, "POST Patient/_search", f"family=%ff{NAME}".encode(), FORM),
    Attempt(400, "POST Patient/_search", f"{WORD}={NAME}".encode(), FORM),
    *at(
        "partner",
        Attempt(400, f"GET Patient?family={NAME}"),
        Attempt(400, "GET Patient?_sort=family"),
        Attempt(400, f"GET CarePlan?subject:Patient.birthdate={DAY}"),
        Attempt(404, f"GET {OF}"),
        Attempt(403, f"PUT {OF}", patient()),
        Attempt(403, f"GET AuditEvent?patient={OF}"),
    ),
    *at(
        "officer",
        Attempt(403, f"GET {OF}"),
        Attempt(404, f"GET AuditEvent/{ID}"),
        Attempt(400, f"GET AuditEvent?{WORD}={NAME}"),
        Attempt(400, f"GET AuditEvent?date={NAME}"),
        Attempt(400, f"GET AuditEvent?date=xx{DAY}"),
        Attempt(400, f"GET AuditEvent?entity={NAME}"),
        Attempt(400, "GET AuditEvent?patient="),
        Attempt(400, f"GET AuditEvent?date={DAY}T{NAME}"),
        Attempt(400, f"GET AuditEvent?_page={NAME}"),
    ),
)

BODIES = (
    Attempt(400, "POST Patient", f'{{"resourceType": "Patient", "id": "{ID}" {NAME}}}'.encode()),
    Attempt(400, "POST Patient", f'{{"{NAME} {ID}": 1, "{NAME} {ID}": 2}}'.encode()),
    Attempt(400, "POST Patient", f'{{"name": [{{"family": "{NAME}", "family": "{WORD}"}}]}}'.encode()),
    Attempt(400, "POST Patient", f'"{NAME}"'.encode()),
    Attempt(400, "POST Patient", f'["{NAME}"]'.encode()),
    Attempt(400, "POST Patient", f'{{"resourceType": "Patient", "id": "{NAME}\\ud800"}}'.encode()),
    Attempt(400, "POST Patient", b'{"resourceType": "Patient", "id": "' + NAME.encode() + b'\xff"}'),
    Attempt(400, "POST Patient", b"[" * 200 + f'"{NAME}"'.encode() + b"]" * 200),
    Attempt(400, "POST Patient", f'{{"{WORD}": {"7" * 5_000}}}'.encode()),
    Attempt(400, "POST Patient", b'{"%s": NaN}' % WORD.encode()),
    Attempt(400, "POST Patient", NAME.encode(), {"Content_Encoding": "gzip"}),
    Attempt(415, "POST Patient", NAME.encode(), {"Content_Encoding": WORD}),
    Attempt(415, "POST Patient", patient(), {"Content_Type": f"text/{WORD}"}),
    Attempt(415, "POST Patient", patient(), {"Content_Type": f"application/json; charset={WORD}"}),
    Attempt(415, "POST Patient", patient(), {"Content_Type": f"application/json; fhirVersion={WORD}"}),
    Attempt(413, "POST Patient", patient(text={"div": NAME * 20_000})),
    Attempt(400, "POST Patient", {"resourceType": NAME, "id": ID}),
    Attempt(400, f"POST Patient?{WORD}={NAME}", patient()),
    Attempt(400, f"PUT Patient/{ID}", {**patient(), "id": f"{ID}-2"}),
    Attempt(400, f"PUT Patient/{ID}", {"resourceType": "Observation", "id": ID}),
    Attempt(400, f"PUT Patient/{NAME}_{ID}", patient(id=f"{NAME}_{ID}")),
    Attempt(400, "PUT Patient", patient()),
    Attempt(400, f"PUT Patient?{WORD}={NAME}", patient()),
    Attempt(400, "DELETE Patient"),
    Attempt(400, f"DELETE Patient?{WORD}={NAME}"),
    Attempt(400, f"PUT {OF}", patient(), {"If_Match": NAME}),
    Attempt(412, f"PUT {OF}", patient(active=True), {"If_Match": 'W/"77"'}),
    Attempt(412, f"DELETE {OF}", headers={"If_Match": 'W/"77"'}),
    Attempt(412, f"PUT Patient/unknown-{ID}", patient(id=f"unknown-{ID}"), {"If_Match": 'W/"1"'}),
    Attempt(412, "DELETE Patient?gender=female"),
    Attempt(412, "PUT Patient?gender=female", {k: v for k, v in patient().items() if k != "id"}),
    Attempt(412, "POST Patient", patient(), {"If_None_Exist": "gender=female"}),
    Attempt(400, "POST Patient", patient(), {"If_None_Exist": f"{WORD}={NAME}"}),
    Attempt(400, "POST Patient", patient(), {"Idempotency_Key": WORD * 40}),
    Attempt(422, "POST Patient", patient(active=True), {"Idempotency_Key": WORD}),
    Attempt(422, "POST Observation", observed(subject={"reference": f"Patient?identifier={NAME}"})),
    Attempt(403, "POST Patient", patient(), who="narrow"),
    Attempt(403, f"GET Observation?subject:Patient.family={NAME}", who="narrow"),
    Attempt(403, f"PUT {OF}", patient(active=True), who="narrow"),
    Attempt(404, f"PATCH {OF}", operation(type="delete", path=NAME), who="narrow"),
)

FAULTS: tuple[dict[str, Any], ...] = (
    {"gender": NAME},
    {"birthDate": f"{DAY} {NAME}"},
    {"birthDate": "1961-02-30", "name": NAME},
    {"active": NAME},
    {f"{NAME} of {ID}": WORD},
    {f"_{NAME}": {"extension": [{"url": URL, "valueString": WORD}]}},
    {"multipleBirthInteger": NAME},
    {"name": [{"family": {"text": NAME}}]},
    {"name": {"family": NAME}},
    {"name": []},
    {"name": [{}]},
    {"name": [None, NAME]},
    {"maritalStatus": NAME},
    {"contact": [{"gender": "female", "id": NAME}]},
    {"generalPractitioner": [{"reference": f"Observation/{ID}"}]},
    {"generalPractitioner": [{"reference": f"#{WORD}"}]},
    {"managingOrganization": [{"reference": NAME}]},
    {"extension": [{"url": URL, "valueString": NAME, "valueCode": WORD}]},
    {"extension": [{"valueString": NAME}]},
    {"extension": [{"url": URL, f"value{NAME} {ID}": WORD}]},
    {"contained": [{"resourceType": NAME, "id": WORD}]},
    {"contained": [{"resourceType": "Organization", "id": WORD, "name": NAME}]},
    {"text": {"status": NAME, "div": f"<div>{NAME}</div>"}},
    {"text": {"status": "generated", "div": f'<div xmlns="http://www.w3.org/1999/xhtml"><script>{NAME}'}},
    {"photo": [{"data": f"{NAME}!"}]},
    {"deceasedBoolean": True, "deceasedDateTime": DAY},
    {"link": [{"other": {"reference": OF}}]},
    {"identifier": [{"use": WORD, "system": f"{NAME} {WORD}", "value": ID}]},
    {"meta": {"lastUpdated": NAME, "versionId": f"{NAME} {ID}"}},
    {"id": f"{NAME} {ID}"},
    {"id": NAME * 10},
)
"""What is wrong with a resource."""

PATCHES: tuple[tuple[int, Any], ...] = (
    (400, f'[{{"op": "{WORD}", "path": "/{NAME}"}}]'.encode()),
    (422, f'[{{"op": "replace", "path": "/{NAME}/{ID}", "value": "{NAME}"}}]'.encode()),
    (422, f'[{{"op": "remove", "path": "/name/{NAME}"}}]'.encode()),
    (400, f'[{{"op": "add", "path": "{NAME}", "value": "{NAME}"}}]'.encode()),
    (422, f'[{{"op": "move", "from": "/{NAME}", "path": "/gender"}}]'.encode()),
    (422, f'[{{"op": "test", "path": "/name/0/family", "value": "{NAME}-{WORD}"}}]'.encode()),
    (422, f'[{{"op": "replace", "path": "/id", "value": "{NAME}"}}]'.encode()),
    (422, f'[{{"op": "replace", "path": "/gender", "value": "{NAME}"}}]'.encode()),
    (400, f'{{"{WORD}": "{NAME}"}}'.encode()),
    (400, operation(type=WORD, path=f"Patient.{NAME}")),
    (400, operation(type="replace", path=f"Patient.name.where(family = '{NAME}", value=NAME)),
    (400, operation(type="replace", path=f"Patient.{WORD}('{NAME}')", value=NAME)),
    (400, operation(type="add", path="Patient", name=WORD, value=NAME)),
    (400, operation(type="insert", path="Patient.name", index=NAME, value=NAME)),
    (422, operation(type="replace", path="Patient.gender", value=NAME)),
    (400, parameters({"name": WORD, "valueString": NAME})),
    (400, {"resourceType": "Patient", "id": ID}),
)


def submitted(*entries: Any, kind: str = "transaction") -> dict[str, Any]:
    return bundle(*entries, kind=kind)


NO_JSON = {
    "resourceType": "Binary",
    "contentType": "application/json-patch+json",
    "data": base64.b64encode(NAME.encode()).decode(),
}
TWICE = (entry("PUT", OF, patient(active=True)), entry("PUT", OF, patient(active=False)))
BUNDLES: tuple[tuple[int, dict[str, Any]], ...] = (
    (400, patient()),
    (400, submitted(kind=WORD)),
    (400, {"resourceType": "Bundle", "type": "transaction", "entry": NAME}),
    (400, submitted({"resource": patient(), "fullUrl": URL})),
    (400, submitted(entry(NAME, OF, patient()))),
    (400, submitted(entry("PUT", f"{NAME}/{ID}", patient()))),
    (400, submitted(entry("POST", f"Patient/{ID}", patient()))),
    (400, submitted(entry("PUT", "Patient", patient()))),
    (400, submitted(entry("PUT", OF))),
    (400, submitted(entry("PUT", OF, {"resourceType": NAME, "id": ID}))),
    (400, submitted(entry("PUT", f"{OF}-2", patient()))),
    (400, submitted(entry("PUT", OF, patient(), ifMatch=NAME))),
    (412, submitted(entry("PUT", OF, patient(active=True), ifMatch='W/"77"'))),
    (422, submitted(entry("HEAD", OF))),
    (400, submitted(entry("PUT", OF, {**observed(), "id": ID}))),
    (
        400,
        submitted(entry("PATCH", OF, NO_JSON)),
    ),
    (422, submitted(entry("GET", f"{OF}/_history/{NAME}"))),
    (404, submitted(entry("GET", f"Patient/unknown-{ID}"))),
    (410, submitted(entry("GET", f"Patient/gone-{ID}"))),
    (400, submitted(entry("GET", f"Patient?{WORD}={NAME}"))),
    (422, submitted(entry("GET", f"Patient?family={NAME}"), TWICE[0])),
    (400, submitted(*TWICE)),
    (400, submitted(entry("DELETE", OF), entry("GET", OF))),
    (400, submitted(*(entry("PUT", f"Patient?family={NAME}x", {"resourceType": "Patient"}),) * 2)),
    (400, submitted(entry("PATCH", OF, patient()))),
    (400, submitted(entry("PATCH", OF, {"resourceType": "Binary", "contentType": NAME, "data": WORD}))),
    (404, submitted(entry("PATCH", f"Patient/unknown-{ID}", operation(type="delete", path="Patient.name")))),
    (410, submitted(entry("PATCH", f"Patient/gone-{ID}", operation(type="delete", path="Patient.name")))),
    (422, submitted(entry("POST", "Observation", observed(subject={"reference": UUID}), full_url=URL))),
    (422, submitted(entry("POST", "Observation", observed(subject={"reference": f"Patient?family={WORD}"})))),
    (412, submitted(entry("POST", "Patient", patient(), ifNoneExist="gender=female"))),
    (412, submitted(entry("DELETE", "Patient?gender=female"))),
    (400, submitted(entry("PUT", OF, patient(gender=NAME)))),
    (413, submitted(*(entry("GET", f"{OF}-{n}") for n in range(31)))),
)

VALIDATIONS = (
    Attempt(400, f"POST Patient/$validate?mode={WORD}", patient()),
    Attempt(400, "POST Patient/$validate?mode=profile", patient()),
    Attempt(422, f"POST Patient/$validate?profile={URL}", patient()),
    Attempt(400, f"POST Patient/$validate?{WORD}={NAME}", patient()),
    Attempt(400, f"POST {OF}/$validate?mode=create", patient()),
    Attempt(400, "POST Patient/$validate", parameters({"name": WORD, "valueCode": NAME})),
    Attempt(400, "POST Patient/$validate", parameters({"name": "resource", "valueCode": NAME})),
    Attempt(400, "POST Patient/$validate", parameters(NAME)),  # type: ignore[arg-type]
)

STANDING = (
    # A token that may change male patients only, and read observations.
    Attempt(403, f"PUT Patient/{MALE}", patient(id=MALE, gender="female"), who="narrow"),
    Attempt(403, f"PATCH Patient/{MALE}", operation(type="delete", path="Patient.gender"), who="narrow"),
    Attempt(403, "POST ", submitted(entry("PUT", OF, patient()), entry("GET", OF)), who="narrow"),
    # Who was erased.
    Attempt(410, f"GET Patient/{ERASED}"),
    Attempt(410, f"GET Patient/{ERASED}/_history"),
    Attempt(410, f"GET Patient/{ERASED}/$everything"),
    Attempt(410, f"PUT Patient/{ERASED}", patient(id=ERASED)),
    Attempt(410, "POST Observation", observed(subject={"reference": f"Patient/{ERASED}"})),
    # More than may be opened.
    Attempt(400, "GET Observation?subject:Patient.gender=female"),
    Attempt(400, f"GET Patient?family:contains={NAME}"),
    Attempt(400, "GET Patient?_sort=gender"),
    # What is another's, or the plan's.
    Attempt(409, f"PUT Patient?family={NAME}-{WORD}", patient(id=MALE)),
    Attempt(400, f"PUT Patient?_id={ID}", patient(id=f"{ID}-x")),
    Attempt(404, f"PATCH Patient?family={NAME}-{WORD}", operation(type="delete", path="Patient.gender")),
    Attempt(422, f"PUT CarePlan/{ID}", PLAN),
    Attempt(400, f"PUT Patient?family={NAME}", {"resourceType": "Observation", "id": ID}),
    # Rarer forms of what stands above.
    Attempt(413, "POST Patient", gzip.compress(NAME.encode() * 50_000), {"Content_Encoding": "gzip"}),
    Attempt(400, "POST Patient", gzip.compress(NAME.encode())[:-4], {"Content_Encoding": "gzip"}),
    Attempt(400, "POST Patient", gzip.compress(b"{}") + NAME.encode(), {"Content_Encoding": "gzip"}),
    Attempt(400, f"GET Patient/_history?_page={NAME}&_since={DAY}"),
    Attempt(400, f"GET Patient/_history?_page={NAME}"),
    Attempt(400, "GET Patient/_history?_since=0001-01-01T00:00:00%2B14:00"),
    Attempt(400, f"GET Patient?_include=Observation:subject&family={NAME}"),
    Attempt(400, "POST Patient/$validate", parameters({"name": "mode", "valueCode": "create"})),
    Attempt(400, f"GET AuditEvent?outcome={NAME}", who="officer"),
    Attempt(400, f"GET AuditEvent?action={NAME}", who="officer"),
)
"""What asks for more than the tables above: for what stands there, or for a token of its own."""

FORMS: tuple[dict[str, str], ...] = (
    {"grant_type": WORD, "client_assertion": NAME},
    {"grant_type": "client_credentials", "client_assertion_type": WORD, "client_assertion": NAME},
    {"scope": f"system/{NAME}.r"},
    {"scope": f"system/Patient.{WORD}"},
    {"scope": f"system/Patient.r?{WORD}={NAME}"},
    {"scope": f"system/Patient.r?family={NAME}"},
    {"scope": f"{NAME}"},
    {"scope": "system/Observation.r", "client_id": NAME},
    {"client_assertion": f"{NAME}.{WORD}.{ID}"},
    {"client_assertion": base64.urlsafe_b64encode(NAME.encode()).decode() * 3},
)
CLAIMS: tuple[dict[str, Any], ...] = (
    {"iss": NAME},
    {"sub": NAME},
    {"aud": URL},
    {"jti": ""},
    {"exp": NAME},
    {"extensions": NAME},
    {"extensions": {"hl7-b2b": NAME}},
    {"extensions": {"hl7-b2b": {"version": "1", "subject_id": f"{NAME} {WORD}\n"}}},
    {"extensions": {"hl7-b2b": {"version": "1", "subject_id": ID, "purpose_of_use": [NAME]}}},
    {
        "extensions": {
            "hl7-b2b": {"version": "1", "subject_id": f"{NAME} {WORD}", "purpose_of_use": ["TREAT"]}
        }
    },
    {"extensions": {"hl7-b2b": {"version": "1", "subject_id": ID, "purpose_of_use": ["BTG"]}}},
)


def attempts() -> Iterator[Attempt]:
    """Everything of the tables."""
    yield from (*ADDRESSES, *SEARCHES, *BODIES, *VALIDATIONS, *STANDING)
    for fault in FAULTS:
        yield Attempt(400, "POST Patient", patient(**fault))
        yield Attempt(400, "POST ", submitted(entry("PUT", OF, patient(**fault))))
    for status, patch in PATCHES:
        yield Attempt(status, f"PATCH {OF}", patch, JSON_PATCH if isinstance(patch, bytes) else {})
    for status, sent in BUNDLES:
        yield Attempt(status, "POST ", sent)
