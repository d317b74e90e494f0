"""Erasing a patient: nothing of theirs is left, nothing of others is lost, whenever it was killed."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest
from sqlalchemy import LargeBinary, create_engine, insert, make_url, text

from gateway.auth.actor import Role
from gateway.custody import erasing, holds, verify
from gateway.custody.database import Database
from gateway.custody.errors import Conflict, KeyGone
from gateway.custody.identity import idempotency
from gateway.custody.key_tables import clinical_key, identity_key
from gateway.custody.keyring import KeyRing
from gateway.custody.operator import By
from gateway.custody.settings import Storage
from gateway.custody.tables import client, data, erasure, tombstone, version
from gateway.delivery import Office
from gateway.erasure import Done, Held, Request, Unknown, others
from gateway.erasure.reasons import ReasonRefused
from gateway.housekeeping import CHORES, finish_erasures
from gateway.intake.commit import Batch, commit
from gateway.intake.entries import Entry
from gateway.intake.versions import Versions
from gateway.refusal import Kind
from gateway.stored import Repeat
from mappers import lossless
from tests.desk import (
    NOW,
    ST_ANNA,
    ST_BERTA,
    Desk,
    bundle,
    diabetic,
    ehr,
    entry,
    observation,
    patient,
    put,
    refusal,
)
from tests.desk import desk as desk
from tests.desk import small_desk as small_desk
from workers import writing

REASON = "Art. 17 GDPR, request 2026-114"
ALLOWED = {"tombstone", "audit_event"}


class KilledError(BaseException):
    """What no handler catches, as a kill."""


def group(*names: str, **more: Any) -> dict[str, Any]:
    members = [{"entity": {"reference": f"Patient/{name}"}} for name in names]
    return {"resourceType": "Group", "id": "g", "type": "person", "actual": True, "member": members, **more}


def erase(desk: Desk, id_: str, **more: Any) -> Done:
    return desk.erasure.erase(Request(ST_ANNA, id_, REASON, By("test"), **more))


def registers(desk: Desk) -> None:
    """The EHR as a client, whose answers are sealed under its own organization's keys."""
    row = {"client_id": ehr().client_id, "name": "ehr", "role": Role.EHR.value, "organization": ST_ANNA}
    with desk.vault.database.write() as conn:
        conn.execute(insert(client).values(**row, scope="", jwks="{}", created=NOW))


def town(desk: Desk) -> None:
    """Two patients with plans, something that both have a part in, and somebody who cares for them."""
    registers(desk)
    desk.puts(*diabetic("anna"), *diabetic("berta"), group("anna", "berta"))
    desk.puts(patient("anna", gender="other"), {"resourceType": "Practitioner", "id": "dr", "gender": "male"})
    desk.intake.transaction(ehr(), bundle(put(observation("anna-2", "Patient/anna"))), repeat())
    desk.works()


def repeat(key: str = "key-1") -> Repeat:
    return Repeat(key, sha256(key.encode()).digest())


def ids_of(desk: Desk, name: str) -> set[bytes]:
    """Every stored id in a patient's compartment."""
    home = desk.id_of(f"Patient/{name}")
    return {bytes(row.id) for row in desk.rows(data.tables["record"]) if row.compartment == home} | {home}


def tables_with(desk: Desk, ids: set[bytes]) -> set[str]:
    """The tables that hold one of these ids in any cell, alone or beside others."""
    found = set()
    for name, table in data.tables.items():
        binary = [column.name for column in table.columns if isinstance(column.type, LargeBinary)]
        cells = (row._mapping[column] for row in desk.rows(table) for column in binary)
        if any(cell is not None and any(one in bytes(cell) for one in ids) for cell in cells):
            found.add(name)
    return found


