"""The rules of IHE BALP's profiles (1.1), each by name, on what a mixed workload leaves in the trail.

The rules are written from the profiles' own definitions and not from our mapping of them. Each is tried on
every event that claims its profile, and each profile is claimed by every event that it is made for.
"""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from fhir.resources.R4B.auditevent import AuditEvent

from gateway.auth.users import Trust
from gateway.custody.founding import found
from gateway.custody.settings import Storage
from gateway.disclosures.service import Asked, Disclosures
from gateway.fhir.balp import PATTERNS
from gateway.run import presence
from gateway.settings import Settings
from mappers.consent import Default
from mappers.r4.dates import is_instant
from mappers.r4.validate import problems
from tests.actors import Hospital, Town, town
from tests.consents import client, consent, permit
from tests.desk import Desk, diabetic, entry, observation, patient, put

BALP = "https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit."
REST = "http://terminology.hl7.org/CodeSystem/audit-event-type"
INTERACTION = "http://hl7.org/fhir/restful-interaction"
DCM = "http://dicom.nema.org/resources/ontology/DCM"
USERS = ("IRCP", "AUT", "INF", "CST")
PARTICIPATION = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"
ENTITY = "http://terminology.hl7.org/CodeSystem/audit-entity-type"
ROLE = "http://terminology.hl7.org/CodeSystem/object-role"
REQUEST_ID = "https://profiles.ihe.net/ITI/BALP/CodeSystem/BasicAuditEntityType"
CUSTODIAN = "http://terminology.hl7.org/CodeSystem/provenance-participant-type"
AUTHZ = "https://profiles.ihe.net/ITI/BALP/CodeSystem/AuthZsubType"
SECRETS = ("Hopkins", "nne", "mrn-1", "mrn-2", "77310042", "1961-04-17", "Nobodyson")

Event = dict[str, Any]
Rule = Callable[[Event], bool]
B2B = {"hl7-b2b": {"version": "1", "subject_id": "npi-12", "purpose_of_use": ["ETREAT"]}}


# --- what a profile looks at -------------------------------------------------------------------------------


def coded(coding: Mapping[str, str], system: str, *codes: str) -> bool:
    return coding["system"] == system and coding["code"] in codes


def agents(event: Event, system: str, *codes: str) -> list[Event]:
    return [one for one in event["agent"] if coded(one["type"]["coding"][0], system, *codes)]


def entities(event: Event, system: str, code: str) -> list[Event]:
    return [one for one in event["entity"] if coded(one["type"], system, code)]


def is_type(system: str, code: str) -> Rule:
    return lambda event: coded(event["type"], system, code)


def has_subtype(system: str, *codes: str) -> Rule:
    return lambda event: sum(coded(one, system, *codes) for one in event["subtype"]) == 1


def is_action(action: str) -> Rule:
    return lambda event: event["action"] == action


def is_one_agent(system: str, code: str, network: bool = True, us: bool | None = None) -> Rule:
    """One, ``who`` 1..1, ``network`` 1..1 where asked for, no media; ``us``: whether it is us."""

    def rule(event: Event) -> bool:
        (one,) = agents(event, system, code)
        whole = bool(one["who"]) and "media" not in one and ("network" in one or not network)
        return whole and (us is None or (one["who"] == event["source"]["observer"]) is us)

    return rule


def user_is(*codes: str) -> Rule:
    """A user is of the profile's value set, asked for it, has no network and no media."""

    def rule(event: Event) -> bool:
        users = agents(event, PARTICIPATION, *USERS)
        return all(
            one["type"]["coding"][0]["code"] in codes
            and one["who"]
            and one["requestor"] is True
            and not {"network", "media"} & one.keys()
            for one in users
        )

    return rule


def has_data(event: Event) -> bool:
    (data,) = entities(event, ENTITY, "2")
    return coded(data["role"], ROLE, "4", "3", "20") and bool(data["what"])


def has_query(event: Event) -> bool:
    (query,) = entities(event, ENTITY, "2")
    text = base64.b64decode(query["query"], validate=True).decode()
    return coded(query["role"], ROLE, "24") and "?" in text and query.get("description", text) == text


def query_is_bare(event: Event) -> bool:
    (query,) = entities(event, ENTITY, "2")
    return not {"what", "lifecycle", "detail", "name"} & query.keys()


def has_patient(event: Event) -> bool:
    (one,) = entities(event, ENTITY, "1")
    return coded(one["role"], ROLE, "1") and one["what"]["reference"].startswith("Patient/")


