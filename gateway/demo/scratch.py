"""Where a demo keeps its data: a database of its own, made and dropped, when a server is set by url.

A demo's keys go with its folder. Data that they sealed must go too, or they would stand in a database
for good and never be opened again.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import SQLAlchemyError

from gateway.demo.server import NotRunning

DATABASE, KEYS, WORKERS = "CARELOOM_DATABASE_URL", "CARELOOM_KEYS_URL", "CARELOOM_WORKER_DATABASE_URL"


@contextmanager
def scratch(environ: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """The settings for a demo: a fresh database beside the one that ``environ`` names, if it names one."""
    server = environ.get(DATABASE, "")
    if not server.startswith("postgres"):
        yield {}
        return
    name = f"careloom_demo_{secrets.token_hex(6)}"
    _execute(server, f'CREATE DATABASE "{name}"')
    try:
        given = {setting: environ[setting] for setting in (DATABASE, WORKERS) if environ.get(setting)}
        # The key store is embedded, in the folder that is removed at the end.
        yield {setting: _beside(url, name) for setting, url in given.items()} | {KEYS: ""}
    finally:
        _execute(server, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _beside(url: str, name: str) -> str:
    return make_url(url).set(database=name).render_as_string(hide_password=False)


def _execute(server: str, statement: str) -> None:
    engine = create_engine(
        make_url(server).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT"
    )
    try:
        with engine.connect() as connection:
            connection.execute(text(statement))
    except SQLAlchemyError as error:
        told = str(getattr(error, "orig", error)).strip().partition("\n")[0] or "no answer"
        raise NotRunning(
            f"the demo could not make a database of its own where {DATABASE} points: {told}"
        ) from None
    finally:
        engine.dispose()
