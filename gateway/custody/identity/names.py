"""Search rows over what identifies: names, identifiers, addresses, telephone numbers.

They are hashed under the tenant's ``identity-index`` key into a table that workers have no right to. The same
query as for clinical rows runs over them; only key and table differ.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection

from gateway.custody.database import bulk
from gateway.custody.ids import WriteNo
from gateway.custody.index import Clause
from gateway.custody.tables import identity_token


def put(conn: Connection, rows: Iterable[tuple[WriteNo, Sequence[bytes]]]) -> None:
    """Keep the token keys of these writes."""
    bulk(conn, identity_token, sorted({(token, number) for number, tokens in rows for token in tokens}))


def clause(tokens: Sequence[bytes], negated: bool = False) -> Clause:
    """A condition on these rows, to stand beside clinical ones in ``index.candidates``."""
    return Clause(names=tuple(tokens), negated=negated)
