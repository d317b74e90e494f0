"""``fhirpy``, the client that most Python services use: search sets, conditional writes, references."""

from __future__ import annotations

import asyncio

import pytest
from fhirpy import AsyncFHIRClient, SyncFHIRClient
from fhirpy.base.exceptions import OperationOutcome, ResourceNotFound

from tests.third_party.conftest import Wire

CODE = {"coding": [{"system": "http://loinc.org", "code": "4548-4"}]}


@pytest.fixture
def client(wire: Wire) -> SyncFHIRClient:
    return SyncFHIRClient(wire.base, authorization=f"Bearer {wire.token}")


def save(client: SyncFHIRClient, id_: str, family: str = "Hopkins"):
    made = client.resource("Patient", id=id_, name=[{"family": family}], gender="female")
    made.save()
    return made


def test_save_read_change_delete(client: SyncFHIRClient):
    made = save(client, "mrn-1")
    found = client.reference("Patient", "mrn-1").to_resource()
    assert found["name"][0]["family"] == "Hopkins"
    found["gender"] = "other"
    found.save()
    assert client.get("Patient", "mrn-1")["gender"] == "other"
    made.delete()
    with pytest.raises(ResourceNotFound):
        client.get("Patient", "mrn-1")


def test_a_new_resource_gets_an_id(client: SyncFHIRClient):
    made = client.resource("Patient", name=[{"family": "Hopkins"}])
    made.save()
    assert client.get("Patient", made.id)["name"] == [{"family": "Hopkins"}]


def test_searching(client: SyncFHIRClient):
    for number in range(5):
        save(client, f"mrn-{number}", "Hopkins" if number < 3 else "Muster")
    found = client.resources("Patient").search(family="hopkins").limit(2)
    assert {one.id for one in found.fetch_all()} == {"mrn-0", "mrn-1", "mrn-2"}
    assert client.resources("Patient").search(_id="mrn-4").get()["id"] == "mrn-4"
    assert client.resources("Patient").search(family="nobody").first() is None


def test_counting_asks_for_more_than_r4_has_and_is_told_so(client: SyncFHIRClient, wire: Wire):
    """Its ``count()`` sends ``_totalMethod``, which R4 does not know: refused, unless it is lenient."""
    save(client, "mrn-1")
    with pytest.raises(OperationOutcome):
        client.resources("Patient").count()
    lenient = SyncFHIRClient(
        wire.base, authorization=f"Bearer {wire.token}", extra_headers={"Prefer": "handling=lenient"}
    )
    assert lenient.resources("Patient").count() == 1


def test_sorting_including_and_chaining(client: SyncFHIRClient):
    save(client, "mrn-1")
    for day in ("03", "01", "02"):
        client.resource(
            "Observation",
            id=f"lab-{day}",
            status="final",
            code=CODE,
            subject={"reference": "Patient/mrn-1"},
            effectiveDateTime=f"2025-11-{day}",
        ).save()
    observations = client.resources("Observation")
    assert [one.id for one in observations.sort("date").fetch()] == ["lab-01", "lab-02", "lab-03"]
    assert [one.id for one in observations.sort("-date").fetch()] == ["lab-03", "lab-02", "lab-01"]
    bundle = observations.search(date__ge="2025-11-02").include("Observation", "subject").fetch_raw()
    kinds = [entry["search"]["mode"] for entry in bundle["entry"]]
    assert sorted(kinds) == ["include", "match", "match"]
    assert len(observations.search(subject__Patient__family="hopkins").fetch()) == 3
    patients = client.resources("Patient")
    assert [one.id for one in patients.has("Observation", "patient", code="4548-4").fetch()] == ["mrn-1"]


def test_conditional_update(client: SyncFHIRClient):
    def body(gender: str):
        return client.resource("Patient", identifier=[{"system": "urn:mrn", "value": "7"}], gender=gender)

    matching = client.resources("Patient").search(identifier="urn:mrn|7")
    one, created = matching.update(body("female"))
    again, made = matching.update(body("other"))
    assert (created, made, one.id, again["gender"]) == (True, False, again.id, "other")


def test_its_merge_patch_is_not_one_of_r4s_and_changes_nothing(client: SyncFHIRClient):
    made = save(client, "mrn-1")
    with pytest.raises(OperationOutcome):
        made.patch(gender="male")
    assert client.get("Patient", "mrn-1")["gender"] == "female"


def test_operations(client: SyncFHIRClient):
    made = save(client, "mrn-1")
    everything = made.execute("$everything", method="get")
    assert [entry["resource"]["id"] for entry in everything["entry"]] == ["mrn-1"]


def test_a_partner_sees_no_name(client: SyncFHIRClient, wire: Wire):
    save(client, "mrn-1")
    partner = SyncFHIRClient(wire.base, authorization=f"Bearer {wire.partner.client.token()}")
    assert partner.resources("CarePlan").search(identifier="urn:careloom:plan|").fetch_all() == []
    with pytest.raises(OperationOutcome):
        partner.resources("Patient").search(family="hopkins").fetch()


def test_many_at_once(wire: Wire):
    async def work() -> int:
        client = AsyncFHIRClient(wire.base, authorization=f"Bearer {wire.token}")
        patients = [client.resource("Patient", id=f"mrn-{n}", gender="other") for n in range(12)]
        await asyncio.gather(*(one.save() for one in patients))
        return len(await client.resources("Patient").limit(5).fetch_all())

    assert asyncio.run(work()) == 12


def test_applying_a_definition(client: SyncFHIRClient):
    save(client, "mrn-1")
    condition = {"language": "text/fhirpath", "expression": "Patient.gender = 'female'"}
    rule = client.resource(
        "PlanDefinition",
        id="welcome",
        status="draft",
        action=[
            {"title": "Say hello", "condition": [{"kind": "applicability", "expression": condition}]},
        ],
    )
    rule.save()
    plan = rule.execute("$apply", method="GET", params={"subject": "Patient/mrn-1"})
    assert plan["resourceType"] == "CarePlan"
    assert [one["resourceType"] for one in plan["contained"]] == ["Task", "RequestGroup"]
    subject = {"name": "subject", "valueString": "Patient/mrn-1"}
    again = rule.execute("$apply", data={"resourceType": "Parameters", "parameter": [subject]})
    assert again == plan
