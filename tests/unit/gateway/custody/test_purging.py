"""Nothing that hangs on a version outlasts it."""

from __future__ import annotations

from gateway.custody import purging
from gateway.custody.ids import WriteNo
from gateway.custody.tables import data
from tests.desk import ST_ANNA, Desk, observation, patient


def test_every_table_that_names_a_write_is_purged():
    naming = {table.name for table in data.sorted_tables if "write_no" in table.columns} - {"record"}
    assert {table.name for table in purging._BY_NUMBER} == naming


def test_a_resource_goes_and_leaves_the_others_as_they_were(small_desk: Desk):
    small_desk.puts(patient("ann"))
    before = small_desk.counts("job", "audit_event", "audit_head")
    small_desk.puts(observation("o", "Patient/ann"), observation("o", "Patient/ann", value="8.0"))
    ref = ("Observation", small_desk.id_of("Observation/o"))
    with small_desk.vault.database.write() as conn:
        purging.hold_writers(conn, ST_ANNA)
        found = purging.numbers_of(conn, ST_ANNA, [ref])
        assert found[ref] == sorted(found[ref])
        assert len(found[ref]) == 2
        purging.delete_versions(conn, found[ref])
        purging.delete_links(conn, ST_ANNA, [ref])
        purging.delete_heads(conn, ST_ANNA, [ref])
    assert small_desk.counts("job", "audit_event", "audit_head") == before
    assert small_desk.reads("Patient/ann") == patient("ann")


def test_what_is_not_there_is_not_missed(small_desk: Desk):
    with small_desk.vault.database.write() as conn:
        purging.hold_writers(conn, ST_ANNA)
        purging.delete_versions(conn, [WriteNo(1)])
        purging.delete_versions(conn, [])
        assert purging.numbers_of(conn, ST_ANNA, []) == {}