def names_request(event: Event) -> bool:
    told = entities(event, REQUEST_ID, "XrequestId")
    return len(told) <= 1 and all(one["what"]["identifier"]["value"] for one in told)


def observes(system: str, code: str) -> Rule:
    """Invariant val-audit-source: this agent is who recorded the event."""
    return lambda event: agents(event, system, code)[0]["who"] == event["source"]["observer"]


def bare_agent(system: str, code: str, *absent: str) -> Rule:
    return lambda event: not set(absent) & agents(event, system, code)[0].keys()


def only_entities(event: Event) -> bool:
    """The slices of a decision's entities are closed."""
    return {one["type"]["code"] for one in event["entity"]} <= {"1", "Consent", "UserOauthAgent"}


def is_recorded(event: Event) -> bool:
    return is_instant(event["recorded"])


def is_bare(event: Event) -> bool:
    """``modifierExtension`` 0..0."""
    return "modifierExtension" not in event


def did_not_ask(system: str, code: str) -> Rule:
    return lambda event: [one["requestor"] for one in agents(event, system, code)] == [False]


def known_user(event: Event) -> bool:
    """The slice of a token's user: known by an identifier, asked for it, no device, and the token's id."""
    return all(
        one["who"]["identifier"]["value"]
        and one["requestor"] is True
        and not {"media", "network"} & one.keys()
        and "policy" in one
        for one in agents(event, *RECIPIENT)
    )


def restful(action: str, *codes: str) -> dict[str, Rule]:
    return {
        "type is rest": is_type(REST, "rest"),
        f"subtype is one of {' '.join(codes)}, once": has_subtype(INTERACTION, *codes),
        f"action is {action}": is_action(action),
        "recorded is told": is_recorded,
        "outcome is success": lambda event: event["outcome"] == "0",
        "there are two agents or more": lambda event: len(event["agent"]) >= 2,
        "the request id is an identifier": names_request,
        "one agent asked for it": lambda event: [a["requestor"] for a in event["agent"]].count(True) == 1,
        "agent user is one at most": lambda event: len(agents(event, PARTICIPATION, *USERS)) <= 1,
        "there is an entity": lambda event: len(event["entity"]) >= 1,
    }


READ = {
    **restful("R", "read", "vread"),
    "agent client is the destination": is_one_agent(DCM, "110152", us=False),
    "agent server is the source": is_one_agent(DCM, "110153", us=True),
    "agent user is an information recipient": user_is("IRCP"),
    "entity data is a resource": has_data,
}
QUERY = {
    **restful("E", "search", "search-type", "search-system"),
    "agent client is the source": is_one_agent(DCM, "110153", us=False),
    "agent server is the destination": is_one_agent(DCM, "110152", us=True),
    "agent user is an information recipient": user_is("IRCP"),
    "entity query is in base64": has_query,
    "entity query has neither what nor lifecycle nor detail": query_is_bare,
}


def writing(action: str, *codes: str) -> dict[str, Rule]:
    return {
        **restful(action, *codes),
        "agent client is the source": is_one_agent(DCM, "110153", us=False),
        "agent server is the destination": is_one_agent(DCM, "110152", us=True),
        "agent user is an author, informant or custodian": user_is("AUT", "INF", "CST"),
        "entity data is a resource": has_data,
    }


DELETE = {
    **restful("D", "delete"),
    "agent client is the application": is_one_agent(DCM, "110150", us=False),
    "agent server is the custodian": is_one_agent(CUSTODIAN, "custodian", us=True),
    "agent user is an author, informant or custodian": user_is("AUT", "INF", "CST"),
    "entity data is a resource": has_data,
}
OF_PATIENT = {
    "there are data and a patient": lambda event: len(event["entity"]) >= 2,
    "entity patient is one person in the role of patient": has_patient,
}
NO_PATIENT = {"no patient is named": lambda event: not entities(event, ENTITY, "1")}
_FEW = ("role", "altId", "name", "location", "media", "purposeOfUse")
_FEWER = ("role", "altId", "location", "media", "network")
RECIPIENT, PROVIDER = (PARTICIPATION, "IRCP"), ("http://terminology.hl7.org/CodeSystem/v3-RoleClass", "PROV")
AUTHORIZER = ("http://terminology.hl7.org/CodeSystem/extra-security-role-type", "authserver")

