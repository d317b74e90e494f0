"""What an auditor needs to read an export without our source: who is who, and what each column means.

Three tables beside the logs, for people and programs. Numbers and ids become the names that organizations and
clients were registered under; only of those that the exported events name, so that the export of one
organization's log tells nothing of the others. The manifest has the digest of each, so they are as signed as
the events are; but a name is a label of today's, and no event rests on it.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from gateway.custody.audit import COLUMNS
from gateway.custody.ids import SYSTEM
from gateway.custody.tables import audit_event, client, organization

TABLES = ("columns.csv", "organizations.csv", "clients.csv")
_CLIENT, _ORGANIZATION = COLUMNS.index("client_id"), COLUMNS.index("organization")
_STEERS = ("=", "+", "-", "@", "\t", "\r", "'")

MEANINGS = {
    "log": "whose trail it is: a number of organizations.csv; 0 is the system's",
    "seq": "the place in the log; 0 is the first event, and none is left out",
    "time": "when it was, in microseconds since 1970 (UTC)",
    "kind": "what it was: source, colon, deed",
    "action": "C create, R read, U update, D delete, E execute (FHIR's audit-event-action)",
    "outcome": "0 success, 4 refused, 8 failed, 12 altered or broken (FHIR's audit-event-outcome)",
    "status": "the answer's HTTP status, or the one that it would have had",
    "client_id": "who asked: an id of clients.csv, or a part of the system (careloom-...)",
    "organization": "whose client that is, or whom a decision is about: a number of organizations.csv",
    "user": "the human behind it: organization|id as the client names them; urn:careloom:login|name is the "
    "machine's login that typed a command",
    "purpose": "for what: a code of v3-PurposeOfUse",
    "type": "the FHIR type of what it is about",
    "id": "the pseudonym of what it is about, in hexadecimal",
    "version": "its version",
    "patient": "the pseudonym of the patient whose data it is, in hexadecimal",
    "digest": "of what was written: SHA-256 over both sealed halves, in hexadecimal",
    "address": "the network address that the request came from",
    "request_id": "the request's X-Request-Id",
    "detail": "more in words: the tool and reason of a command, the query of a search without identifying "
    "values, the code of a refusal",
    "proof": "not part of the event: its inclusion proof under the newest checkpoint (RFC 9162), in base64",
}
"""In the order of the table; ``proof`` is added by the export."""


@dataclass(slots=True)
class Seen:
    """Whom the exported events name."""

    clients: set[str] = field(default_factory=set)
    organizations: set[int] = field(default_factory=set)

    def add(self, row: Sequence[Any]) -> None:
        """One event."""
        self.clients.add(row[_CLIENT])
        self.organizations.add(row[_ORGANIZATION])


def shielded(cell: Any) -> Any:
    """A cell of CSV that no spreadsheet takes for a formula; ``verify.py`` takes the shield off again."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_STEERS) else cell


def write(conn: Connection, folder: Path, logs: Iterable[int], seen: Seen) -> None:
    """Put the tables into the folder of an export."""
    types = {column.name: column.type.python_type.__name__ for column in audit_event.columns}
    rows = [(name, types.get(name, "str"), meaning) for name, meaning in MEANINGS.items()]
    _table(folder / "columns.csv", ("column", "type", "meaning"), rows)
    _organizations(conn, folder, set(logs), seen)
    known = [row for row in _clients(conn) if row[0] in seen.clients]
    _table(folder / "clients.csv", ("client_id", "name", "role", "organization", "revoked"), known)


def _organizations(conn: Connection, folder: Path, logs: set[int], seen: Seen) -> None:
    c = organization.c
    named = {*logs, *seen.organizations, *(row[3] for row in _clients(conn) if row[0] in seen.clients)}
    found = conn.execute(select(c.number, c.name).order_by(c.number))
    rows = [(number, name, "yes" if number in logs else "no") for number, name in found if number in named]
    if SYSTEM in logs:
        rows.insert(0, (SYSTEM, "(the system: what has no organization)", "yes"))
    _table(folder / "organizations.csv", ("number", "name", "its log is here"), rows)


def _clients(conn: Connection) -> list[tuple[Any, ...]]:
    c = client.c
    query = select(c.client_id, c.name, c.role, c.organization, c.revoked).order_by(c.client_id)
    return [(*row[:4], "no" if row[4] is None else "yes") for row in conn.execute(query)]


def _table(path: Path, names: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        made = csv.writer(file, lineterminator="\n")
        made.writerow(names)
        made.writerows([shielded(cell) for cell in row] for row in rows)
