"""What a patient consents to, as partners meet it: who is denied something finds that it was never there."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Engine, event, insert

from gateway.auth.actor import Actor
from gateway.custody import records
from gateway.custody.ids import Tenant
from gateway.custody.settings import Storage
from gateway.custody.tables import access_grant, organization
from gateway.refusal import Kind, Refused
from gateway.release.consenting import Consents
from mappers.consent import Default
from tests.actors import Town
from tests.consents import (
    ENGINE,
    SCOPE,
    actions,
    actor,
    classes,
    client,
    coding,
    concept,
    consent,
    deny,
    label,
    labels,
    opted,
    permit,
    purposes,
)
from tests.consents import organization as of_organization
from tests.desk import APP, OTHER_APP, ST_ANNA, ST_BERTA, Desk, diabetic, ehr, partner, patient, put, refusal

AUTHZ = "https://profiles.ihe.net/ITI/BALP/CodeSystem/AuthZsubType|AuthZ-Consent"
PLANS = "CarePlan?identifier=urn:careloom:plan|"
ME = "Patient/mrn-1"
OWN = f"partner-{APP}"
"""The ``client_id`` of the desk's partner."""
NAME = "app-gmbh"


@pytest.fixture
def planned(desk: Desk) -> Desk:
    """Two patients with plans, and a partner whose organization has a name."""
    return _planned(desk)


@pytest.fixture
def lone(small_desk: Desk) -> Desk:
    """The same, on the embedded database only."""
    return _planned(small_desk)


def _planned(desk: Desk) -> Desk:
    with desk.vault.database.write() as conn:
        conn.execute(insert(organization).values(number=APP, name=NAME, created=0))
    desk.puts(*diabetic("mrn-1"), *diabetic("mrn-2"))
    desk.works()
    return desk


def app(*, purpose: str | None = None) -> Actor:
    found = partner(APP, ST_ANNA)
    return Actor(**{name: getattr(found, name) for name in found.__slots__} | {"purpose": purpose})


def plans(desk: Desk, who: Actor | None = None) -> int:
    return len(desk.searches(PLANS, who or app()))


def mine(desk: Desk, who: Actor) -> dict[str, Any]:
    """The plan of the first patient, as a partner knew it before."""
    subject = desk.vault.outside(who.organization).show("Patient", desk.id_of(ME))
    (found,) = desk.searches(f"{PLANS}&subject=Patient/{subject}", who)
    return found


def says(desk: Desk, provision: dict[str, Any] | None = None, **more: Any) -> None:
    desk.puts(consent("c1", ME, provision, **more))


# --- each way to ask ---------------------------------------------------------------------------------------


def test_what_is_denied_was_never_there(planned: Desk):
    plan = mine(planned, app())
    says(planned, deny(client(OWN)))
    assert plans(planned) == 1, "the other patient's"
    subject = plan["subject"]["reference"]
    own = f"urn:careloom:plan|{plan['id']}"
    for query in (("_id", plan["id"]), ("subject", subject), ("identifier", own)):
        page = planned.release.search(app(), "CarePlan", [query], None, 10)
        assert (page.entries, page.total or 0, page.following) == ((), 0, None)
    for text in (f"CarePlan/{plan['id']}", f"CarePlan/{plan['id']}/_history/1", subject):
        with refusal(Kind.NOT_FOUND):
            planned.reads(text, app())
    with refusal(Kind.NOT_FOUND):
        planned.release.history(app(), "CarePlan", plan["id"])
    assert plans(planned, partner(OTHER_APP, ST_ANNA)) == 2, "another partner is not meant"
    assert len(planned.searches(PLANS)) == 2, "nor is the source"


def test_the_answer_to_who_is_denied_is_the_answer_to_who_asks_for_nothing(lone: Desk):
    plan = mine(lone, app())
    says(lone, deny(client(OWN)))
    refusals = []
    for id_ in (plan["id"], lone.vault.outside(APP).show("CarePlan", lone.id_of("CarePlan/none"))):
        with pytest.raises(Refused) as caught:
            lone.reads(f"CarePlan/{id_}", app())
        refusals.append((caught.value.kind, caught.value.issues))
    assert refusals[0] == refusals[1]


