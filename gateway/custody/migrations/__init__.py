"""How the tables come to be, and change without a stop: one chain of revisions per store.

Several processes may start at once on an empty directory. The whole upgrade is one transaction behind one
lock (``BEGIN IMMEDIATE``, or an advisory lock on a server), so that one does it and the others find it done.
"""

from __future__ import annotations

import io
import threading
from enum import Enum
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, text

from gateway.custody import statistics
from gateway.custody.database import Database
from gateway.custody.errors import StoreUnavailable

_FOLDER = Path(__file__).parent
_NEWER = "A newer release of Careloom has migrated this database; run that release, or restore a backup."
_LOCK = 0x6361_7265_6C6F_6F6D
# Alembic keeps what it is doing in globals of this process.
_one_at_a_time = threading.Lock()


class Store(Enum):
    """Which chain of revisions: the name is that of its folder."""

    DATA = "data"
    KEYS = "keys"


def migrate(database: Database, store: Store = Store.DATA) -> None:
    """Bring the tables to the newest revision; nothing happens when they are."""
    database.create()
    with database.write() as conn, _one_at_a_time:
        _alone(conn)
        config = _config(store)
        config.attributes["connection"] = conn
        try:
            command.upgrade(config, "head")
        except CommandError:
            # The revision that stands there is none of ours.
            raise StoreUnavailable(_NEWER) from None
        if store is Store.DATA:
            statistics.assume(conn)


def newest(store: Store) -> str:
    """The revision that this release works with."""
    head = ScriptDirectory.from_config(_config(store)).get_current_head()
    if head is None:
        raise StoreUnavailable("This installation of Careloom has no migrations in it.")
    return head


def _alone(conn: Connection) -> None:
    if conn.dialect.name == "postgresql":
        conn.execute(text("SET LOCAL lock_timeout = '60s'"))
        conn.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})


def _config(store: Store) -> Config:
    config = Config(stdout=io.StringIO())
    config.set_main_option("script_location", _escaped(_FOLDER))
    config.set_main_option("version_locations", _escaped(_FOLDER / store.value))
    config.set_main_option("path_separator", "newline")
    config.attributes["store"] = store.value
    return config


def _escaped(path: Path) -> str:
    # Alembic's options interpolate percent signs.
    return str(path).replace("%", "%%")
