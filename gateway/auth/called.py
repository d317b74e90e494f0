"""What people call a client: the name that it was registered under, for whoever reads its ``client_id``.

A name is a label that an administrator gave. It is shown beside the id and never instead of it, stands in no
event, and nothing is decided by it. No command changes it, so what was read once is not read again.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeAlias

from sqlalchemy import select

from gateway.custody.database import Database
from gateway.custody.tables import client

Called: TypeAlias = Callable[[str], str | None]
"""The name behind a ``client_id``; None where nobody of this id is registered."""

_DRAWN = re.compile(r"[a-z2-7]{24}")
"""The form of every id that a client was ever given; Careloom's own parts have others."""


def nameless(_client_id: str) -> None:
    """Where names are not known."""


def printable(name: str) -> str:
    """A name on one line, without what steers a terminal or a page."""
    return "".join(one if one.isprintable() else "\ufffd" for one in name)


class ClientNames:
    """The names of one installation's clients."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[str, str] = {}

    def __call__(self, client_id: str) -> str | None:
        known = self._known.get(client_id)
        if known is None and _DRAWN.fullmatch(client_id):
            with self._database.read() as conn:
                known = conn.scalar(select(client.c.name).where(client.c.client_id == client_id))
            if known is not None:
                known = self._known[client_id] = printable(known)
        return known
