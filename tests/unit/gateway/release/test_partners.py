"""A partner's view of the store: what was derived, what a plan rests on, and no row besides."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import Connection

from gateway.custody.ids import StoredId, Tenant
from gateway.custody.records import StoredVersion
from gateway.privacy import policy
from gateway.release import partners
from gateway.release.consenting import Consents
from gateway.release.partners import PartnerView
from tests.desk import APP, ST_ANNA, ST_BERTA, Desk, diabetic, ehr, partner, patient, unknown_meaning


def view(desk: Desk, *grants: Tenant, as_of: date = date(2026, 3, 2)) -> PartnerView:
    profiles = dict.fromkeys(grants, policy.load("partner-limited"))
    consents = Consents(desk.vault, partner(APP, *grants), desk.now)
    return PartnerView(desk.vault, profiles, APP, grants, as_of, consents)


@pytest.fixture
def desk(small_desk: Desk) -> Desk:
    small_desk.puts(*diabetic("mrn-1"), patient("mrn-2"))
    small_desk.works()
    return small_desk


def shown(desk: Desk, reference: str) -> str:
    return desk.vault.outside(APP).show(reference.partition("/")[0], desk.id_of(reference))


@pytest.mark.parametrize(
    ("reference", "seen"),
    [("Patient/mrn-1", True), ("Condition/mrn-1-dm", True), ("Observation/mrn-1-crea", False)],
)
def test_what_an_ehr_sent_is_seen_where_a_plan_points_at_it(desk: Desk, reference: str, seen: bool):
    found = view(desk, ST_ANNA).locate(reference.partition("/")[0], shown(desk, reference), None)
    assert (found is not None) is seen


def test_law_2_one_grant_that_hides_a_time_hides_it_from_the_whole_answer(desk: Desk):
    grants = view(desk, ST_ANNA, ST_BERTA)
    assert not grants.hides("Patient", "_lastUpdated")
    stricter = {**grants.profiles, ST_BERTA: policy.load("partner-safe-harbor")}
    assert replace(grants, profiles=stricter).hides("Patient", "_lastUpdated")
    assert not replace(grants, profiles=stricter).hides("Patient", "gender")


def test_law_12_no_grant_is_no_tenant_and_not_every_tenant(desk: Desk):
    assert view(desk).locate("Patient", shown(desk, "Patient/mrn-1"), None) is None
    assert view(desk, ST_BERTA).locate("Patient", shown(desk, "Patient/mrn-1"), None) is None


@pytest.mark.parametrize("text", ["mrn-1", "", "a" * 52, "nobody"])
def test_only_ids_that_this_partner_was_shown_mean_anything(desk: Desk, text: str):
    assert view(desk, ST_ANNA).locate("Patient", text, None) is None
    assert view(desk, ST_ANNA).versions("Patient", text) == []


def test_a_version_without_a_clinical_half_is_in_no_history(desk: Desk):
    text = shown(desk, "Condition/mrn-1-dm")
    diabetes = diabetic("mrn-1")[1]
    desk.puts(unknown_meaning(diabetes), {**diabetes, "onsetDateTime": "2019-06"})
    assert [row.version for row in view(desk, ST_ANNA).versions("Condition", text)] == [3, 1]


def test_what_was_deleted_is_out_of_reach_with_its_history(desk: Desk):
    text = shown(desk, "Condition/mrn-1-dm")
    desk.intake.delete(ehr(), "Condition", "mrn-1-dm")
    assert view(desk, ST_ANNA).locate("Condition", text, None) is None
    assert view(desk, ST_ANNA).versions("Condition", text) == []


def test_law_2_a_birth_year_that_tells_an_age_over_89_is_withheld_from_that_day_on(desk: Desk):
    row = desk.head("Patient/mrn-1")
    assert row is not None
    for as_of, told in ((date(2026, 3, 2), True), (date(2061, 1, 1), False)):
        (body,) = view(desk, ST_ANNA, as_of=as_of).present([row])
        assert ("1961" in str(body.get("birthDate"))) is told


def test_rows_of_several_tenants_are_presented_in_their_order(desk: Desk):
    desk.puts(patient("mrn-1", gender="other"), actor=ehr(ST_BERTA))
    ours, theirs = desk.head("Patient/mrn-1"), desk.head("Patient/mrn-1", ST_BERTA)
    assert ours is not None
    assert theirs is not None
    both = view(desk, ST_ANNA, ST_BERTA)
    for rows in ([ours, theirs], [theirs, ours]):
        assert [body["gender"] for body in both.present(rows)] == [
            "female" if row is ours else "other" for row in rows
        ]


def test_the_plans_of_a_patient_are_looked_up_once(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    desk.puts(*diabetic("mrn-3"))
    desk.works()
    looked_up, plans_of = [], partners._plans_of

    def counted(conn: Connection, tenant: Tenant, patient_: StoredId) -> list[StoredVersion]:
        looked_up.append(patient_)
        return plans_of(conn, tenant, patient_)

    monkeypatch.setattr(partners, "_plans_of", counted)
    (scope,) = view(desk, ST_ANNA).scopes()
    names = [kind for n in (1, 3) for kind in (f"Condition/mrn-{n}-dm", f"Patient/mrn-{n}")]
    found = [desk.head(name) for name in names]
    rows = [row for row in found if row is not None]
    assert scope.shown(rows) == rows
    assert sorted(looked_up) == sorted(desk.id_of(f"Patient/mrn-{number}") for number in (1, 3))
