"""``careloom audit verify --records``: what is stored, compared with what the trail says was written."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import click

from gateway.custody.database import Database, Side
from gateway.custody.recorded.comparing import Compared, compare
from gateway.custody.settings import Storage


def compared(where: Storage) -> Compared:
    """Every stored version against the event of its writing."""
    database = Database.open(where.database_url, Side.TRUSTED)
    try:
        with database.read() as conn:
            return compare(conn)
    finally:
        database.close()


def plain(found: Compared) -> dict[str, Any]:
    """For programs."""
    counts = {"versions": found.versions, "archived": found.archived}
    return {"ok": found.ok, **counts, "faults": [asdict(one) for one in found.differences]}


def tell(found: Compared) -> None:
    """For people."""
    for one in found.differences:
        event = "no event" if one.seq is None else f"event {one.seq}"
        what = f"{one.type} {one.id} version {one.version} ({event})"
        click.echo(f"log {one.log}, {what}: {one.what}", err=True)
    state = "as they were written" if found.ok else f"not as they were written: {len(found.differences)}"
    more = f", {found.archived} of which the event is archived" if found.archived else ""
    click.echo(f"The records are {state} ({found.versions} versions{more}).")