def test_a_page_is_as_long_as_what_may_be_seen(lone: Desk):
    for number in range(3, 8):
        lone.puts(*diabetic(f"mrn-{number}"))
    lone.works()
    for number in (2, 4, 6):
        lone.puts(consent(f"c{number}", f"Patient/mrn-{number}", deny(client(OWN))))
    first = lone.release.search(app(), "CarePlan", [("identifier", "urn:careloom:plan|")], None, 2)
    assert len(first.entries) == 2
    assert first.total is None
    assert len(lone.searches(PLANS, app(), count=2)) == 4


def test_a_revocation_counts_at_the_next_request(planned: Desk):
    says(planned, deny(client(OWN)))
    assert plans(planned) == 1
    says(planned, deny(client(OWN)), status="inactive")
    assert plans(planned) == 2
    says(planned, deny(client(OWN)))
    assert plans(planned) == 1
    says(planned, deny(client("another")))
    assert plans(planned) == 2
    says(planned, deny(client(OWN)))
    planned.intake.delete(ehr(), "Consent", "c1")
    assert plans(planned) == 2


def test_only_an_active_consent_says_anything(lone: Desk):
    for status in ("draft", "proposed", "rejected", "inactive", "entered-in-error"):
        says(lone, deny(), status=status)
        assert plans(lone) == 2, status


def test_a_consent_of_one_hospital_says_nothing_of_another(lone: Desk):
    lone.puts(*diabetic("mrn-1"), actor=ehr(ST_BERTA))
    lone.works()
    says(lone, deny(client(OWN)))
    both = partner(APP, ST_ANNA, ST_BERTA)
    assert plans(lone, both) == 2


def test_what_one_record_of_a_person_said_holds_for_the_person(planned: Desk):
    link = [{"other": {"reference": ME}, "type": "replaced-by"}]
    planned.puts(patient("mrn-1-old", link=link))
    planned.puts(consent("c1", "Patient/mrn-1-old", deny(client(OWN))))
    assert plans(planned) == 1
    planned.puts(patient("mrn-1-old"))
    assert plans(planned) == 2, "they are two again"


@contextmanager
def queries(desk: Desk) -> Iterator[list[str]]:
    """The statements that the data's database is sent meanwhile."""
    found: list[str] = []

    def note(_conn: Any, _cursor: Any, statement: str, *_: Any) -> None:
        found.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(Engine, "before_cursor_execute", note)


@pytest.mark.parametrize(
    "provision",
    [deny(client("other")), deny(client("other"), code=[concept("http://loinc.org", "718-7")])],
    ids=["whose", "what"],
)
def test_what_a_page_costs_does_not_grow_with_its_patients(lone: Desk, provision: dict[str, Any]):
    for number in range(3, 7):
        lone.puts(*diabetic(f"mrn-{number}"))
    lone.works()
    for number in range(1, 7):
        lone.puts(consent(f"c{number}", f"Patient/mrn-{number}", provision))
    query = [("identifier", "urn:careloom:plan|")]
    lone.release.search(app(), "CarePlan", query, None, 10)
    with queries(lone) as of_all:
        assert len(lone.release.search(app(), "CarePlan", query, None, 10).entries) == 6
    with queries(lone) as of_two:
        assert len(lone.release.search(app(), "CarePlan", query, None, 2).entries) == 2
    assert len(of_all) <= len(of_two) + 1, "the last page needs no look at the next"


def test_what_was_looked_at_as_evidence_is_decided_by_its_own_evidence(lone: Desk):
    """A derived value is reached by the plan first and asked for afterwards."""
    who, subject = app(), mine(lone, app())["subject"]["reference"]
    derived = [one for one in lone.searches(f"Observation?subject={subject}", who) if "derivedFrom" in one]
    assert derived
    says(lone, deny(client(OWN), code=[concept("http://loinc.org", "2160-0")]))
    consents = Consents(lone.vault, who, lone.now)
    with lone.vault.database.read() as conn:
        rows = records.compartment(conn, ST_ANNA, lone.id_of(ME))
    plans_first = sorted(rows, key=lambda row: row.type != "CarePlan")
    seen = {row.type for row in plans_first if row.origin == "derived" and consents.permits(row)}
    assert not seen & {"CarePlan", "Observation"}