def assert_gone(desk: Desk, ids: set[bytes]) -> None:
    """Nothing is left but tombstones and the trail, and the trail is whole."""
    assert tables_with(desk, ids) == ALLOWED
    home = desk.id_of("Patient/anna")
    assert not desk.vault.clinical.fetch(ST_ANNA, [home])
    assert not desk.vault.identity.fetch(ST_ANNA, [home])
    assert desk.rows(erasure) == []
    for name in ("Patient/anna", "Patient/anna/_history/1", "Condition/anna-dm", "Observation/anna-2"):
        with refusal(Kind.GONE):
            desk.reads(name)
    assert desk.reads("Group/g") == group("berta")
    assert desk.reads("Patient/berta") == patient("berta")
    assert desk.reads("Observation/berta-a1c") == observation("berta-a1c", "Patient/berta")
    with desk.vault.database.read() as conn:
        assert verify.verify(conn, {}).ok


# --- what it does ----------------------------------------------------------------------------------------


def test_law_2_nothing_of_the_erased_is_left_and_nothing_of_others_is_lost(desk: Desk) -> None:
    town(desk)
    ids = ids_of(desk, "anna")
    assert {"record", "version", "link", "job", "idempotency", "patient_link"} <= tables_with(desk, ids)
    done = erase(desk, "anna")
    assert (done.before, done.resources, done.rewritten, done.keys) == (False, len(ids), 1, 2)
    assert_gone(desk, ids)
    assert {bytes(row.id) for row in desk.rows(tombstone)} == ids


def test_law_4_the_trail_says_who_had_whom_erased_and_why_in_pseudonyms(desk: Desk) -> None:
    town(desk)
    with desk.leaves() as events:
        erase(desk, "anna")
    assert [e.kind for e in events] == ["erasure:begin", "erasure:rewrite", "erasure:end"]
    assert {e.patient for e in events} == {desk.id_of("Patient/anna")}
    assert events[0].detail == f"test: {REASON}"
    head = desk.head("Group/g")
    assert head is not None
    assert (events[1].type, events[1].id, events[1].version) == ("Group", head.id, head.version)
    assert events[1].digest == head.digest, "what lies there now is what the trail says"
    assert events[2].detail.startswith("resources=")


def test_who_was_erased_is_refused_whatever_names_them(desk: Desk) -> None:
    town(desk)
    erase(desk, "anna")
    extension = [{"url": "urn:hospital:kin", "valueReference": {"reference": "Patient/anna"}}]
    for sent in (
        patient("anna"),
        observation("new", "Patient/anna"),
        observation("anna-a1c", "Patient/berta"),
        group("anna", "berta"),
        {"resourceType": "Practitioner", "id": "dr", "gender": "male", "extension": extension},
        observation("berta-new", "Patient/berta", extension=extension),
        {"resourceType": "Bundle", "id": "b", "type": "collection", "entry": [{"resource": patient("anna")}]},
    ):
        with refusal(Kind.GONE, "deleted"):
            desk.puts(sent)
    with refusal(Kind.GONE):
        desk.intake.transaction(ehr(), bundle(put(patient("carla")), entry("GET", "Patient/anna")))
    assert not desk.vault.identity.fetch(ST_ANNA, [desk.id_of("Patient/anna")]), "no new key"
    with refusal(Kind.NOT_FOUND):
        desk.reads("Patient/carla")


def test_every_way_of_reading_says_gone_and_is_recorded(desk: Desk) -> None:
    town(desk)
    (plan,) = desk.searches("CarePlan?subject=Patient/anna")
    erase(desk, "anna")
    with desk.leaves() as events:
        for reference in ("Patient/anna", "Patient/anna/_history/1", f"CarePlan/{plan['id']}"):
            with refusal(Kind.GONE, "deleted"):
                desk.reads(reference)
        with refusal(Kind.GONE, "deleted"):
            desk.release.history(ehr(), "Observation", "anna-a1c")
    assert [(e.kind, e.status) for e in events] == [
        ("rest:read", 410),
        ("rest:vread", 410),
        ("rest:read", 410),
        ("rest:history", 410),
    ]
    assert desk.searches("CarePlan?subject=Patient/anna") == []
    assert desk.searches("Patient?name=Hopkins") == [patient("berta")]


