"""A worker process asks whether its knowledge is that by which plans are made, until it was answered."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from gateway.custody import renewing
from gateway.custody.database import Database
from gateway.custody.errors import StoreUnavailable
from tests.unit.gateway.custody.trails import store
from workers import adopting


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adopting, "_asked", set())


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = store(tmp_path)
    yield database
    database.close()


def at(database: Any, digest: str = "abc") -> Any:
    """A station with no more than is asked of it."""
    return SimpleNamespace(
        clinic=SimpleNamespace(database=database), knowledge=SimpleNamespace(digest=digest), clock=lambda: 7
    )


def known(database: Database) -> str:
    with database.read() as conn:
        return renewing.known(conn)


def test_the_knowledge_of_the_first_worker_is_adopted(database: Database):
    assert adopting.adopt(at(database)) == 0
    assert known(database) == "abc"


def test_what_is_known_already_writes_nothing(database: Database, monkeypatch: pytest.MonkeyPatch):
    adopting.adopt(at(database))
    monkeypatch.setattr(renewing, "adopt", lambda *_: pytest.fail("there is nothing to adopt"))
    assert adopting.adopt(at(database)) == 0


def test_a_process_asks_once(database: Database):
    adopting.adopt_once(at(database))
    adopting.adopt_once(at(database, "another"))
    assert known(database) == "abc"


def test_while_the_database_is_away_each_job_asks_again(database: Database):
    class Away:
        def read(self) -> Any:
            raise StoreUnavailable("the database cannot be reached")

    adopting.adopt_once(at(Away()))
    adopting.adopt_once(at(database))
    assert known(database) == "abc"