# --- each kind of provision --------------------------------------------------------------------------------

YES = [
    deny(),
    deny(client(OWN)),
    deny(of_organization(NAME)),
    deny(client(OWN), action=actions("disclose")),
    deny(action=actions("access", "correct")),
    deny(client(OWN), purpose=purposes("HRESCH")),
    deny(client(OWN), period={"start": "2026-01-01"}),
    deny(client(OWN), **{"class": classes("CarePlan")}),
    deny(client(OWN), **{"class": classes("Observation")}),
    deny(client(OWN), code=[concept("http://loinc.org", "4548-4")]),
    deny(client(OWN), dataPeriod={"start": "2025-11-01", "end": "2025-11-30"}),
    deny(client(OWN), data=[{"meaning": "instance", "reference": {"reference": "Observation/mrn-1-a1c"}}]),
    deny(actor({"display": "somebody"})),
    deny(actor({"reference": "Organization/not-there"})),
    permit(client(OWN), nested=[deny(client(OWN), action=actions("access"))]),
]
NO = [
    deny(ENGINE),
    deny(client("another")),
    deny(of_organization("other-gmbh")),
    deny(client(OWN), action=actions("collect", "correct", "use")),
    deny(client(OWN), period={"end": "2026-03-01"}),
    deny(client(OWN), **{"class": classes("Appointment")}),
    deny(client(OWN), code=[concept("http://loinc.org", "718-7")]),
    deny(client(OWN), securityLabel=labels("R", "PSY")),
    deny(client(OWN), dataPeriod={"start": "2001", "end": "2002"}),
    deny(client(OWN), data=[{"meaning": "instance", "reference": {"reference": "Observation/none"}}]),
    deny(actor({"reference": "Practitioner/dr-no"})),
    deny(client(OWN), nested=[permit(client(OWN), action=actions("access"))]),
]


def test_what_a_provision_denies_is_not_seen(planned: Desk):
    for number, provision in enumerate(YES):
        says(planned, provision)
        assert plans(planned) == 1, number


def test_what_a_provision_does_not_speak_of_is_seen(planned: Desk):
    for number, provision in enumerate(NO):
        says(planned, provision)
        assert plans(planned) == 2, number


def test_a_purpose_that_somebody_named_decides(lone: Desk):
    says(lone, deny(client(OWN), purpose=purposes("HRESCH")))
    assert plans(lone, app(purpose="TREAT")) == 2
    assert plans(lone, app(purpose="CLINTRCH")) == 1, "who does a trial does research"


def test_a_partner_is_known_by_the_organization_that_a_hospital_keeps(lone: Desk):
    name = {"system": "urn:careloom:organization", "value": NAME}
    app_gmbh = {"resourceType": "Organization", "id": "app", "identifier": [name], "name": "App GmbH"}
    lone.puts(app_gmbh)
    says(lone, deny(actor({"reference": "Organization/app"})))
    assert plans(lone) == 1
    lone.puts(
        {
            "resourceType": "Organization",
            "id": "app",
            "identifier": [{**name, "value": "a bakery"}],
            "name": "B",
        }
    )
    assert plans(lone) == 2


def test_a_part_of_a_record_can_be_kept_back(lone: Desk):
    """And with it whatever rests on it; the rest of what partners see stays."""
    who = app()
    plan = mine(lone, who)
    subject = plan["subject"]["reference"]
    says(lone, deny(client(OWN), code=[concept("http://loinc.org", "2160-0")]))
    kinds = ("Condition", "Observation", "CarePlan")
    seen = {kind: lone.searches(f"{kind}?subject={subject}", who) for kind in kinds}
    assert len(seen["Condition"]) == 1
    assert {one["code"]["coding"][0]["code"] for one in seen["Observation"]} == {"4548-4"}
    assert seen["CarePlan"] == [], "the plan names the creatinine as evidence"