def test_another_tenants_patient_of_the_same_id_is_somebody_else(desk: Desk) -> None:
    desk.puts(patient("anna"))
    desk.puts(patient("anna"), actor=ehr(ST_BERTA))
    erase(desk, "anna")
    assert desk.reads("Patient/anna", ehr(ST_BERTA)) == patient("anna")


def test_erased_twice_is_done_before_and_leaves_no_second_trace(desk: Desk) -> None:
    desk.puts(patient("anna"))
    erase(desk, "anna")
    with desk.leaves() as events:
        assert erase(desk, "anna") == Done(before=True)
    assert events == []


def test_who_never_was_is_not_erased_but_for_the_asking(desk: Desk) -> None:
    desk.puts(patient("berta"))
    with desk.leaves() as events, pytest.raises(Unknown):
        erase(desk, "anna")
    assert [(e.kind, e.status) for e in events] == [("erasure:refuse", 409)]
    assert desk.rows(tombstone) == []
    assert not erase(desk, "anna", unknown=True).before
    with refusal(Kind.GONE):
        desk.puts(patient("anna"))


def test_who_is_only_pointed_at_is_known_enough(desk: Desk) -> None:
    desk.puts(observation("o1", "Patient/anna"))
    assert erase(desk, "anna").resources == 1
    with refusal(Kind.GONE):
        desk.reads("Observation/o1")


@pytest.mark.parametrize("whole", [False, True], ids=["the patient", "the organization"])
def test_a_legal_hold_forbids_it(desk: Desk, whole: bool) -> None:
    desk.puts(patient("anna"))
    held = holds.WHOLE_TENANT if whole else desk.id_of("Patient/anna")
    with desk.vault.database.write() as conn:
        holds.place(conn, ST_ANNA, held, "LIT-1", NOW)
    with pytest.raises(Held):
        erase(desk, "anna")
    assert desk.reads("Patient/anna") == patient("anna")


def test_a_reason_that_names_somebody_is_refused_and_recorded_without_it(desk: Desk) -> None:
    desk.puts(patient("anna"))
    for reason in ("asked by hopkins", "request of anna", "born 17.04.1961"):
        with desk.leaves() as events, pytest.raises(ReasonRefused):
            desk.erasure.erase(Request(ST_ANNA, "anna", reason, By("test")))
        assert [e.detail for e in events] == ["test: ReasonRefused"]
    assert desk.reads("Patient/anna") == patient("anna")


def test_what_moved_away_leaves_its_old_versions_behind(desk: Desk) -> None:
    desk.puts(patient("anna"), patient("berta"), observation("o1", "Patient/anna"))
    desk.puts(observation("o1", "Patient/berta"))
    ids = {bytes(desk.id_of("Patient/anna"))}
    erase(desk, "anna")
    assert desk.reads("Observation/o1") == observation("o1", "Patient/berta")
    assert tables_with(desk, ids) == ALLOWED
    with refusal(Kind.NOT_FOUND):
        desk.reads("Observation/o1/_history/1")


def test_records_that_were_one_person_are_two_again(desk: Desk) -> None:
    link = [{"other": {"reference": "Patient/berta"}, "type": "replaced-by"}]
    desk.puts(*diabetic("berta"), patient("anna", link=link))
    desk.works()
    assert tables_with(desk, {bytes(desk.id_of("Patient/berta"))}) >= {"patient_merge", "patient_link"}
    ids = ids_of(desk, "berta")
    erase(desk, "berta")
    assert desk.reads("Patient/anna") == patient("anna")
    assert tables_with(desk, ids) == ALLOWED
    assert desk.works() == 1
    assert len(desk.searches("CarePlan?subject=Patient/anna&status=draft")) == 1


# --- backups ---------------------------------------------------------------------------------------------


