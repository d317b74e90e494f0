"""A kept list opens for who kept it, for an hour, and shows nobody else anything."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from gateway.custody.database import Database, Side
from gateway.custody.identity.search_lists import KEPT, Owner, SearchLists, forget
from gateway.custody.ids import Tenant, WriteNo
from gateway.custody.settings import Storage
from gateway.custody.tables import search_list

LISTS = SearchLists(lambda tenant: sha256(str(tenant).encode()).digest(), os.urandom)
OWNER = Owner(Tenant(3), "ehr-1", "Observation")
NUMBERS = [WriteNo(3 << 40 | count) for count in (9, 1, 5)]
NOW = 1_000_000


@pytest.fixture
def database(sqlite_storage: Storage) -> Iterator[Database]:
    made = Database.open(sqlite_storage.database_url, Side.TRUSTED)
    yield made
    made.close()


def kept(database: Database, owner: Owner = OWNER, numbers: list[WriteNo] = NUMBERS) -> str:
    with database.write() as conn:
        return LISTS.keep(conn, owner, numbers, NOW)


def got(database: Database, name: str, owner: Owner = OWNER, now: int = NOW) -> list[WriteNo] | None:
    with database.read() as conn:
        return LISTS.get(conn, owner, name, now)


@settings(deadline=None, max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(0, 2**62).map(WriteNo), max_size=50))
def test_a_list_comes_back_in_its_order(database: Database, numbers: list[WriteNo]):
    assert got(database, kept(database, numbers=numbers)) == numbers


@pytest.mark.parametrize("change", [{"organization": Tenant(4)}, {"client_id": "ehr-2"}, {"type": "Patient"}])
def test_a_list_is_nobody_elses(database: Database, change: dict):
    assert got(database, kept(database), replace(OWNER, **change)) is None


def test_a_list_cannot_stand_for_another(database: Database):
    one, other = kept(database), kept(database, numbers=NUMBERS[:1])
    with database.write() as conn:
        sealed = conn.scalar(select(search_list.c.sealed).where(search_list.c.id == bytes.fromhex(other)))
        conn.execute(search_list.update().where(search_list.c.id == bytes.fromhex(one)).values(sealed=sealed))
    assert got(database, one) is None


def test_a_list_runs_out_and_is_forgotten(database: Database):
    name = kept(database)
    assert got(database, name, now=NOW + KEPT - 1) == NUMBERS
    assert got(database, name, now=NOW + KEPT) is None
    for now, left in ((NOW + KEPT - 1, 1), (NOW + KEPT, 0)):
        with database.write() as conn:
            forget(conn, now)
            assert len(conn.execute(select(search_list)).all()) == left


def test_law_2_a_list_shows_no_number(database: Database):
    kept(database)
    with database.read() as conn:
        (row,) = conn.execute(select(search_list))
    assert not any(number.to_bytes(8, "big")[3:] in row.sealed for number in NUMBERS)