def test_a_label_keeps_its_resource_back_and_what_rests_on_it(planned: Desk):
    says(planned, deny(client(OWN), securityLabel=labels("R")))
    assert plans(planned) == 2
    _, _, a1c, _ = diabetic("mrn-1")
    planned.puts({**a1c, "meta": {"security": [label("V")]}})
    assert plans(planned) == 1, "very restricted is restricted"


def test_labels_of_an_older_version_are_read_in_that_version(lone: Desk):
    who = app()
    condition_ = next(one for one in diabetic("mrn-1") if one["resourceType"] == "Condition")
    lone.puts({**condition_, "meta": {"security": [label("R")]}}, condition_)
    lone.works()
    says(lone, deny(client(OWN), securityLabel=labels("R")))
    shown = lone.vault.outside(APP).show("Condition", lone.id_of(f"Condition/{condition_['id']}"))
    assert [one.version for one in lone.release.history(who, "Condition", shown)] == [3, 1]
    with refusal(Kind.NOT_FOUND):
        lone.reads(f"Condition/{shown}/_history/2", who)


# --- what cannot be read -----------------------------------------------------------------------------------


def test_law_8_what_cannot_be_read_denies(lone: Desk):
    for more in (
        {"modifierExtension": [{"url": "urn:hospital:negated", "valueBoolean": True}]},
        {"scope": concept("urn:hospital:scopes", "privacy")},
        {"scope": {"text": "privacy"}},
        {"policyRule": {"text": "the terms of 2019"}},
        {"policyRule": concept("urn:hospital:rules", "OPTIN")},
    ):
        says(lone, None, **more)
        assert plans(lone) == 1, more


def test_a_policy_rule_of_hl7_says_what_holds_at_large(lone: Desk):
    says(lone, policyRule=opted("OPTOUT"))
    assert plans(lone) == 1
    says(lone, permit(client(OWN)), policyRule=opted("OPTOUT"))
    assert plans(lone, app()) == 2
    says(lone, policyRule=opted("OPTIN"))
    assert plans(lone) == 2


def test_a_consent_to_a_treatment_says_nothing_of_data(lone: Desk):
    for code in ("treatment", "adr"):
        says(lone, deny(), scope=concept(SCOPE, code))
        assert plans(lone) == 2


# --- opt-in ------------------------------------------------------------------------------------------------


def granted(desk: Desk, consent_: str, tenant: Tenant = ST_ANNA) -> None:
    with desk.vault.database.write() as conn:
        conn.execute(insert(access_grant).values(client_id=OWN, tenant=tenant, consent=consent_, created=0))


def test_where_patients_opt_in_silence_is_a_no(planned: Desk):
    granted(planned, "opt-in")
    assert plans(planned) == 0
    says(planned, permit(client(OWN)))
    assert plans(planned) == 1
    says(planned, permit(client("another")))
    assert plans(planned) == 0


def test_law_12_a_default_that_nobody_knows_permits_nothing(lone: Desk):
    granted(lone, "whatever")
    assert plans(lone) == 0


def test_opt_in_is_chosen_for_each_hospital(lone: Desk):
    lone.puts(*diabetic("mrn-1"), actor=ehr(ST_BERTA))
    lone.works()
    granted(lone, "opt-in", ST_BERTA)
    assert plans(lone, partner(APP, ST_ANNA, ST_BERTA)) == 2


def test_a_permit_in_doubt_permits_nothing(lone: Desk):
    granted(lone, "opt-in")
    for provision in (
        permit(client(OWN), purpose=purposes("TREAT")),
        permit(actor({"display": "App GmbH"})),
        permit(client(OWN), securityLabel=[coding("urn:hospital:labels", "x")]),
        permit(client(OWN), **{"class": [coding("urn:ietf:bcp:13", "application/hl7-cda+xml")]}),
    ):
        says(lone, provision)
        assert plans(lone) == 0
    says(lone, permit(client(OWN), purpose=purposes("TREAT")))
    assert plans(lone, app(purpose="TREAT")) == 1


