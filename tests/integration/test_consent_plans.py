"""Who declines automated recommendation gets no plan, loses the one that there is, and can have it back."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from gateway.custody import jobs
from gateway.custody.opening import open_clinic
from mappers import lossless
from tests.consents import (
    ENGINE,
    actions,
    actor,
    classes,
    client,
    concept,
    consent,
    deny,
    label,
    labels,
    permit,
    purposes,
)
from tests.desk import Desk, diabetic, ehr, observation, unknown_meaning
from workers import reading, writing
from workers.station import Station, load_knowledge

ME = "Patient/mrn-1"
HL7 = "http://terminology.hl7.org/CodeSystem"
PLANS = "CarePlan?identifier=urn:careloom:plan|"
DECLINED = deny(ENGINE, action=actions("use"))


def says(desk: Desk, provision: dict[str, Any] | None, **more: Any) -> None:
    desk.puts(consent("c1", ME, provision, **more))


def of(desk: Desk) -> dict[str, Any]:
    """The plan as the hospital reads it."""
    (found,) = desk.searches(PLANS)
    return found


def works(desk: Desk) -> int:
    """What is due, once the clock has moved on."""
    desk.now += jobs.SECOND
    return desk.works()


@pytest.fixture
def planned(desk: Desk) -> Desk:
    """Somebody with a plan."""
    return _planned(desk)


@pytest.fixture
def lone(small_desk: Desk) -> Desk:
    """The same, on the embedded database only."""
    return _planned(small_desk)


def _planned(desk: Desk) -> Desk:
    desk.puts(*diabetic("mrn-1"))
    desk.works()
    return desk


# --- declined ----------------------------------------------------------------------------------------------


def test_who_declined_before_gets_no_plan(desk: Desk):
    desk.puts(consent("c1", ME, DECLINED), *diabetic("mrn-1"))
    assert works(desk) == 1
    assert desk.searches("CarePlan") == []
    assert [one["id"] for one in desk.searches("Observation")] == ["mrn-1-crea", "mrn-1-a1c"], (
        "nothing derived"
    )


def test_a_draft_is_withdrawn_and_nothing_recommended_is_left_in_it(planned: Desk):
    before = of(planned)
    assert before["activity"]
    says(planned, DECLINED)
    assert works(planned) == 1, "a Consent makes a job"
    after = of(planned)
    assert (after["id"], after["status"]) == (before["id"], "revoked")
    assert not {"activity", "goal", "addresses", "supportingInfo"} & set(after)
    assert "does not consent" in after["text"]["div"]
    titles = [line["detail"]["code"]["text"] for line in before["activity"]]
    assert not [title for title in titles if title in str(after)]
    assert {one["lifecycleStatus"] for one in planned.searches("Goal")} == {"cancelled"}
    derived = [one for one in planned.searches("Observation") if "derivedFrom" in one]
    assert derived
    assert {one["status"] for one in derived} == {"entered-in-error"}


def test_the_withdrawal_names_the_consent_that_it_rests_on(lone: Desk):
    says(lone, DECLINED)
    works(lone)
    newest = lone.searches("Provenance")[0]
    assert [one["what"]["reference"] for one in newest["entity"]] == ["Consent/c1/_history/1"]


def test_law_7_to_withdraw_twice_writes_nothing(lone: Desk):
    says(lone, DECLINED)
    works(lone)
    before = lone.counts("job", "audit_event", "audit_head")
    says(lone, DECLINED, dateTime="2026-02-01")
    works(lone)
    after = lone.counts("job", "audit_event", "audit_head")
    assert after["version"] == before["version"] + 1, "the Consent's own"


def test_the_plan_comes_back_with_the_consent(planned: Desk):
    before = of(planned)
    says(planned, DECLINED)
    works(planned)
    says(planned, DECLINED, status="inactive")
    works(planned)
    after = of(planned)
    assert lossless.dumps(after["activity"]) == lossless.dumps(before["activity"])
    assert after["status"] == "draft"
    assert {one["lifecycleStatus"] for one in planned.searches("Goal")} == {"proposed"}


def test_who_declines_by_another_word_declines(lone: Desk):
    device = {"resourceType": "Device", "id": "d", "identifier": [ENGINE["reference"]["identifier"]]}
    lone.puts(device)
    for provision in (
        deny(),
        deny(actor({"reference": "Device/d"})),
        deny(**{"class": classes("CarePlan")}),
        deny(actor({"reference": "Device/nobody-knows"})),
        deny(actor({"display": "the computer"})),
    ):
        says(lone, provision)
        works(lone)
        assert of(lone)["status"] == "revoked"
        says(lone, provision, status="inactive")
        works(lone)
        assert of(lone)["status"] == "draft"


def test_what_is_said_of_partners_says_nothing_of_the_engine(lone: Desk):
    for provision in (
        deny(client("an-app")),
        deny(actor({"reference": "Organization/elsewhere"})),
        deny(action=actions("disclose")),
        deny(ENGINE, purpose=purposes("HRESCH")),
        permit(client("an-app")),
    ):
        says(lone, provision)
        works(lone)
        assert of(lone)["status"] == "draft"


def test_law_8_a_consent_that_workers_cannot_read_declines(lone: Desk):
    lone.puts(unknown_meaning(consent("c1", ME, permit())))
    works(lone)
    assert of(lone)["status"] == "revoked"
    lone.intake.delete(ehr(), "Consent", "c1")
    works(lone)
    assert of(lone)["status"] == "draft"


def test_law_7_a_consent_that_ends_on_a_day_has_a_job_waiting_for_it(planned: Desk):
    says(planned, {**DECLINED, "period": {"end": "2026-03-09"}})
    works(planned)
    assert of(planned)["status"] == "revoked"
    planned.now = int(datetime(2026, 3, 10, 0, 0, 1, tzinfo=UTC).timestamp()) * jobs.SECOND
    assert planned.works() == 1
    assert of(planned)["status"] == "draft"


# --- decided -----------------------------------------------------------------------------------------------


def decides(desk: Desk, *statuses: str) -> dict[str, Any]:
    """A clinician sets the first lines of the plan; what the plan is then."""
    found = of(desk)
    for line, status in zip(found["activity"], statuses, strict=False):
        line["detail"]["status"] = status
    desk.puts(found)
    return of(desk)


def statuses(body: dict[str, Any]) -> dict[str, str]:
    return {one["detail"]["code"]["text"]: one["detail"]["status"] for one in body.get("activity", ())}


def test_law_10_what_a_clinician_accepted_stays_the_clinicians(planned: Desk):
    before = statuses(decides(planned, "in-progress", "cancelled"))
    assert len(before) > 2
    says(planned, DECLINED)
    works(planned)
    after = of(planned)
    assert statuses(after) == {k: v for k, v in before.items() if v != "not-started"}
    assert after["status"] == "draft", "somebody carries it on"
    says(planned, None, status="inactive", policyRule=concept("urn:x", "y"))
    works(planned)
    assert statuses(of(planned)) == before


def test_law_10_what_was_declined_does_not_come_back_with_the_consent(lone: Desk):
    before = statuses(decides(lone, "cancelled"))
    says(lone, DECLINED)
    works(lone)
    assert of(lone)["status"] == "revoked"
    says(lone, DECLINED, status="inactive")
    works(lone)
    assert statuses(of(lone)) == before
    assert of(lone)["status"] == "draft"


# --- kept back ---------------------------------------------------------------------------------------------


def test_what_is_kept_back_reaches_no_rule_and_is_not_taken_for_absent(lone: Desk):
    _, _, a1c, _ = diabetic("mrn-1")
    assert "HbA1c" in str(of(lone)) or "A1c" in str(of(lone))
    lone.puts({**a1c, "meta": {"security": [label("R")]}})
    says(lone, deny(ENGINE, action=actions("use"), securityLabel=labels("R")))
    works(lone)
    shown = of(lone)
    assert shown["status"] == "draft"
    assert not [ref for ref in _references(shown) if ref.startswith("Observation/mrn-1-a1c")]


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, part in value.items():
            if key == "reference" and isinstance(part, str):
                yield part
            else:
                yield from _references(part)
    elif isinstance(value, list):
        for part in value:
            yield from _references(part)


def test_law_8_an_allergy_that_is_kept_back_is_an_allergy_that_cannot_be_read(lone: Desk):
    allergy = {
        "resourceType": "AllergyIntolerance",
        "id": "a",
        "patient": {"reference": ME},
        "clinicalStatus": concept(f"{HL7}/allergyintolerance-clinical", "active"),
        "code": concept("http://www.nlm.nih.gov/research/umls/rxnorm", "6809"),
        "meta": {"security": [label("R")]},
    }
    lone.puts(allergy)
    says(lone, deny(ENGINE, securityLabel=labels("R")))
    works(lone)
    assert "allergy" in of(lone)["text"]["div"].lower()
    with open_worker(lone) as at:
        job = _job(lone)
        with at.clinic.database.write() as conn:
            claim = jobs.claim(conn, job, lone.now, jobs.SECOND * 60)
        assert claim is not None
        known = reading.read(at.clinic, claim, lone.now)
    (kept,) = [one.body for one in known.sent if one.type == "AllergyIntolerance"]
    assert set(kept) == {"resourceType", "id", "code"}
    assert "coding" not in kept["code"]


def _job(desk: Desk) -> bytes:
    desk.puts(observation("new", ME))
    desk.now += jobs.SECOND
    with desk.vault.database.read() as conn:
        return next(job.id for job in jobs.due(conn, desk.now, 10) if job.kind == "plan")


def test_who_keeps_back_the_patient_itself_declines(lone: Desk):
    says(lone, deny(ENGINE, **{"class": classes("Patient")}))
    works(lone)
    assert of(lone)["status"] == "revoked"


# --- meanwhile ---------------------------------------------------------------------------------------------


@contextmanager
def open_worker(desk: Desk) -> Iterator[Station]:
    clinic = open_clinic(desk.storage)
    try:
        yield Station(clinic, load_knowledge(), desk.clock, os.urandom)
    finally:
        clinic.close()


@pytest.mark.parametrize("known_before", [False, True])
def test_law_6_a_consent_that_comes_while_a_plan_is_made_counts(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, known_before: bool
):
    """Between reading and writing back the patient declines: nothing of the plan is ever written."""
    if known_before:
        desk.puts(consent("c1", ME, deny(client("an-app"))))
    desk.puts(*diabetic("mrn-1"))
    sealed, spoken = writing.sealed, []

    def while_sealing(*args: Any) -> Any:
        if not spoken:
            spoken.append(True)
            says(desk, DECLINED)
        return sealed(*args)

    monkeypatch.setattr(writing, "sealed", while_sealing)
    assert works(desk) == 1
    assert spoken
    assert desk.searches("CarePlan") == []
    assert desk.searches("Goal") == []


def test_the_job_that_a_consent_makes_finds_the_work_done(lone: Desk):
    says(lone, DECLINED)
    with lone.leaves() as events:
        works(lone)
    assert works(lone) == 0
    assert [event.kind for event in events][:2] == ["worker:read", "consent:deny"]


# --- the trail ---------------------------------------------------------------------------------------------


def test_law_4_every_job_leaves_its_decision(desk: Desk):
    desk.puts(*diabetic("mrn-1"))
    with desk.leaves() as events:
        works(desk)
    (found,) = [event for event in events if event.kind.startswith("consent:")]
    assert (found.kind, found.client_id, found.id) == ("consent:permit", "careloom-worker", None)
    assert found.detail == "resources=1; default=opt-out; no Consent speaks of this; the default is opt-out"
    says(desk, DECLINED)
    with desk.leaves() as events:
        works(desk)
    (found,) = [event for event in events if event.kind.startswith("consent:")]
    assert (found.kind, found.outcome, found.version) == ("consent:deny", "4", 1)
    assert found.id == desk.id_of("Consent/c1")
    assert found.patient == desk.id_of(ME)


def test_law_4_what_is_kept_back_is_counted(lone: Desk):
    says(lone, deny(ENGINE, code=[concept("http://loinc.org", "2160-0")]))
    with lone.leaves() as events:
        works(lone)
    found = [(event.kind, event.detail) for event in events if event.kind.startswith("consent:")]
    assert found[0][0] == "consent:permit"
    assert found[1] == ("consent:deny", "resources=1; default=opt-out; a provision says deny")


def test_who_declines_is_not_read(lone: Desk):
    """Nothing is opened but the Consent: the trail says which versions were."""
    says(lone, DECLINED)
    with lone.leaves() as events:
        works(lone)
    (read,) = [event for event in events if event.kind == "worker:read"]
    assert read.detail == "versions=1"
