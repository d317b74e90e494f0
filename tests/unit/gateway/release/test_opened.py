"""Two openings, never mixed; what cannot be opened ends the request or is not found, and is never guessed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.custody import records
from gateway.custody.errors import KeyGone, Tampered, Unopened
from gateway.custody.records import StoredVersion
from gateway.release.opened import clinical_halves, originals, readable
from mappers import lossless
from tests.desk import ST_ANNA, Desk, observation, patient, unknown_meaning


@pytest.fixture
def desk(small_desk: Desk) -> Desk:
    small_desk.puts(
        patient("mrn-1"),
        observation("o1", "Patient/mrn-2"),
        unknown_meaning(observation("o2", "Patient/mrn-1")),
    )
    return small_desk


def row(desk: Desk, reference: str) -> StoredVersion:
    found = desk.head(reference)
    assert found is not None
    return found


def test_law_1_originals_are_what_was_sent(desk: Desk):
    rows = [row(desk, "Observation/o1"), row(desk, "Patient/mrn-1"), row(desk, "Observation/o2")]
    sent = [
        observation("o1", "Patient/mrn-2"),
        patient("mrn-1"),
        unknown_meaning(observation("o2", "Patient/mrn-1")),
    ]
    assert all(map(lossless.same, originals(desk.vault, ST_ANNA, rows), sent))


def test_law_2_halves_name_nobody_and_may_be_missing(desk: Desk):
    rows = [row(desk, "Patient/mrn-1"), row(desk, "Observation/o2")]
    half, none = clinical_halves(desk.vault, ST_ANNA, rows)
    assert none is None
    assert "Hopkins" not in str(half)
    assert "mrn-1" not in str(half)


def test_the_order_of_rows_is_the_order_of_bodies(desk: Desk):
    rows = [row(desk, "Observation/o1"), row(desk, "Patient/mrn-1")]
    for given in (rows, rows[::-1]):
        types = [half["resourceType"] for half in clinical_halves(desk.vault, ST_ANNA, given) if half]
        assert types == [one.type for one in given]


def test_a_key_that_is_gone_ends_the_request(desk: Desk):
    desk.erases(desk.id_of("Patient/mrn-1"))
    both = [row(desk, "Patient/mrn-1"), row(desk, "Observation/o1")]
    with pytest.raises(KeyGone):
        clinical_halves(desk.vault, ST_ANNA, both)
    with pytest.raises(KeyGone):
        originals(desk.vault, ST_ANNA, both)
    assert readable(desk.vault, ST_ANNA, both) == both[1:]


@pytest.mark.parametrize("change", [{"version": 2}, {"type": "Condition"}, {"clinical": b"x" * 60}], ids=str)
def test_a_row_that_was_changed_does_not_open(desk: Desk, change: dict[str, object]):
    changed = replace(row(desk, "Observation/o1"), **change)  # type: ignore[arg-type]
    with pytest.raises(Tampered):
        clinical_halves(desk.vault, ST_ANNA, [changed])


def test_a_half_under_another_resources_row_does_not_open(desk: Desk):
    desk.puts(observation("o3", "Patient/mrn-2", value="1.0"))
    one, other = row(desk, "Observation/o1"), row(desk, "Observation/o3")
    with pytest.raises(Tampered):
        clinical_halves(desk.vault, ST_ANNA, [replace(one, clinical=other.clinical)])


def test_nothing_is_opened_where_there_is_nothing(desk: Desk):
    assert clinical_halves(desk.vault, ST_ANNA, []) == readable(desk.vault, ST_ANNA, []) == []
    with desk.vault.database.read() as conn:
        assert records.load(conn, ST_ANNA, "Patient", desk.id_of("Patient/nobody")) is None


def test_what_does_not_open_is_named_and_what_does_is_not(desk: Desk):
    whole, shut = row(desk, "Patient/mrn-1"), replace(row(desk, "Observation/o1"), clinical=b"x" * 60)
    named = Unopened(ST_ANNA, shut.compartment, "Observation", shut.id, 1)
    for opening in (clinical_halves, originals):
        with pytest.raises(Tampered) as caught:
            opening(desk.vault, ST_ANNA, [shut, whole, shut])
        assert caught.value.rows == (named,)