def backup(storage: Storage) -> Storage:
    """A copy of the data, as a backup holds it, beside the key store as it is."""
    url = make_url(storage.database_url)
    if url.get_backend_name() == "sqlite":
        copied = f"{url.database}.backup"
        engine = create_engine(f"sqlite:///{url.database}")
        with engine.connect() as conn:
            conn.execute(text("VACUUM INTO :path"), {"path": copied})
        engine.dispose()
        engine = create_engine(f"sqlite:///{copied}")
        with engine.connect() as conn:
            conn.execute(text("PRAGMA journal_mode = WAL"))
        engine.dispose()
        return replace(storage, database_url=f"sqlite:///{copied}")
    name = f"{url.database}_backup"
    admin = create_engine(url.set(database="postgres"), isolation_level="AUTOCOMMIT")
    with admin.connect() as conn:
        conn.execute(text(f"CREATE DATABASE {name} TEMPLATE {url.database}"))
    admin.dispose()
    return replace(storage, database_url=url.set(database=name).render_as_string(hide_password=False))


@pytest.fixture
def restored(desk: Desk) -> Iterator[Desk]:
    """A desk over a backup from before the erasure; the key store is as the erasure left it."""
    town(desk)
    desk.vault.database.close()
    storage = backup(desk.storage)
    erase(desk, "anna")
    made = Desk(storage)
    yield made
    made.close()
    if not storage.database_url.startswith("sqlite"):
        url = make_url(storage.database_url)
        admin = create_engine(url.set(database="postgres"), isolation_level="AUTOCOMMIT")
        with admin.connect() as conn:
            conn.execute(text(f"DROP DATABASE {url.database} WITH (FORCE)"))
        admin.dispose()


def test_law_3_nothing_of_the_erased_opens_from_a_backup_of_the_data(restored: Desk) -> None:
    assert restored.rows(tombstone) == [], "it is from before"
    for name in ("Patient/anna", "Patient/anna/_history/1", "Condition/anna-dm", "Group/g"):
        with refusal(Kind.GONE):
            restored.reads(name)
    with restored.vault.database.read() as conn, pytest.raises(KeyGone):
        idempotency.lookup(conn, restored.vault, ehr().client_id, "key-1")
    assert restored.searches("Patient?name=Hopkins") == [patient("berta")]
    assert restored.reads("Patient/berta") == patient("berta")


def test_a_key_store_that_was_restored_is_put_right_by_housekeeping(desk: Desk) -> None:
    town(desk)
    home = desk.id_of("Patient/anna")
    erase(desk, "anna")
    desk.vault.identity.ensure(ST_ANNA, [home])
    assert desk.erasure.finish() == 1
    assert not desk.vault.identity.fetch(ST_ANNA, [home])
    assert desk.erasure.finish() == 0


def test_the_bytes_themselves_are_overwritten(small_desk: Desk) -> None:
    desk = small_desk
    town(desk)
    home = desk.id_of("Patient/anna")
    keys = [row.wrapped for row in _keys(desk) if row.subject == home]
    cells = [bytes(row.clinical) for row in desk.rows(version) if row.compartment == home and row.clinical]
    assert len(keys) == 2
    folder = desk.storage.data_dir
    assert all(any(c[:64] in path.read_bytes() for path in folder.glob("*.db*")) for c in (*keys, *cells))
    erase(desk, "anna")
    files = {path.name: path.read_bytes() for path in folder.glob("*.db*")}
    assert not [name for name, found in files.items() for c in (*keys, *cells) if c[:64] in found]


def _keys(desk: Desk) -> list[Any]:
    with desk.vault.keys.read() as conn:
        return [row for table in (clinical_key, identity_key) for row in conn.execute(table.select())]


# --- killed ----------------------------------------------------------------------------------------------

