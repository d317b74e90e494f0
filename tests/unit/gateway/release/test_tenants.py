"""A tenant's view of the store: its own, whole, under its own ids; of others nothing."""

from __future__ import annotations

import pytest

from gateway.custody.ids import parse_pseudonym, pseudonym
from gateway.custody.records import StoredVersion
from gateway.release.finding import Finder
from gateway.release.paging import Paging
from gateway.release.tenants import TenantView
from mappers import lossless
from tests.desk import ST_ANNA, ST_BERTA, Desk, diabetic, ehr, patient


@pytest.fixture
def desk(small_desk: Desk) -> Desk:
    small_desk.puts(*diabetic("mrn-1"))
    small_desk.works()
    return small_desk


def view(desk: Desk) -> TenantView:
    return TenantView(desk.vault, ST_ANNA)


def found(desk: Desk, type_: str) -> list[StoredVersion]:
    finder = Finder(desk.vault, view(desk).reader(lambda type_, right: True))
    return list(Paging(finder, type_, ()).page(None, 20).rows)


def test_law_1_what_was_sent_and_what_was_derived_come_in_the_order_of_their_rows(desk: Desk):
    sent = view(desk).locate("Patient", "mrn-1", None)
    (derived,) = found(desk, "CarePlan")
    assert sent is not None
    for rows in ([sent, derived], [derived, sent]):
        assert [body["resourceType"] for body in view(desk).present(rows)] == [row.type for row in rows]
    assert lossless.same(view(desk).present([sent])[0], patient("mrn-1"))


def test_versions_are_found_by_number_and_none_that_is_not_there(desk: Desk):
    desk.puts(patient("mrn-1", gender="other"))
    versions = [view(desk).locate("Patient", "mrn-1", number) for number in (1, 2, 3)]
    assert [row and row.version for row in versions] == [1, 2, None]
    assert [row.version for row in view(desk).versions("Patient", "mrn-1")] == [2, 1]


def test_another_tenants_resources_are_not_there(desk: Desk):
    desk.puts(patient("mrn-9"), actor=ehr(ST_BERTA))
    assert view(desk).locate("Patient", "mrn-9", None) is None
    assert view(desk).versions("Patient", "mrn-9") == []
    assert len(found(desk, "Patient")) == 1


def test_current_versions_are_living_ones(desk: Desk):
    refs = [("Patient", desk.id_of("Patient/mrn-1")), ("Patient", desk.id_of("Patient/nobody"))]
    assert [(row.type, row.id) for row in view(desk).current(refs)] == refs[:1]
    desk.intake.delete(ehr(), "Patient", "mrn-1")
    assert view(desk).current(refs) == []


def test_law_2_no_pseudonym_is_shown_to_the_tenant(desk: Desk):
    for type_ in ("CarePlan", "Goal", "Provenance"):
        for body in view(desk).present(found(desk, type_)):
            for word in lossless.dumps(body).decode().replace('"', "/").split("/"):
                assert parse_pseudonym(word) is None


def test_searches_are_decided_in_pseudonyms_and_nothing_is_opened_twice(desk: Desk):
    mine = view(desk)
    (scope,) = mine.reader(lambda type_, right: True).scopes
    row = mine.locate("Observation", "mrn-1-a1c", None)
    (plan,) = found(desk, "CarePlan")
    assert row is not None
    seen = scope.seen([row, plan])
    assert seen[row.write_no]["subject"] == seen[plan.write_no]["subject"]
    assert seen[row.write_no]["id"] == pseudonym(row.id)
    desk.vault.identity.destroy(ST_ANNA, row.compartment)
    assert mine.present([row])[0]["id"] == "mrn-1-a1c"
