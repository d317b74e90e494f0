"""What a write of Patients means for others, decided before the transaction and asked again in it."""

from __future__ import annotations

import os
from typing import Any

import pytest

from gateway import trace
from gateway.custody import merges as kept
from gateway.custody.errors import Conflict
from gateway.custody.ids import StoredId
from gateway.custody.merges import Merge
from gateway.intake import merges
from gateway.intake.entries import Entry
from gateway.intake.merges import Settlement, Told
from gateway.intake.versions import Versions
from mappers.merging import Record
from tests.desk import NOW, ST_ANNA, Desk, ehr, observation, patient, unknown_meaning

LINK = [{"other": {"reference": "Patient/b"}, "type": "replaced-by"}]


@pytest.fixture
def desk(small_desk: Desk) -> Desk:
    return small_desk


def said(desk: Desk, *resources: dict[str, Any]) -> list[Told]:
    entries = [Entry("", "PUT", one["resourceType"], one["id"], one) for one in resources]
    versions = Versions(desk.vault, desk.intake.policy, desk.looking, os.urandom)
    return merges.told(desk.vault, ST_ANNA, versions.following(ehr(), entries, NOW))


def settled(desk: Desk, *resources: dict[str, Any]) -> Settlement:
    found = merges.settle(desk.vault, desk.looking, ST_ANNA, said(desk, *resources), NOW)
    assert found is not None
    return found


def writes(desk: Desk, settlement: Settlement) -> None:
    with desk.vault.database.write() as conn:
        merges.write(conn, ST_ANNA, settlement)


def ids(desk: Desk, *names: str) -> list[StoredId]:
    return [desk.id_of(f"Patient/{name}") for name in names]


def test_what_a_patient_says_is_read_whole_and_of_others_nothing(desk: Desk):
    a, b, c = ids(desk, "a", "b", "c")
    both = [*LINK, {"other": {"reference": "Patient/c"}, "type": "replaces"}]
    (found,) = said(desk, patient("a", link=both), observation("o", "Patient/a"))
    record = Record("1961-04-17", "female", None, False)
    assert found == Told(a, record, frozenset({b}), frozenset({c}))


def test_who_has_no_half_for_workers_says_nothing_and_nothing_unites_with_them(desk: Desk):
    assert said(desk, unknown_meaning(patient("a", link=LINK))) == [Told(desk.id_of("Patient/a"))]
    desk.puts(unknown_meaning(patient("b")), patient("a", link=LINK))
    with desk.vault.database.read() as conn:
        assert [one.state for one in kept.listing(conn, ST_ANNA)] == ["waiting"]


def test_a_write_without_patients_asks_nothing_and_one_that_links_nobody_changes_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
):
    found = settled(desk, patient("a"))
    assert (found.changed, found.patients, found.turned, found.versions) == ((), frozenset(), (), {})
    monkeypatch.setattr(merges, "merges", None)
    assert merges.settle(desk.vault, desk.looking, ST_ANNA, [], NOW) is None


def test_everybody_whose_survivor_changes_has_a_job(desk: Desk):
    desk.puts(patient("b"), patient("c"), patient("a", link=LINK))
    desk.forgets_jobs()
    more = [{"other": {"reference": "Patient/c"}, "type": "replaced-by"}]
    assert settled(desk, patient("b", link=more)).patients == frozenset(ids(desk, "a", "b", "c"))
    desk.puts(patient("b", link=more))
    assert desk.jobs() == set(ids(desk, "a", "b", "c"))


def test_a_link_keeps_the_time_since_when_it_stands_so(desk: Desk):
    desk.puts(patient("b"), patient("c"), patient("a", link=LINK))
    desk.now += 1
    desk.puts(patient("b", link=[{"other": {"reference": "Patient/c"}, "type": "replaced-by"}]))
    a, b, c = ids(desk, "a", "b", "c")
    with desk.vault.database.read() as conn:
        assert kept.listing(conn, ST_ANNA) == [
            Merge(b, c, True, False, "united", None, c, NOW + 1),
            Merge(a, b, True, False, "united", None, c, NOW),
        ]


@pytest.mark.parametrize(
    "meanwhile",
    [
        patient("b", gender="male"),
        patient("b", link=[{"other": {"reference": "Patient/z"}, "type": "replaced-by"}]),
        patient("z", link=LINK),
        patient("z", link=[{"other": {"reference": "Patient/a"}, "type": "replaces"}]),
    ],
    ids=["its record", "its link", "another link to it", "another link to us"],
)
def test_what_changes_between_the_decision_and_the_transaction_makes_it_start_again(
    desk: Desk, meanwhile: dict[str, Any]
):
    desk.puts(patient("b"))
    late = settled(desk, patient("a", link=LINK))
    desk.puts(meanwhile)
    before = desk.rows(kept.patient_merge)
    with pytest.raises(Conflict):
        writes(desk, late)
    assert desk.rows(kept.patient_merge) == before


def test_a_record_that_comes_meanwhile_makes_it_start_again(desk: Desk):
    late = settled(desk, patient("a", link=LINK))
    desk.puts(patient("b"))
    with pytest.raises(Conflict):
        writes(desk, late)
    first = settled(desk, patient("d"))
    desk.puts(patient("c", link=[{"other": {"reference": "Patient/d"}, "type": "replaced-by"}]))
    with pytest.raises(Conflict):
        writes(desk, first)
    writes(desk, settled(desk, patient("a", link=LINK)))


def test_of_an_erased_record_nobody_says_anything_any_more(desk: Desk):
    desk.puts(
        patient("b"),
        patient("c"),
        patient("a", link=[*LINK, {**LINK[0], "other": {"reference": "Patient/c"}}]),
    )
    a, b, c = ids(desk, "a", "b", "c")
    found = merges.settle(desk.vault, desk.looking, ST_ANNA, [Told(c, erased=True)], NOW)
    assert found is not None
    assert {(one.successor, one.state) for one in found.changed} == {(b, "united"), (c, "undone")}
    assert found.patients == {a, b}


def test_each_turn_is_told_like_the_deed_that_made_it(desk: Desk):
    desk.puts(patient("b", gender="male"))
    deed = trace.event(ehr(), trace.Deed("update"), NOW)
    (event,) = settled(desk, patient("a", link=LINK)).events(deed)
    assert (event.kind, event.action, event.outcome, event.status) == ("merge:blocked", "U", "4", 409)
    assert (event.patient, event.id) == tuple(ids(desk, "a", "b"))
    assert (event.client_id, event.request_id, event.detail) == (deed.client_id, deed.request_id, "sex")


def test_who_is_half_erased_stops_nobody(desk: Desk):
    desk.puts(patient("b"), patient("a", link=LINK))
    desk.vault.clinical.destroy(ST_ANNA, desk.id_of("Patient/a"))
    desk.vault.identity.destroy(ST_ANNA, desk.id_of("Patient/a"))
    desk.puts(patient("b", gender="male"))
    with desk.vault.database.read() as conn:
        assert [one.state for one in kept.listing(conn, ST_ANNA)] == ["waiting"]
