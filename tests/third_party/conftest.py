"""A gateway on a real socket, and a hospital's and a partner's tokens."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from gateway.custody.settings import Storage
from gateway.run.serving import serve_on
from gateway.settings import Settings
from tests.actors import Hospital, Partner, Town, town


@dataclass(frozen=True)
class Wire:
    """What a client is told: the base, and the tokens that it may use."""

    town: Town
    hospital: Hospital
    partner: Partner

    @property
    def base(self) -> str:
        return f"{self.town.base_url}/fhir"

    @property
    def token(self) -> str:
        return self.hospital.client.token()


@pytest.fixture
def wire(sqlite_storage: Storage) -> Iterator[Wire]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    made = town(Settings(sqlite_storage, base_url=f"http://127.0.0.1:{port}", rate=100_000))
    assert made.app is not None
    server = serve_on(made.app, Settings(sqlite_storage), "127.0.0.1", port)
    made.app, app = None, made.app
    threading.Thread(target=server.run, daemon=True).start()
    hospital = made.hospital()
    yield Wire(made, hospital, made.partner("app-gmbh", "st-anna"))
    server.close()
    app.extensions["careloom_vault"].close()
