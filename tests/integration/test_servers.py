"""The servers that other tests rely on are what they seem."""

from __future__ import annotations

import pytest
from sqlalchemy import create_engine, text

from tests.servers import redis_client


@pytest.mark.servers
def test_a_database_server_answers(postgres_url: str) -> None:
    engine = create_engine(postgres_url)
    with engine.connect() as conn:
        assert (conn.dialect.server_version_info or (0,)) >= (15,)
        assert conn.scalar(text("SELECT rolsuper FROM pg_roles WHERE rolname = current_user"))
    engine.dispose()


@pytest.mark.servers
@pytest.mark.parametrize("time", ["first", "second"])
def test_a_broker_answers_and_is_empty_each_time(broker_url: str, time: str) -> None:
    with redis_client(broker_url) as client:
        assert client.dbsize() == 0
        client.set("left over", time)
