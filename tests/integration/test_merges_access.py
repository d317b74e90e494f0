"""What readers see of a merge: the officer a conflict, a partner one plan and its evidence, the EHR both."""

from __future__ import annotations

from tests.actors import Town
from tests.desk import APP, ST_ANNA, Desk, observation, partner, patient
from tests.integration.test_merges import chart, link, old, plan_of, works

PLANS = "CarePlan?identifier=urn:careloom:plan|"


def test_the_officer_finds_the_conflict_with_both_records_and_what_contradicts(embedded: Town):
    hospital, officer = embedded.hospital(), embedded.officer()
    hospital.puts(patient("new"))
    hospital.puts(old(birthDate="1961-04-18"))
    found = officer.searches("AuditEvent?subtype=merge:blocked")
    assert len(found) == 1
    (event,) = found
    assert (event["outcome"], event["outcomeDesc"]) == ("4", "409 birth date")
    named = [entity["what"].get("reference") for entity in event["entity"]]
    of_old = officer.searches("AuditEvent?patient=Patient/old&subtype=merge:blocked")
    assert of_old == found
    assert len({name for name in named if name and name.startswith("Patient/")}) == 2
    assert "1961" not in str(event)
    hospital.puts(old())
    assert len(officer.searches("AuditEvent?subtype=merge:united")) == 1


def test_a_partner_sees_one_living_plan_and_the_evidence_that_it_names_in_both(desk: Desk):
    desk.puts(*chart())
    works(desk)
    desk.puts(old())
    app = partner(APP, ST_ANNA)
    desk.puts(observation("a1c-2", "Patient/old", value="9.9", effectiveDateTime="2026-02-20"))
    desk.puts(observation("aside", "Patient/old", "2160-0", "1.1", effectiveDateTime="2001-01-01"))
    works(desk)
    found = {one["status"]: one for one in desk.searches(PLANS, app)}
    assert found.keys() == {"draft", "revoked"}
    assert found["draft"]["subject"] != found["revoked"]["subject"]
    ours = next(
        one["reference"]
        for line in found["draft"]["activity"]
        for one in line["detail"].get("reasonReference", ())
        if one["reference"].startswith("Observation/")
    )
    seen = desk.reads(ours, app)
    assert seen["effectiveDateTime"] == "2026-02-20"
    assert seen["subject"] == found["revoked"]["subject"]
    assert len(desk.searches("Observation?code=2160-0", app)) <= 1
    by_subject = desk.searches(f"CarePlan?subject={found['revoked']['subject']['reference']}", app)
    assert [one["status"] for one in by_subject] == ["revoked"]


def test_the_ehr_reads_both_plans_in_its_own_ids(small_desk: Desk):
    small_desk.puts(*chart())
    works(small_desk)
    small_desk.puts(patient("new", link=link("old", "replaces")))
    works(small_desk)
    for name, status in (("old", "revoked"), ("new", "draft")):
        found = plan_of(small_desk, name)
        assert found is not None
        assert (found["subject"]["reference"], found["status"]) == (f"Patient/{name}", status)