PROFILES: Mapping[str, Mapping[str, Rule]] = {
    "Create": writing("C", "create") | NO_PATIENT,
    "PatientCreate": writing("C", "create") | OF_PATIENT,
    "Read": READ | NO_PATIENT,
    "PatientRead": READ | OF_PATIENT,
    "Update": writing("U", "update", "patch") | NO_PATIENT,
    "PatientUpdate": writing("U", "update", "patch") | OF_PATIENT,
    "Delete": DELETE | NO_PATIENT,
    "PatientDelete": DELETE | OF_PATIENT,
    "Query": QUERY | NO_PATIENT,
    "PatientQuery": QUERY | OF_PATIENT,
    "AuthZconsent": {
        "type is security alert": is_type(DCM, "110113"),
        "no modifier": is_bare,
        "recorded is told": is_recorded,
        "there is a subtype": lambda event: len(event["subtype"]) >= 1,
        "each subtype is of the value set": lambda e: all(
            coded(s, AUTHZ, "AuthZ-Consent") for s in e["subtype"]
        ),
        "action is E": is_action("E"),
        "outcome is told": lambda event: event["outcome"] in ("0", "4", "8", "12"),
        "agent client is the application": is_one_agent(DCM, "110150", us=False),
        "agent client has who and network alone": bare_agent(DCM, "110150", *_FEW),
        "agent user is an information recipient": is_one_agent(*RECIPIENT, network=False),
        "agent user asked for it": user_is("IRCP"),
        "agent user has no network": bare_agent(*RECIPIENT, "altId", "location", "media", "network"),
        "agent userorg is a healthcare provider": is_one_agent(*PROVIDER, network=False),
        "agent userorg has who alone": bare_agent(*PROVIDER, "name", "policy", *_FEWER),
        "agent authorizer is the authorization server": is_one_agent(*AUTHORIZER, network=False),
        "agent userorg did not ask for it": did_not_ask(*PROVIDER),
        "agent authorizer did not ask for it": did_not_ask(*AUTHORIZER),
        "there are two agents or more": lambda event: len(event["agent"]) >= 2,
        "there are two entities or more": lambda event: len(event["entity"]) >= 2,
        "agent authorizer has who alone": bare_agent(*AUTHORIZER, "name", "policy", "purposeOfUse", *_FEWER),
        "val-audit-source: agent authorizer is the observer": observes(*AUTHORIZER),
        "entities are patient, consent and token only": only_entities,
        "entity consent is there": lambda e: bool(
            entities(e, "http://hl7.org/fhir/resource-types", "Consent")[0]["what"]
        ),
        **OF_PATIENT,
    },
    "PrivacyDisclosure.Source": {
        "no modifier": is_bare,
        "recorded is told": is_recorded,
        "outcome is told": lambda event: event["outcome"] in ("0", "4", "8", "12"),
        "there are two agents or more": lambda event: len(event["agent"]) >= 2,
        "type is export": is_type(DCM, "110106"),
        "subtype has disclose": has_subtype(
            "http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle", "disclose"
        ),
        "action is R": is_action("R"),
        "agent source is there": is_one_agent(DCM, "110153"),
        "val-audit-source: agent source is the observer": observes(DCM, "110153"),
        "agent recipient is the destination": is_one_agent(DCM, "110152"),
        "there are two entities or more": lambda event: len(event["entity"]) >= 2,
        **OF_PATIENT,
    },
    "OAUTHaccessTokenUse.Comprehensive": {
        "agent client is the application": is_one_agent(DCM, "110150", network=False, us=False),
        "agent client is known by its client_id": lambda event: bool(
            agents(event, DCM, "110150")[0]["who"]["identifier"]["value"]
        ),
        "agent user, if any, is known, asked for it and names its token": known_user,
    },
}
RULES = [(profile, rule) for profile, rules in PROFILES.items() for rule in rules]
SUCCEEDED = {
    "rest:create": "Create",
    "rest:read": "Read",
    "rest:vread": "Read",
    "rest:update": "Update",
    "rest:patch": "Update",
    "rest:delete": "Delete",
    "rest:search": "Query",
}


# --- the workload ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def trail(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Event]]:
    """What an officer sees after a day with every kind of access in it."""
    storage = Storage.from_environ({"CARELOOM_DATA_DIR": str(tmp_path_factory.mktemp("balp") / "careloom")})
    found(storage)
    here = town(Settings(storage, base_url="http://careloom.test"))
    assert here.app is not None
    vault = here.app.extensions["careloom_vault"]
    with presence.recorded(vault.database, _now, "1.0"):
        _day(here, storage)
        _accounting(here)
    officer = here.officer()
    officer.searches("AuditEvent?patient=Patient/mrn-1&date=ge2026")
    yield officer.searches("AuditEvent?_count=500")
    vault.close()