CLOSING, REWRITING, DESTROYING, PURGING = (
    (erasing, "begin", 1),
    (others.Others, "rewrite", 1),
    (KeyRing, "destroy", 1),
    (erasing, "purge", 1),
)
ENDING = (erasing, "end", 1)
KILLS = [
    CLOSING,
    REWRITING,
    (others, "put_beside", 1),
    DESTROYING,
    (KeyRing, "destroy", 2),
    PURGING,
    (erasing, "purge", 2),
    (Database, "empty_log", 3),
    ENDING,
    (idempotency, "blank", 2),
]
"""Where it dies, and at which call."""
Step = tuple[Any, str, int]


def killed(monkeypatch: pytest.MonkeyPatch, step: Step, after: bool = False) -> None:
    """Let a step die at its n-th call, before it or after it."""
    where, name, call = step
    real, seen = getattr(where, name), [0]

    def dying(*arguments: Any, **named: Any) -> Any:
        seen[0] += 1
        if seen[0] < call:
            return real(*arguments, **named)
        if after:
            real(*arguments, **named)
        raise KilledError

    monkeypatch.setattr(where, name, dying)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("step", KILLS, ids=lambda step: f"{step[1]}-{step[2]}")
def test_law_6_killed_anywhere_it_is_finished_by_the_same_command_or_by_the_clock(
    small_desk: Desk, monkeypatch: pytest.MonkeyPatch, step: Step, after: bool
) -> None:
    desk = small_desk
    town(desk)
    ids = ids_of(desk, "anna")
    monkeypatch.setattr("gateway.erasure.service.BATCH", 3)
    with monkeypatch.context() as patch:
        killed(patch, step, after)
        with suppress(KilledError):
            erase(desk, "anna")
    if desk.rows(tombstone):
        with refusal(Kind.GONE):
            desk.reads("Patient/anna")
        assert desk.searches("Patient?name=Hopkins") == [patient("berta")], "nor found, from the first moment"
        desk.erasure.finish()
    else:
        assert desk.reads("Patient/anna"), "nothing was done"
        erase(desk, "anna")
    assert_gone(desk, ids)
    assert erase(desk, "anna").before


@pytest.mark.parametrize("step", [REWRITING, DESTROYING, PURGING, ENDING], ids=lambda step: step[1])
def test_law_6_the_same_command_goes_on(desk: Desk, monkeypatch: pytest.MonkeyPatch, step: Step) -> None:
    town(desk)
    ids = ids_of(desk, "anna")
    with monkeypatch.context() as patch:
        killed(patch, step)
        with pytest.raises(KilledError):
            erase(desk, "anna")
    assert not erase(desk, "anna").before
    assert_gone(desk, ids)


