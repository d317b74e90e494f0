"""An officer's parameters find what they say, and nothing is left out in silence."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import Connection, create_engine, insert, select

from gateway.custody.ids import StoredId
from gateway.custody.tables import audit_event
from gateway.fhir.trail_query import NAMES, clauses
from gateway.refusal import Kind, Refused

ANNA, BERTA, PLAN = StoredId(b"a" * 16), StoredId(b"b" * 16), StoredId(b"c" * 16)
KNOWN = {("Patient", "anna"): ANNA, ("CarePlan", "plan"): PLAN}

#         seq, time, kind, action, outcome, client, type, id, patient
EVENTS = (
    (0, "2026-01-01T00:00:00+00:00", "token:issue", "E", "0", "app", None, None, None),
    (1, "2026-01-31T23:59:59.999999+00:00", "rest:read", "R", "0", "app", "CarePlan", PLAN, ANNA),
    (2, "2026-02-01T00:00:00+00:00", "rest:search", "E", "0", "app", "CarePlan", None, None),
    (3, "2026-02-01T12:00:00.123456+00:00", "rest:read", "R", "4", "ehr", "Patient", ANNA, None),
    (4, "2027-01-01T00:00:00+00:00", "client:add", "C", "0", None, None, None, None),
    (5, "2027-06-01T00:00:00+00:00", "plan:write", "C", "0", None, "CarePlan", PLAN, ANNA),
    (6, "2028-01-01T00:00:00+00:00", "rest:vread", "R", "0", "app", "CarePlan", None, BERTA),
)
MORE = {
    1: {"organization": 1, "address": "192.0.2.7", "purpose": "TREAT", "user": "st-anna|dr-grey"},
    2: {"organization": 11, "address": "192.0.2.70", "purpose": "ETREAT"},
    3: {"organization": 1, "address": "2001:DB8::1"},
    6: {"organization": 11, "address": "10.0.0.1"},
}


def micros(text: str) -> int:
    return int((datetime.fromisoformat(text) - datetime.fromtimestamp(0, UTC)).total_seconds() * 1_000_000)


@pytest.fixture(scope="module")
def conn() -> Iterator[Connection]:
    engine = create_engine("sqlite://")
    names = ("seq", "time", "kind", "action", "outcome", "client_id", "type", "id", "patient")
    with engine.begin() as connection:
        audit_event.create(connection)
        for row in EVENTS:
            values = dict(zip(names, row, strict=True)) | {"time": micros(row[1]), "log": 1, "status": 200}
            connection.execute(insert(audit_event).values(values | MORE.get(row[0], {})))
        yield connection


def found(conn: Connection, *parameters: tuple[str, str]) -> list[int]:
    conditions = clauses(list(parameters), lambda type_, id_: KNOWN.get((type_, id_)))
    rows = conn.execute(select(audit_event.c.seq).where(*conditions).order_by(audit_event.c.seq))
    return [row.seq for row in rows]


@pytest.mark.parametrize(
    ("name", "value", "seqs"),
    [
        ("date", "2026", [0, 1, 2, 3]),
        ("date", "2026-01", [0, 1]),
        ("date", "2026-02-01", [2, 3]),
        ("date", "eq2026-02-01", [2, 3]),
        ("date", "ne2026", [4, 5, 6]),
        ("date", "gt2026-02-01", [4, 5, 6]),
        ("date", "sa2026-02-01", [4, 5, 6]),
        ("date", "ge2026-02-01", [2, 3, 4, 5, 6]),
        ("date", "lt2026-02-01", [0, 1]),
        ("date", "eb2026-02-01", [0, 1]),
        ("date", "le2026-01-31", [0, 1]),
        ("date", "ap2026-01-31", [1, 2, 3]),
        ("date", "2026-02-01T12:00:00.123Z", [3]),
        ("date", "2026-02-01T13:00:00+01:00", [3]),
        ("date", "2026-02-01T13:00:00 01:00", [3]),
        ("date", "gt2026-02-01T12:00:00Z", [4, 5, 6]),
        ("date", "2025,2027-06", [5]),
        ("action", "R", [1, 3, 6]),
        ("action", "R,C", [1, 3, 4, 5, 6]),
        ("action", "http://hl7.org/fhir/audit-event-action|E", [0, 2]),
        ("action", "urn:other|E", []),
        ("outcome", "4", [3]),
        ("outcome", "0", [0, 1, 2, 4, 5, 6]),
        ("agent", "app", [0, 1, 2, 6]),
        ("agent", "Device/app", [0, 1, 2, 6]),
        ("agent", "urn:careloom:client|app", [0, 1, 2, 6]),
        ("agent", "nobody", []),
        ("agent", "st-anna|dr-grey", [1]),
        ("purpose", "TREAT", [1]),
        ("purpose", "TREAT,ETREAT", [1, 2]),
        ("purpose", "http://terminology.hl7.org/CodeSystem/v3-ActReason|TREAT", [1]),
        ("purpose", "urn:other|TREAT", []),
        ("address", "192.0.2.7", [1, 2]),
        ("address", "192.0.2.70", [2]),
        ("address", "2001:db8:", [3]),
        ("address", "%", []),
        ("address", "0.2.7", []),
        ("subtype", "disclose", [6]),
        ("subtype", "http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle|disclose", [6]),
        ("subtype", "urn:other|disclose", []),
        ("type", "token", []),
        ("type", "rest", [1, 2, 3, 6]),
        ("type", "http://terminology.hl7.org/CodeSystem/audit-event-type|rest", [1, 2, 3, 6]),
        ("type", "110114", [0]),
        ("type", "110113", [4]),
        ("type", "plan", [5]),
        ("type", "urn:careloom:audit-kind|plan", [5]),
        ("type", "urn:other|rest", []),
        ("type", "%", []),
        ("subtype", "read", [1, 3]),
        ("subtype", "http://hl7.org/fhir/restful-interaction|search", [2]),
        ("subtype", "urn:careloom:audit-kind|plan:write", [5]),
        ("subtype", "rest:read", [1, 3]),
        ("subtype", "110122", [0]),
        ("subtype", "urn:other|read", []),
        ("patient", "Patient/anna", [1, 5]),
        ("patient", "anna", [1, 5]),
        ("patient", "Patient/nobody", []),
        ("entity", "CarePlan/plan", [1, 5]),
        ("entity", "Patient/anna", [3]),
        ("entity", "Patient/nobody", []),
    ],
)
def test_a_parameter_finds_what_it_says(conn: Connection, name: str, value: str, seqs: list[int]):
    assert found(conn, (name, value)) == seqs


def test_parameters_together_narrow(conn: Connection):
    assert found(conn, ("date", "2026"), ("action", "R"), ("outcome", "0")) == [1]
    assert found(conn, ("date", "ge2026-02"), ("date", "lt2027")) == [2, 3]


def test_no_parameters_find_everything(conn: Connection):
    assert found(conn) == [0, 1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize(
    "parameter",
    [
        ("shoe-size", "42"),
        ("date:missing", "true"),
        ("agent:identifier", "x"),
        ("date", ""),
        ("date", "yesterday"),
        ("date", "xx2026"),
        ("date", "2026-02-30"),
        ("date", "2026-1-1"),
        ("date", "2026-02-01T12:00"),
        ("action", ""),
        ("entity", "plan"),
    ],
)
def test_what_cannot_be_honoured_is_refused(conn: Connection, parameter: tuple[str, str]):
    with pytest.raises(Refused) as refusal:
        found(conn, parameter)
    assert refusal.value.kind is Kind.MALFORMED


@pytest.mark.parametrize("name", NAMES)
def test_every_name_takes_a_value_without_breaking(conn: Connection, name: str):
    value = {"date": "2026", "entity": "Patient/x"}.get(name, "x' OR 1=1 --")
    if name in {"action", "outcome", "purpose"}:
        value = f"urn:other|{value}"
    assert isinstance(found(conn, (name, value)), list)


@pytest.mark.parametrize(
    ("name", "value"), [("action", "X"), ("outcome", "nonsense"), ("purpose", "treat"), ("action", "R,X")]
)
def test_a_code_that_its_list_does_not_have_is_refused_and_not_nobody(
    conn: Connection, name: str, value: str
):
    with pytest.raises(Refused) as refusal:
        found(conn, (name, value))
    assert refusal.value.kind is Kind.MALFORMED
