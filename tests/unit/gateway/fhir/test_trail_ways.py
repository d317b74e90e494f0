"""What an officer asks is answered by indexes, and is exactly what trying each event would find."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from sqlalchemy import Connection, and_, event, func, select, text

from bench import trail_events
from bench.trail_events import Cast, resource_id, transactions
from gateway.custody import audit
from gateway.custody.database import Database, Side
from gateway.custody.ids import SYSTEM, StoredId, Tenant
from gateway.custody.migrations import Store, migrate
from gateway.custody.tables import audit_event
from gateway.fhir import trail_pages
from gateway.fhir.trail_pages import Place
from gateway.fhir.trail_query import clauses, wishes
from gateway.fhir.trail_ways import MANY_ADDRESSES

HOSPITAL = Tenant(1)
LOGS = (SYSTEM, HOSPITAL)
PATIENTS = tuple(StoredId(hashlib.sha256(b"%d" % number).digest()[:16]) for number in range(12))
START, STEP = 1_750_000_000_000_000, 600_000_000
EVENTS = 1_200
CEILING = START + EVENTS * STEP * 2

ONE_BY_ONE = {
    "date": ("2025-06-15", "ge2025-06-17", "lt2025-06-16", "ne2025-06-17", "2025-06-15,2025-06-18", "1990"),
    "agent": (
        trail_events.EHR,
        f"Device/{trail_events.PARTNERS[0]}",
        trail_events.RARE_CLIENT,
        trail_events.RARE_USER,
        f"{trail_events.EHR},bench|dr-31",
        "bench|dr-31,bench|dr-62",
        trail_events.ENGINE,
        "nobody",
    ),
    "patient": ("3", "Patient/0", "1,2,1", "Patient/99"),
    "entity": ("Observation/3-1", "Consent/0-64", "Observation/3-1,Observation/3-2", "Patient/3-1"),
    "type": ("rest", "110110", "token", "rest,110110", "unheard"),
    "subtype": ("read", "disclose", "search,disclose", "worker:read", "unheard"),
    "action": ("C", "R,E", "D", "U"),
    "outcome": ("0", "4", "12", "4,8,12"),
    "purpose": ("TREAT", "HRESCH", "TREAT,BTG", "urn:other|TREAT"),
    "address": ("10.", "10.20.1", trail_events.RARE_ADDRESS, "192.0.2.1,10.20.0.5", "%", "FE80"),
}


def resolve(type_: str, id_: str) -> StoredId | None:
    number, _, place = id_.partition("-")
    if int(number) >= len(PATIENTS):
        return None
    patient = PATIENTS[int(number)]
    return resource_id(patient, int(place)) if place else patient


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgres", marks=pytest.mark.servers)])
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """A store with its tables, for all questions of this page."""
    with ExitStack() as stack:
        if request.param == "sqlite":
            url = f"sqlite:///{tmp_path_factory.mktemp('trail') / 'careloom.db'}"
        else:
            lent = request.getfixturevalue("postgres_databases").lent()
            url = stack.enter_context(lent)[Store.DATA]
        database = Database.open(url, Side.TRUSTED)
        migrate(database)
        yield database
        database.close()


@pytest.fixture(scope="module")
def conn(database: Database) -> Iterator[Connection]:
    cast = Cast(HOSPITAL, PATIENTS, START, STEP)
    with database.write() as connection:
        for batch in transactions(cast, EVENTS):
            audit.append(connection, HOSPITAL, batch)
        other = Cast(SYSTEM, PATIENTS[:2], START + STEP // 2, STEP * 3)
        for batch in transactions(other, EVENTS // 4):
            audit.append(connection, SYSTEM, batch)
        elsewhere = Cast(Tenant(2), PATIENTS, START, STEP)
        for batch in transactions(elsewhere, 200):
            audit.append(connection, Tenant(2), batch)
    with database.read() as connection:
        yield connection


def tried(conn: Connection, parameters: list[tuple[str, str]]) -> list[Place]:
    """What trying the conditions on each event finds, in the order of pages."""
    c = audit_event.c
    wanted = and_(c.log.in_(LOGS), c.time <= CEILING, *clauses(parameters, resolve))
    rows = conn.execute(select(c.time, c.log, c.seq).where(wanted))
    return sorted((Place(*row) for row in rows), key=lambda place: place.order)


def paged(conn: Connection, parameters: list[tuple[str, str]], count: int) -> list[Place]:
    found: list[Place] = []
    ways = trail_pages.ways(conn, LOGS, wishes(parameters, resolve))
    while True:
        after = Place.unpack(found[-1].pack()) if found else None
        rows = trail_pages.page(conn, ways, CEILING, after, count)
        found += [Place(row.time, row.log, row.seq) for row in rows]
        if len(rows) < count:
            return found


def agree(conn: Connection, parameters: list[tuple[str, str]], count: int = 150) -> list[Place]:
    expected = tried(conn, parameters)
    ways = trail_pages.ways(conn, LOGS, wishes(parameters, resolve))
    assert trail_pages.total(conn, ways, CEILING) == len(expected), parameters
    assert paged(conn, parameters, count) == expected, parameters
    return expected


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in ONE_BY_ONE.items() for value in values]
)
def test_each_parameter_finds_what_trying_each_event_finds(conn: Connection, name: str, value: str):
    agree(conn, [(name, value)])


def test_any_parameters_together_find_what_trying_each_event_finds(conn: Connection):
    chosen = random.Random(7)
    names = sorted(ONE_BY_ONE)
    found = 0
    for _ in range(40):
        asked = chosen.sample(names, chosen.choice((2, 2, 3)))
        found += len(agree(conn, [(name, chosen.choice(ONE_BY_ONE[name])) for name in asked], 400))
    assert found > 500, "the questions must be such that have answers"


def test_the_same_parameter_twice_narrows_twice(conn: Connection):
    assert agree(conn, [("date", "ge2025-06-16"), ("date", "lt2025-06-17")])
    assert not agree(conn, [("agent", trail_events.EHR), ("agent", trail_events.PARTNERS[0])])
    assert agree(conn, [("agent", trail_events.EHR), ("agent", "bench|dr-31")])
    assert agree(conn, [("subtype", "disclose,read"), ("subtype", "disclose")])


def test_pages_of_any_size_join_without_gap_or_repeat(conn: Connection):
    for count in (1, 7, 50):
        whole = tried(conn, [("outcome", "4,12")])
        assert paged(conn, [("outcome", "4,12")], count) == whole


def test_what_comes_above_the_ceiling_is_on_no_page(conn: Connection):
    ways = trail_pages.ways(conn, LOGS, ())
    ceiling = START + 300 * STEP
    rows = trail_pages.page(conn, ways, ceiling, None, 5)
    assert [row.time <= ceiling for row in rows] == [True] * 5
    assert (trail_pages.total(conn, ways, ceiling) or 0) < (trail_pages.total(conn, ways, CEILING) or 0)


def test_too_many_addresses_are_not_named_one_by_one(conn: Connection, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("gateway.fhir.trail_ways.MANY_ADDRESSES", 2)
    assert MANY_ADDRESSES > 2
    assert len(agree(conn, [("address", "10.20.")])) > 100


INDEXES = {
    "date": "audit_event_time",
    "patient": "audit_event_patient",
    "entity": "audit_event_entity",
    "type": "audit_event_class",
    "subtype": "audit_event_class",
    "action": "audit_event_class",
    "outcome": "audit_event_class",
    "purpose": "audit_event_purpose",
    "agent": "audit_event_client",
    "address": "audit_event_address",
}


@pytest.mark.parametrize("name", INDEXES)
def test_the_embedded_store_reads_the_index_that_is_there_for_it(conn: Connection, name: str):
    if conn.dialect.name != "sqlite":
        pytest.skip("a server plans by the statistics of its own")
    plans = planned(conn, [(name, ONE_BY_ONE[name][0])])
    assert plans
    odd = [plan for plan in plans if INDEXES[name] not in plan and "audit_event_user" not in plan]
    assert not odd, odd


def test_no_total_of_one_parameter_reads_an_event(conn: Connection):
    if conn.dialect.name != "sqlite":
        pytest.skip("a server plans by the statistics of its own")
    for name in ("date", "patient", "type", "action", "outcome", "purpose", "address"):
        plans = planned(conn, [(name, ONE_BY_ONE[name][0])])
        assert all("COVERING INDEX" in plan for plan in plans), name


def planned(conn: Connection, parameters: list[tuple[str, str]]) -> list[str]:
    """How the store counts each branch, in its own words."""
    ways = trail_pages.ways(conn, LOGS, wishes(parameters, resolve))
    told: list[tuple[str, object]] = []

    def hear(_conn: object, _cursor: object, statement: str, values: object, *_: object) -> None:
        told.append((statement, values))

    event.listen(conn, "before_cursor_execute", hear)
    for parts in ways.parts.values():
        for branch in parts:
            counted = select(func.count()).select_from(audit_event)
            conn.execute(counted.where(branch.where, audit_event.c.time <= CEILING)).scalar_one()
    event.remove(conn, "before_cursor_execute", hear)
    cursor = conn.connection.driver_connection
    return [cursor.execute(f"EXPLAIN QUERY PLAN {sql}", values).fetchone()[3] for sql, values in told]


def test_the_index_of_ids_is_the_one_that_the_question_names(conn: Connection):
    if conn.dialect.name != "sqlite":
        pytest.skip("a server writes it otherwise")
    made = conn.scalar(text("SELECT sql FROM sqlite_master WHERE name = 'audit_event_entity'"))
    assert "substr(id, 1, 1)" in made


def test_more_than_anybody_would_leaf_through_are_not_counted(
    conn: Connection, monkeypatch: pytest.MonkeyPatch
):
    parameters = [("date", "ge2020")]
    ways = trail_pages.ways(conn, LOGS, wishes(parameters, resolve))
    there = trail_pages.total(conn, ways, CEILING)
    assert there
    for bound, told in ((there, there), (there - 1, None), (1, None)):
        monkeypatch.setattr(trail_pages, "COUNTED", bound)
        assert trail_pages.total(conn, ways, CEILING) == told