# --- the trail ---------------------------------------------------------------------------------------------


def decided(events: list[Any]) -> list[Any]:
    return [event for event in events if event.kind.startswith("consent:")]


def test_law_4_a_read_leaves_the_decision_and_the_consent_that_it_rested_on(planned: Desk):
    plan = mine(planned, app())
    says(planned, permit(client(OWN)))
    with planned.leaves() as events:
        planned.reads(f"CarePlan/{plan['id']}", app())
    (found,) = decided(events)
    assert (found.kind, found.outcome, found.type, found.version) == ("consent:permit", "0", "Consent", 1)
    assert found.id == planned.id_of("Consent/c1")
    assert found.patient == planned.id_of(ME)
    assert found.client_id == OWN
    assert found.detail == "resources=1; default=opt-out; a provision says permit"


def test_law_4_a_denied_read_is_recorded_with_the_version_that_denied_it(lone: Desk):
    plan = mine(lone, app())
    says(lone, permit(client(OWN)))
    says(lone, deny(client(OWN)))
    with lone.leaves() as events, refusal(Kind.NOT_FOUND):
        lone.reads(f"CarePlan/{plan['id']}", app())
    (found,) = decided(events)
    assert (found.kind, found.outcome, found.status, found.version) == ("consent:deny", "4", 403, 2)
    (access,) = [event for event in events if event.kind == "rest:read"]
    assert (access.status, access.patient, access.id) == (404, None, None), "as for what is not there"


def test_law_4_a_search_leaves_a_decision_for_each_patient(planned: Desk):
    says(planned, deny(client(OWN)))
    with planned.leaves() as events:
        assert plans(planned) == 1
    found = {(event.patient, event.kind, event.id, event.detail) for event in decided(events)}
    silent = "resources=1; default=opt-out; no Consent speaks of this; the default is opt-out"
    assert found == {
        (
            planned.id_of(ME),
            "consent:deny",
            planned.id_of("Consent/c1"),
            "resources=1; default=opt-out; a provision says deny",
        ),
        (planned.id_of("Patient/mrn-2"), "consent:permit", None, silent),
    }


def test_an_ehr_needs_no_consent_to_read_its_own(lone: Desk):
    says(lone, deny())
    with lone.leaves() as events:
        assert lone.searches("Patient?_id=mrn-1")
    assert not decided(events)


# --- over HTTP ---------------------------------------------------------------------------------------------


def test_law_4_the_officer_finds_the_decision_with_its_consent(here: Town, storage: Storage):
    hospital, app_ = here.hospital("st-anna"), here.partner("app-gmbh", "st-anna", consent=Default.OPT_IN)
    entries = [put(one) for one in diabetic("mrn-1")]
    hospital.submits({"resourceType": "Bundle", "type": "transaction", "entry": entries})
    hospital.puts(consent("c1", ME, permit(client(app_.client_id))))
    desk = Desk(storage)
    desk.now = time.time_ns() // 1000
    desk.works()
    desk.close()
    assert len(app_.polls().json()["entry"]) == 1
    hospital.puts(consent("c1", ME, permit(client(app_.client_id)), status="inactive"))
    assert not app_.polls().json().get("entry")
    assert app_.asks("GET", "Consent").json().get("entry", []) == [], "no partner reads a Consent"
    seen = here.officer("st-anna").searches(f"AuditEvent?subtype={AUTHZ}&agent={app_.client_id}")
    told = [(one["outcome"], one["meta"]["tag"][0]["code"], _consents(one)) for one in seen]
    assert [(outcome, code) for outcome, code, _ in told] == [("4", "consent:deny"), ("0", "consent:permit")]
    assert told[0][2] == []
    assert [text.partition("/_history/")[2] for text in told[1][2]] == ["1"]
    assert "default=opt-in" in seen[0]["outcomeDesc"]


def _consents(event_: dict[str, Any]) -> list[str]:
    named = [one["what"].get("reference", "") for one in event_["entity"]]
    return [text for text in named if text.startswith("Consent/")]
