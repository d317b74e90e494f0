"""Prepared statements, in a transaction and at a glance, on both forms of database."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import bindparam, insert, select, text, update

from gateway.custody.database import Database, Side, bulk
from gateway.custody.errors import NotPermitted, StoreUnavailable
from gateway.custody.prepared import MOST_AT_ONCE, Glance, Prepared, Reading, listed, one_of
from gateway.custody.settings import Storage
from gateway.custody.tables import client, organization, tombstone

BY_NAME = Prepared(select(organization.c.number).where(organization.c.name == bindparam("name")))
LATER = Prepared(select(organization.c.number).where(organization.c.created > 5).limit(1))
EVERY = Prepared(select(organization.c.number).order_by(organization.c.number))
CLIENTS = Prepared(select(client.c.client_id))


@pytest.fixture
def database(storage: Storage) -> Iterator[Database]:
    opened = Database.open(storage.database_url, Side.TRUSTED)
    with opened.write() as conn:
        conn.execute(
            insert(organization), [{"number": n, "name": f"org {n}", "created": n} for n in range(1, 9)]
        )
    yield opened
    opened.close()


def numbers(at: Reading, name: str) -> list[int]:
    return [number for (number,) in BY_NAME.rows(at, name=name)]


def test_a_statement_answers_alike_at_a_glance_and_in_a_transaction(database: Database):
    with database.glance() as at:
        assert numbers(at, "org 3") == [3]
    with database.read() as conn:
        assert numbers(conn, "org 3") == [3]
        assert numbers(conn, "nobody") == []


def test_fixed_values_of_a_statement_are_its_own(database: Database):
    with database.glance() as at:
        assert LATER.rows(at) == [(6,)]


def test_a_transaction_sees_what_it_wrote_itself(database: Database):
    with database.write() as conn:
        conn.execute(insert(organization).values(number=20, name="new", created=0))
        assert numbers(conn, "new") == [20]
        with database.glance() as at:
            assert numbers(at, "new") == []
    with database.glance() as at:
        assert numbers(at, "new") == [20]


def test_each_glance_sees_what_was_committed_last(database: Database):
    with database.glance() as at:
        before = len(EVERY.rows(at))
        with database.write() as conn:
            conn.execute(insert(organization).values(number=21, name="meanwhile", created=0))
        assert len(EVERY.rows(at)) == before + 1


@pytest.mark.parametrize("count", [1, 2, 3, MOST_AT_ONCE, MOST_AT_ONCE + 3])
def test_lists_of_any_length_come_in_few_forms(database: Database, count: int):
    wanted = list(range(1, count + 1))
    found, forms = [], set()
    with database.glance() as at:
        for places, values in listed("no", wanted):
            forms.add(places)
            asked = Prepared(select(organization.c.number).where(one_of(organization.c.number, "no", places)))
            found += [number for (number,) in asked.rows(at, **values)]
    assert sorted(found) == [number for number in wanted if number <= 8]
    assert all(form.bit_count() == 1 for form in forms)
    assert list(listed("no", [])) == []


def test_bytes_are_given_and_come_back_as_bytes(database: Database):
    with database.write() as conn:
        conn.execute(insert(tombstone).values(tenant=1, type="Patient", id=b"\x00\xff" * 8, erased=1))
    asked = Prepared(select(tombstone.c.id).where(tombstone.c.id == bindparam("id")))
    with database.glance() as at:
        assert asked.rows(at, id=b"\x00\xff" * 8) == [(b"\x00\xff" * 8,)]


def test_law_3_a_worker_sees_no_more_at_a_glance(storage: Storage):
    worker = Database.open(storage.database_url, Side.WORKER)
    try:
        with pytest.raises(NotPermitted), worker.glance() as at:
            CLIENTS.rows(at)
        with worker.glance() as at:
            assert EVERY.rows(at) == []
    finally:
        worker.close()


def test_a_connection_is_used_again(database: Database):
    with database.glance() as at:
        first = at.driver
    with database.glance() as at:
        assert at.driver is first
        with database.glance() as beside:
            assert beside.driver is not first


def test_a_connection_that_failed_is_used_no_more(database: Database):
    broken = Prepared(select(text("nothing")).select_from(organization))
    with database.glance() as at:
        first = at.driver
    with pytest.raises(Exception, match="nothing"), database.glance() as at:
        broken.rows(at)
    with database.glance() as at:
        assert at.driver is not first
        assert len(EVERY.rows(at)) == 8


@pytest.mark.servers
def test_a_server_that_ended_an_idle_connection_is_asked_again(postgres_storage: Storage):
    database = Database.open(postgres_storage.database_url, Side.TRUSTED)
    try:
        with database.glance() as at:
            EVERY.rows(at)
            pid = at.driver.info.backend_pid
        with database.write() as conn:
            assert conn.scalar(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
        with database.glance() as at:
            assert EVERY.rows(at) == []
            assert at.driver.info.backend_pid != pid
    finally:
        database.close()


def test_a_statement_that_changes_runs_in_its_transaction(database: Database):
    rename = Prepared(
        update(organization)
        .where(organization.c.number == bindparam("this"))
        .values(name=bindparam("to"), created=7)
    )

    def renamed_in_vain() -> None:
        with database.write() as conn:
            rename.run(conn, this=1, to="lost")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        renamed_in_vain()
    with database.write() as conn:
        rename.run(conn, this=2, to="kept")
    with database.glance() as at:
        assert numbers(at, "lost") == []
        assert numbers(at, "kept") == [2]


def test_a_transaction_of_prepared_statements_is_seen_whole_or_not_at_all(database: Database):
    rename = Prepared(
        update(organization).where(organization.c.number == bindparam("this")).values(name=bindparam("to"))
    )

    def renamed_in_vain() -> None:
        with database.write_prepared() as at:
            rename.run(at, this=1, to="lost")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        renamed_in_vain()
    with database.write_prepared() as at:
        rename.run(at, this=2, to="kept")
        bulk(at, organization, [(30, "in bulk", 0, 0)])
        with database.glance() as beside:
            assert numbers(beside, "kept") == numbers(beside, "in bulk") == []
    with database.glance() as at:
        assert numbers(at, "lost") == []
        assert numbers(at, "kept") == [2]
        assert numbers(at, "in bulk") == [30]


def test_writers_of_both_kinds_take_turns(database: Database):
    rename = Prepared(
        update(organization)
        .where(organization.c.number == 1)
        .values(created=organization.c.created + bindparam("more"))
    )

    def add(number: int) -> None:
        with database.write_prepared() if number % 2 else database.write() as at:
            rename.run(at, more=1)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(add, range(40)))
    created = Prepared(select(organization.c.created).where(organization.c.number == 1))
    with database.glance() as at:
        assert created.rows(at) == [(41,)]


@pytest.mark.servers
def test_no_other_connection_goes_on_with_a_transaction_that_was_cut(postgres_storage: Storage):
    database = Database.open(postgres_storage.database_url, Side.TRUSTED)

    def pid_of(at: Glance) -> int:
        return int(at.driver.info.backend_pid)

    def end(pid: int) -> None:
        with database.write() as conn:
            assert conn.scalar(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})

    def cut() -> None:
        with database.write_prepared() as at:
            bulk(at, organization, [(30, "half", 0, 0)])
            end(pid_of(at))
            EVERY.rows(at)

    try:
        with pytest.raises(StoreUnavailable):
            cut()
        with database.write_prepared() as at:
            idle = pid_of(at)
        end(idle)
        with database.write_prepared() as at:
            assert pid_of(at) != idle
            bulk(at, organization, [(31, "whole", 0, 0)])
        with database.glance() as at:
            assert EVERY.rows(at) == [(31,)]
    finally:
        database.close()
