"""Search rows over what identifies, and over what else the split withheld, for who sent it.

They are hashed under the tenant's ``identity-index`` key into tables that workers have no right to. The same
query as for clinical rows runs over them; only key and table differ.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection

from gateway.custody.database import bulk
from gateway.custody.ids import WriteNo
from gateway.custody.tables import identity_range, identity_token

Span = tuple[bytes, int, int]
"""Key, low and high."""


def put(conn: Connection, rows: Iterable[tuple[WriteNo, Sequence[bytes]]]) -> None:
    """Keep the token keys of these writes."""
    bulk(conn, identity_token, sorted({(token, number) for number, tokens in rows for token in tokens}))


def put_ranges(conn: Connection, rows: Iterable[tuple[WriteNo, Sequence[Span]]]) -> None:
    """Keep the ranges of these writes."""
    bulk(conn, identity_range, sorted({(*span, number) for number, spans in rows for span in spans}))
