"""Tells an officer whose question reaches further back than the trail here: the rest is in archives."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection

from gateway.custody.archive.taking import marks
from gateway.custody.ids import Tenant
from gateway.custody.months import Month
from gateway.fhir.asked import Parameters
from gateway.fhir.trail_query import earliest


def notes(conn: Connection, logs: Collection[Tenant], parameters: Parameters) -> tuple[str, ...]:
    """What a page of events of these logs has to say beside its hits."""
    before = max((before for log, (_, before) in marks(conn).items() if log in logs), default=None)
    if before is None or earliest(parameters) >= before:
        return ()
    month = Month.of(before)
    return (f"Events from before {month} are archived, and are not found here.",)