def test_the_courier_has_it_among_its_chores(small_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = small_desk
    town(desk)
    ids = ids_of(desk, "anna")
    with monkeypatch.context() as patch:
        killed(patch, DESTROYING)
        with pytest.raises(KilledError):
            erase(desk, "anna")
    assert finish_erasures in [chore.do for chore in CHORES]
    finish_erasures(Office(desk.storage, desk.vault, desk.release, desk.clock, os.urandom, desk.erasure))
    assert_gone(desk, ids)


# --- others at the same time -----------------------------------------------------------------------------


def test_law_6_a_write_that_was_let_through_before_comes_too_late(desk: Desk) -> None:
    town(desk)
    late = [observation("late", "Patient/anna"), group("anna", "berta", name="late")]
    batches = []
    for sent in late:
        entries = [
            Entry("", "PUT", sent["resourceType"], sent["id"], sent, names=frozenset({"Patient/anna"}))
        ]
        versions = Versions(desk.vault, desk.intake.policy, desk.looking, os.urandom)
        made = [o.sealed for o in versions.following(ehr(), entries, NOW) if o.sealed is not None]
        batches.append(Batch(ST_ANNA, made, [], None, NOW))
    ids = ids_of(desk, "anna")
    erase(desk, "anna")
    for batch in batches:
        with pytest.raises((erasing.records.Erased, Conflict)):
            commit(desk.vault, batch, os.urandom)
    assert_gone(desk, ids)


def test_law_6_a_worker_that_had_read_before_writes_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    registers(desk)
    desk.puts(*diabetic("anna"), *diabetic("berta"), group("anna", "berta"))
    desk.puts(observation("anna-2", "Patient/anna"))
    ids, real = ids_of(desk, "anna"), writing.commit
    home = desk.id_of("Patient/anna")

    def late(at: Any, claim: Any, *rest: Any) -> None:
        if claim.patient == home and not desk.rows(tombstone):
            erase(desk, "anna")
        real(at, claim, *rest)

    monkeypatch.setattr(writing, "commit", late)
    desk.works()
    assert_gone(desk, ids)
    assert all(row.patient != home for row in desk.rows(data.tables["job"]))
    assert desk.searches("CarePlan?subject=Patient/berta")


def test_law_6_whoever_writes_all_the_time_is_refused_and_nothing_stays(desk: Desk) -> None:
    town(desk)
    stop, told = threading.Event(), []

    def writes() -> None:
        number = 0
        while not stop.is_set() and number < 400:
            number += 1
            try:
                desk.puts(observation(f"more-{number}", "Patient/anna"))
            except Exception as error:
                told.append(error)

    thread = threading.Thread(target=writes)
    thread.start()
    while not desk.rows(data.tables["record"]) or desk.head("Observation/more-2") is None:
        pass
    ids = ids_of(desk, "anna")
    erase(desk, "anna")
    stop.set()
    thread.join()
    with refusal(Kind.GONE):
        desk.puts(observation("after", "Patient/anna"))
    desk.erasure.finish()
    assert_gone(desk, ids)
    assert all(getattr(error, "kind", None) in (Kind.GONE, Kind.CONFLICT) for error in told)


def test_two_that_erase_at_once_leave_one_trace(desk: Desk) -> None:
    town(desk)
    ids, since = ids_of(desk, "anna"), desk.trail()
    threads = [threading.Thread(target=erase, args=(desk, "anna")) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    kinds = [e.kind for e in desk.events(since=since)]
    assert (kinds.count("erasure:begin"), kinds.count("erasure:end")) == (1, 1)
    assert_gone(desk, ids)


# --- answers that were kept ------------------------------------------------------------------------------


def test_an_answer_that_concerned_them_is_gone_and_others_are_kept(desk: Desk) -> None:
    registers(desk)
    desk.puts(patient("anna"), patient("berta"))
    sent = {
        "hers": [put(observation("o1", "Patient/anna"))],
        "read": [entry("GET", "Patient/anna")],
        "both": [put(observation("o2", "Patient/anna")), put(observation("o3", "Patient/berta"))],
        "other": [put(observation("o4", "Patient/berta"))],
    }
    answers = {key: desk.intake.transaction(ehr(), bundle(*e), repeat(key)) for key, e in sent.items()}
    erase(desk, "anna")
    for key in ("hers", "read", "both"):
        with refusal(Kind.GONE):
            desk.intake.transaction(ehr(), bundle(*sent[key]), repeat(key))
    again = desk.intake.transaction(ehr(), bundle(*sent["other"]), repeat("other"))
    assert again == answers["other"]
    assert lossless.loads(again.body)["type"] == "transaction-response"


def test_what_made_them_makes_nobody_when_it_comes_again(desk: Desk) -> None:
    """The ids were the server's, so that no tombstone stands in the way: the emptied answer does."""
    registers(desk)
    made = {"resourceType": "Patient", "name": [{"family": "Hopkins"}]}
    sent = bundle(entry("POST", "Patient", made, full_url="urn:uuid:1"))
    answer = lossless.loads(desk.intake.transaction(ehr(), sent, repeat()).body)
    id_ = answer["entry"][0]["response"]["location"].split("/")[1]
    erase(desk, id_)
    with refusal(Kind.GONE):
        desk.intake.transaction(ehr(), sent, repeat())
    assert desk.searches("Patient?name=Hopkins") == []
