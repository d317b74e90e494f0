"""A demo on a server leaves nothing on it, and touches no database but its own."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from sqlalchemy import create_engine, make_url, text

from gateway.demo.scratch import scratch
from gateway.demo.server import NotRunning


def databases(url: str) -> set[str]:
    engine = create_engine(url)
    with engine.connect() as connection:
        names = set(connection.execute(text("SELECT datname FROM pg_database")).scalars())
    engine.dispose()
    return names


@pytest.mark.parametrize(
    "environ", [{}, {"CARELOOM_DATABASE_URL": ""}, {"CARELOOM_DATABASE_URL": "sqlite:///x.db"}]
)
def test_without_a_server_the_embedded_database_serves(environ: dict[str, str]):
    with scratch(environ) as settings:
        assert settings == {}


def name_in(settings: Mapping[str, str]) -> str:
    return str(make_url(settings["CARELOOM_DATABASE_URL"]).database)


@pytest.mark.servers
def test_the_database_is_made_beside_the_one_that_is_set_and_dropped(postgres_url: str):
    """Others may use the server at the same time, so only this one's name counts."""
    before = databases(postgres_url)
    with scratch({"CARELOOM_DATABASE_URL": postgres_url}) as settings:
        made = name_in(settings)
        assert made not in before
        assert made in databases(postgres_url)
        assert settings["CARELOOM_KEYS_URL"] == ""
    assert made not in databases(postgres_url)


@pytest.mark.servers
def test_it_is_dropped_when_the_demo_fails(postgres_url: str):
    made: list[str] = []

    def fails() -> None:
        with scratch({"CARELOOM_DATABASE_URL": postgres_url}) as settings:
            made.append(name_in(settings))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    assert made[0] not in databases(postgres_url)


@pytest.mark.servers
def test_workers_find_the_same_database_under_their_own_name(postgres_url: str):
    workers = make_url(postgres_url).set(username="careloom_worker").render_as_string(hide_password=False)
    environ = {"CARELOOM_DATABASE_URL": postgres_url, "CARELOOM_WORKER_DATABASE_URL": workers}
    with scratch(environ) as settings:
        assert make_url(settings["CARELOOM_WORKER_DATABASE_URL"]).username == "careloom_worker"
        assert len({make_url(settings[name]).database for name in environ}) == 1


def test_a_server_that_does_not_answer_is_told_in_one_line():
    url = "postgresql+psycopg://nobody@127.0.0.1:1/nothing"
    with (
        pytest.raises(NotRunning, match="CARELOOM_DATABASE_URL") as told,
        scratch({"CARELOOM_DATABASE_URL": url}),
    ):
        pass
    assert "\n" not in str(told.value)
