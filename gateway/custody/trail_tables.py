"""The tables of the trail: a row for each event, the head of each log, and the ways to find events again.

An officer's question is answered from an index that ends in the time (``gateway/fhir/trail_ways.py`` chooses
it): a page is read from the newest end, a period is a stretch, and a total is counted without reading events.
Each index costs every event that is written, so there are no more than the questions need, and what an event
does not have costs it nothing.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, ColumnElement, Index, Integer, LargeBinary, Text, and_, func, literal_column

from gateway.custody.schema import Number, clustered, data

audit_head = clustered(
    "audit_head",
    data,
    Column("log", Number, primary_key=True, autoincrement=False),
    Column("size", Number, nullable=False),
    Column("frontier", LargeBinary, nullable=False),
    Column("last_time", Number, nullable=False),
)

audit_event = clustered(
    "audit_event",
    data,
    Column("log", Number, primary_key=True, autoincrement=False),
    Column("seq", Number, primary_key=True, autoincrement=False),
    Column("time", Number, nullable=False),
    Column("kind", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("status", Integer, nullable=False),
    Column("client_id", Text),
    Column("organization", Number),
    Column("user", Text),
    Column("purpose", Text),
    Column("type", Text),
    Column("id", LargeBinary),
    Column("version", Integer),
    Column("patient", LargeBinary),
    Column("digest", LargeBinary),
    Column("address", Text),
    Column("request_id", Text),
    Column("detail", Text),
    Index("audit_event_time", "log", "time"),
    Index("audit_event_patient", "log", "patient", "time"),
    Index("audit_event_class", "log", "kind", "action", "outcome", "time"),
    Index("audit_event_client", "log", "client_id", "kind", "action", "outcome", "time"),
)
_c = audit_event.c
# Written out, for an expression with variables is not the one that is indexed.
_ONE = literal_column("1", Integer)


def drawer(id_: ColumnElement[bytes]) -> ColumnElement[bytes]:
    """Which 256th of the events an id lies in.

    Ids are as if drawn by lot. An index by the whole of them would put each event of a transaction on a page
    of its own, somewhere in all of it; by this it goes to one of 256 places that are written again and again.
    """
    return func.substr(id_, _ONE, _ONE)


def given_away() -> ColumnElement[bool]:
    """Events by which an organization was told something of another one's patient, or was refused it."""
    return and_(_c.organization != _c.log, _c.patient.is_not(None))


def _partly(name: str, where: ColumnElement[bool], *columns: ColumnElement[Any]) -> Index:
    return Index(name, *columns, sqlite_where=where, postgresql_where=where)


_partly("audit_event_entity", _c.id.is_not(None), _c.log, drawer(_c.id), _c.time, _c.id)
_partly("audit_event_user", _c.user.is_not(None), _c.log, _c.user, _c.time)
_partly("audit_event_purpose", _c.purpose.is_not(None), _c.log, _c.purpose, _c.time)
_partly("audit_event_address", _c.address.is_not(None), _c.log, _c.address, _c.time)
_partly("audit_event_given", given_away(), _c.log, _c.time)
