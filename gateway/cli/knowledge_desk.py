"""The rulebook of this installation, as the commands that decide about knowledge open it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

import click
from sqlalchemy import Connection

from gateway.auth.registry import find_organization
from gateway.cli.login import operator
from gateway.cli.options import storage
from gateway.custody.identity.vault import Vault, open_vault
from gateway.custody.ids import Tenant
from gateway.custody.settings import Storage
from gateway.rulebook import Desk
from gateway.run.trouble import Trouble
from workers.engine import own_maps

reason = click.option("--reason", required=True, help="Why, in one line that names no patient.")


def now() -> int:
    """The time, in microseconds."""
    return time.time_ns() // 1000


@contextmanager
def desk() -> Iterator[Desk]:
    """Who decides, over this installation."""
    where = storage()
    vault = open_vault(where)
    try:
        maps = own_maps.maps(where.concept_maps_folder, where.concept_maps is not None)
        yield Desk(vault, now, where.data_dir, operator(), maps)
    finally:
        vault.close()


def tenant_of(vault: Vault, organization: str) -> Tenant:
    """The hospital of this name."""
    with vault.database.read() as conn:
        return find_tenant(conn, organization)


def find_tenant(conn: Connection | None, organization: str) -> Tenant:
    """The hospital of this name; without an installation there is none."""
    found = None if conn is None else find_organization(conn, organization)
    if found is None:
        raise Trouble("No organization has this name; `careloom client list` shows those that there are.")
    return found


def installed(where: Storage) -> bool:
    """Whether there is an installation to ask: an embedded database's file, or a server's address."""
    return bool(os.environ.get("CARELOOM_DATABASE_URL")) or (where.data_dir / "careloom.db").exists()
