"""Which rows a reference leaves: those that intake writes are those that an erasure looks for."""

from __future__ import annotations

from gateway.custody.tables import search_token
from gateway.erasure import referring
from tests.desk import ST_ANNA, Desk, observation, patient


def test_every_kind_of_reference_to_a_type_is_known():
    rows = set(referring.rows_of("Observation"))
    assert {("Observation", "derived-from"), ("List", "item"), ("DiagnosticReport", "result")} <= rows
    assert ("Observation", "encounter") not in rows
    assert ("Group", "member") in referring.rows_of("Patient")


def test_the_rows_that_stand_are_found(small_desk: Desk):
    desk = small_desk
    desk.puts(patient("anna"), patient("berta"), observation("o1", "Patient/anna"))
    derived = [{"reference": "Observation/o1"}]
    with desk.vault.database.read() as conn:
        key = desk.vault.of(ST_ANNA).clinical_index
        keys = referring.keys(conn, key, ST_ANNA, desk.id_of("Patient/anna"))
    before = {bytes(row.key) for row in desk.rows(search_token)} & keys
    desk.puts(observation("o2", "Patient/berta", derivedFrom=derived))
    after = {bytes(row.key) for row in desk.rows(search_token)} & keys
    assert len(after - before) == 1
