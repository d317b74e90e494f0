"""What a part needs before it becomes a process that would say so in fifty lines: asked here, said in one."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing

from sqlalchemy import select

from gateway.custody import broker, fitting
from gateway.custody.database import Database, Side
from gateway.custody.founding import check_whole
from gateway.custody.settings import Storage
from gateway.custody.tables import job


def relay(environ: Mapping[str, str]) -> None:
    """A known broker, and a database with jobs in it; raises a ``CustodyError``."""
    storage = Storage.from_environ(environ)
    broker.url(storage)
    own = storage.worker_database_url
    url = own or storage.database_url
    opened = closing(Database.open(url, Side.WORKER, own_login=own is not None))
    with opened as database, database.read() as conn:
        conn.execute(select(job.c.id).limit(1)).first()


def worker(environ: Mapping[str, str]) -> None:
    """The same, and the clinical root key that belongs to the key store."""
    relay(environ)
    fitting.check_clinical(Storage.from_environ(environ))


def courier(environ: Mapping[str, str]) -> None:
    """A known broker, whole stores and all root keys."""
    storage = Storage.from_environ(environ)
    broker.url(storage)
    check_whole(storage)
    fitting.check_all(storage)