def _now() -> int:
    return time.time_ns() // 1000


def _day(here: Town, storage: Storage) -> None:
    hospital = here.hospital()
    app = here.partner("app-gmbh", "st-anna", consent=Default.OPT_IN)
    hospital.submits(
        {"resourceType": "Bundle", "type": "transaction", "entry": [put(o) for o in diabetic("mrn-1")]}
    )
    hospital.puts(consent("c1", "Patient/mrn-1", permit(client(app.client_id))))
    _writes(hospital)
    _looks(hospital)
    desk = Desk(storage)
    desk.now = _now()
    desk.works()
    desk.close()
    (plan,) = app.searches("CarePlan?identifier=urn:careloom:plan|")
    app.asks("GET", f"CarePlan/{plan['id']}")
    app.asks("GET", "CarePlan/nobodys")
    hospital.puts(consent("c1", "Patient/mrn-1", permit(client(app.client_id)), status="inactive"))
    app.polls()
    _with_a_user(here)
    here.session().get(
        f"{here.base_url}/fhir/Patient/mrn-1", headers={"Authorization": "Bearer x"}, timeout=10
    )
    here.registration.revoke_grant(app.client_id, "st-anna")
    here.registration.revoke_client(app.client_id)


def _writes(hospital: Hospital) -> None:
    clinic = {"resourceType": "Organization", "id": "clinic", "name": "Nobodyson"}
    hospital.puts(clinic)
    hospital.puts({**clinic, "active": True})
    hospital.asks("DELETE", "Organization/clinic")
    hospital.asks("POST", "Organization", {"resourceType": "Organization", "name": "Nobodyson"})
    hospital.puts(patient("mrn-2"))
    hospital.puts(patient("mrn-2", active=True))
    hospital.asks("POST", "Observation", observation("o", "Patient/mrn-2"))
    hospital.puts(observation("o-1", "Patient/mrn-2"))
    change = [{"op": "add", "path": "/active", "value": False}]
    hospital.asks("PATCH", "Patient/mrn-2", change, Content_Type="application/json-patch+json")
    hospital.asks("DELETE", "Observation/o-1")
    link = {"type": "replaced-by", "other": {"reference": "Patient/mrn-1"}}
    hospital.puts(patient("mrn-2", active=False, link=[link]))


def _looks(hospital: Hospital) -> None:
    hospital.puts({"resourceType": "Organization", "id": "ward", "name": "Nobodyson"})
    for path in (
        "Patient/mrn-1",
        "Patient/mrn-1/_history/1",
        "Patient/mrn-1/_history",
        "Patient/_history",
        "Patient/nobody",
        "Organization/ward",
        "Organization/ward/_history/1",
        "Observation?patient=mrn-1&code=http://loinc.org|4548-4",
        "Observation?patient=nobody",
        "Patient?family=Hopkins&birthdate=1961-04-17&identifier=77310042",
        "Patient?family=Nobodyson",
        "Organization?name=Nobodyson",
        "Patient?shoe-size=42",
        "Patient/mrn-1/$everything",
    ):
        hospital.asks("GET", path)
    hospital.asks("POST", "Patient/$validate", patient("mrn-1"))
    entries = [entry("GET", "Patient/mrn-1"), entry("GET", "Patient?family=Hopkins")]
    hospital.asks("POST", "", {"resourceType": "Bundle", "type": "batch", "entry": entries})


def _with_a_user(here: Town) -> None:
    ward = here.hospital(trust=Trust(users=True))
    told = ward.client.ask_for_token(ward.client.assertion(extensions=B2B)).json()
    session = here.session()
    session.headers["Authorization"] = f"Bearer {told['access_token']}"
    for path in ("Patient/mrn-1", "Observation?patient=mrn-1", "Organization/ward"):
        session.get(f"{here.base_url}/fhir/{path}", timeout=10)
    body = {"resourceType": "Organization", "name": "Nobodyson"}
    session.post(f"{here.base_url}/fhir/Organization", json=body, timeout=10)
    session.headers["Content-Type"] = "application/fhir+json"
    session.delete(f"{here.base_url}/fhir/Organization/ward", timeout=10)


