"""The play itself: a hospital, a partner app and an officer come, patients arrive, plans appear.

Each step is one function, so that the command reads as the story that it tells. Nothing here looks into the
data directory: what is shown is what each of the three may see.
"""

from __future__ import annotations

import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

import msgspec
from joserfc.jwk import ECKey

from gateway.demo.client import Resource, SmartClient, reference_in
from gateway.demo.patients import load_bundle
from gateway.demo.server import NotRunning, Server
from mappers.lossless import number_text

HOSPITAL, APP = "St. Anna Hospital", "Weave App"
OFFICER = "Compliance officer"
ENTRIES = 60
PLAN_IDENTIFIER = "urn:careloom:plan|"
PLAN_SECONDS = 120.0
PAUSE_SECONDS = 0.25
SCOPES = {"ehr": "system/*.cruds", "partner": "system/*.rs", "officer": "system/AuditEvent.rs"}
EVERY_PAGE = "200"
MOST_FOUND = 8
SANDBOX_PATIENTS = "3"


@dataclass(frozen=True, slots=True)
class Cast:
    """Who takes part."""

    hospital: SmartClient
    partner: SmartClient
    officer: SmartClient


@dataclass(frozen=True, slots=True)
class Arrival:
    """A patient as the hospital knows them; who has died gets no plan."""

    reference: str
    name: str
    born: str
    living: bool


@dataclass(frozen=True, slots=True)
class Patient:
    """A patient with what the hospital can read about them by now; no plan for who has died."""

    arrival: Arrival
    plan: Resource | None
    found: tuple[str, ...]


def cast(server: Server) -> Cast:
    """Register the three, let the hospital grant the app its pseudonymous plans, and open the sandbox."""
    hospital = enter(server, "ehr", HOSPITAL)
    partner = enter(server, "partner", APP)
    officer = enter(server, "officer", HOSPITAL)
    server.command("grant", "add", "--client", partner.client_id, "--organization", HOSPITAL)
    server.command("sandbox", "open", "--patients", SANDBOX_PATIENTS)
    return Cast(hospital, partner, officer)


def desk(server: Server) -> str:
    """The one-time link of an officer who comes to the console."""
    who = ("--name", OFFICER, "--organization", HOSPITAL)
    return str(server.command("officer", "add", *who)["link"])


def enter(server: Server, role: str, organization: str) -> SmartClient:
    """Register a client whose private key never leaves this process."""
    key = ECKey.generate_key("P-384", parameters={"kid": uuid.uuid4().hex, "alg": "ES384"})
    jwks = server.folder / f"{role}.jwks"
    jwks.write_bytes(msgspec.json.encode({"keys": [key.as_dict(private=False)]}))
    name = f"{organization} ({role})"
    who = ("--name", name, "--role", role, "--organization", organization)
    made = server.command("client", "add", *who, "--scope", SCOPES[role], "--jwks", str(jwks))
    return SmartClient(server.base_url, made["client_id"], key, SCOPES[role])


def admit(hospital: SmartClient, patients: int, seed: int, today: date) -> Iterator[Arrival]:
    """Send so many patients, one transaction each."""
    for number in range(patients):
        bundle = load_bundle(seed * 1_000_000 + number, ENTRIES, today)
        answer = hospital.transaction(bundle)
        yield _arrival(bundle, answer)


def _arrival(bundle: Resource, answer: Resource) -> Arrival:
    pairs = zip(bundle["entry"], answer["entry"], strict=True)
    sent, response = next((e["resource"], a["response"]) for e, a in pairs if _is_patient(e))
    reference = reference_in(response["location"])
    name = sent["name"][0]
    living = not sent.get("deceasedDateTime") and not sent.get("deceasedBoolean")
    return Arrival(reference, f"{' '.join(name['given'])} {name['family']}", sent["birthDate"], living)


def _is_patient(entry: Resource) -> bool:
    return bool(entry["resource"]["resourceType"] == "Patient")


def plans(reader: SmartClient) -> dict[str, Resource]:
    """Careloom's plans by the patient that this reader sees."""
    found = reader.search("CarePlan", {"identifier": PLAN_IDENTIFIER, "_count": EVERY_PAGE})
    return {plan["subject"]["reference"]: plan for plan in found if plan["status"] == "draft"}


def look(hospital: SmartClient, arrivals: Iterable[Arrival], plans: Mapping[str, Resource]) -> list[Patient]:
    """What the hospital reads of each."""
    return [_look(hospital, arrival, plans.get(arrival.reference)) for arrival in arrivals]


def _look(hospital: SmartClient, arrival: Arrival, plan: Resource | None) -> Patient:
    if plan is None:
        return Patient(arrival, None, ())
    told = [
        *plan.get("addresses", ()),
        *(info for info in plan.get("supportingInfo", ()) if "display" not in info),
    ]
    references = list(dict.fromkeys(each["reference"] for each in told))[:MOST_FOUND]
    return Patient(arrival, plan, tuple(finding(hospital.get(reference)) for reference in references))


def finding(resource: Resource) -> str:
    """One line for a problem, a computed value or a danger."""
    code = resource["code"]
    name = code.get("text") or code["coding"][0].get("display") or code["coding"][0]["code"]
    if (value := resource.get("valueQuantity")) is not None:
        return f"{name}: {number_text(value['value'])} {value.get('unit', '')}".rstrip()
    return str(name)


def partner_view(partner: SmartClient) -> list[Resource]:
    """What the app gets when it polls: plans about pseudonyms."""
    return [plan for _, plan in sorted(plans(partner).items())]


def trail(officer: SmartClient) -> Counter[str]:
    """How often each kind of thing happened."""
    events = officer.search("AuditEvent", {"_count": EVERY_PAGE})
    return Counter(event["subtype"][-1]["code"] for event in events)


def wait_for_plans(
    hospital: SmartClient, arrivals: Iterable[Arrival], seen: Callable[[int], None], alive: Callable[[], None]
) -> None:
    """Ask until every living patient has a plan; ``seen`` hears how many have one."""
    awaited = {arrival.reference for arrival in arrivals if arrival.living}
    deadline = time.monotonic() + PLAN_SECONDS
    while True:
        found = plans(hospital)
        seen(len(awaited & set(found)))
        if awaited <= set(found):
            return
        alive()
        if time.monotonic() > deadline:
            raise NotRunning(f"{len(awaited - set(found))} plans did not come within {PLAN_SECONDS:.0f} s")
        time.sleep(PAUSE_SECONDS)
