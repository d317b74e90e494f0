"""What a part needs before it becomes a process that would say so in fifty lines: asked here, said in one."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import closing

from sqlalchemy import select

from gateway.copies import Copies
from gateway.custody import broker, fitting
from gateway.custody.database import Database, Side
from gateway.custody.founding import check_whole
from gateway.custody.settings import Storage
from gateway.custody.tables import job
from gateway.privacy import policy
from gateway.profiles import brought, enforced, library
from gateway.settings import Settings
from gateway.witnesses import places
from workers.engine.own_maps import maps


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
    storage = Storage.from_environ(environ)
    fitting.check_clinical(storage)
    maps(storage.concept_maps_folder, storage.concept_maps is not None)


def courier(environ: Mapping[str, str]) -> None:
    """A known broker, whole stores and all root keys."""
    storage = Storage.from_environ(environ)
    broker.url(storage)
    maps(storage.concept_maps_folder, storage.concept_maps is not None)
    check_whole(storage)
    fitting.check_all(storage)
    copies(environ)
    profiles(environ)


def profiles(environ: Mapping[str, str]) -> None:
    """What resources are held to can be honoured; raises ``ProfilesRefused``."""
    settings = Settings.from_environ(environ)
    known = library(brought(settings.profiles_folder, settings.profiles is not None))
    enforced(known, settings.profiles_enforced)


def policies(environ: Mapping[str, str]) -> None:
    """What is split off and what partners are given can be read; raises ``PolicyRefused``."""
    settings = Settings.from_environ(environ)
    policy.load_as(policy.Kind.SPLIT, settings.policy)
    policy.load_as(policy.Kind.RELEASE, settings.release_policy)


def copies(environ: Mapping[str, str]) -> None:
    """Where the trail is copied to: files that can be used, and buckets that keep what they are given."""
    places.check(Copies.from_environ(environ), lambda: time.time_ns() // 1000)