def _accounting(here: Town) -> None:
    assert here.app is not None
    vault = here.app.extensions["careloom_vault"]
    tenant = next(one for one, name in here.registration.clients()[1].items() if name == "st-anna")
    list(Disclosures(vault, _now).account(Asked(tenant, "mrn-1", 0, _now())).found)


# --- the tests ---------------------------------------------------------------------------------------------


def kind_of(event: Event) -> str:
    return str(event["meta"]["tag"][0]["code"])


def claiming(trail: list[Event], profile: str) -> list[Event]:
    return [event for event in trail if f"{BALP}{profile}" in event["meta"].get("profile", ())]


@pytest.mark.parametrize(
    ("profile", "rule"), RULES, ids=[f"{profile}: {rule}".replace(" ", "_") for profile, rule in RULES]
)
def test_balp(trail: list[Event], profile: str, rule: str):
    found = claiming(trail, profile)
    assert found, f"nothing in the workload claims {profile}"
    assert [event["id"] for event in found if not PROFILES[profile][rule](event)] == []


@pytest.mark.parametrize(("kind", "name"), SUCCEEDED.items())
def test_every_access_that_succeeded_claims_its_profile(trail: list[Event], kind: str, name: str):
    of_kind = [event for event in trail if kind_of(event) == kind and event["outcome"] == "0"]
    assert of_kind
    for event in of_kind:
        concerns = any(one["type"]["code"] == "1" for one in event["entity"])
        assert f"{BALP}{'Patient' if concerns else ''}{name}" in event["meta"]["profile"]


def test_what_was_refused_claims_nothing(trail: list[Event]):
    refused = [e for e in trail if e["outcome"] != "0" and kind_of(e).partition(":")[0] != "consent"]
    assert refused
    assert all("profile" not in event["meta"] for event in refused)


def test_every_event_is_valid_r4(trail: list[Event]):
    for event in trail:
        assert problems(event) == []
        AuditEvent.model_validate(event)


def test_law_2_no_event_names_anybody(trail: list[Event]):
    for event in trail:
        text = str(event) + "".join(
            base64.b64decode(one["query"]).decode() for one in event.get("entity", ()) if "query" in one
        )
        assert [secret for secret in SECRETS if secret in text] == []


def test_the_workload_is_mixed_and_each_kind_in_it_is_known(trail: list[Event]):
    kinds = {kind_of(event) for event in trail}
    assert kinds <= PATTERNS.keys()
    assert {kind.partition(":")[0] for kind in kinds} == {
        "client",
        "consent",
        "grant",
        "merge",
        "patient",
        "rest",
        "system",
        "token",
        "worker",
    }
    assert {kind for kind in PATTERNS if kind.startswith("rest:")} - kinds <= {
        "rest:apply",
        "rest:batch",
        "rest:transaction",
    }


def test_users_are_seen_in_every_role(trail: list[Event]):
    roles = {
        (kind_of(event), one["type"]["coding"][0]["code"])
        for event in trail
        for one in event["agent"]
        if one["who"] == {"identifier": {"value": "npi-12"}}
    }
    assert {
        ("rest:read", "IRCP"),
        ("rest:search", "IRCP"),
        ("rest:create", "AUT"),
        ("rest:delete", "AUT"),
    } <= roles


def test_a_query_shows_who_was_asked_about_as_the_officer_sees_them(trail: list[Event]):
    asked = {
        (one["description"].partition("&")[0], event["entity"][0]["what"]["reference"])
        for event in claiming(trail, "PatientQuery")
        for one in event["entity"]
        if "&code=" in one.get("description", "")
    }
    ((query, patient_),) = asked
    assert query == f"Observation?patient={patient_}"


def test_what_a_partner_was_given_is_marked_as_disclosed(trail: list[Event]):
    given = [e for e in trail if any(one["code"] == "disclose" for one in e["subtype"])]
    assert {kind_of(event) for event in given} == {"rest:read", "rest:search", "patient:disclosures"}


def test_the_gateway_is_seen_to_start_and_to_stop(trail: list[Event]):
    told = [
        (kind_of(e), e["type"]["code"], e["subtype"][0]["code"], e["id"].partition("-")[0]) for e in trail
    ]
    assert [one for one in told if one[0].startswith("system:")] == [
        ("system:stop", "110100", "110121", "0"),
        ("system:start", "110100", "110120", "0"),
    ]
