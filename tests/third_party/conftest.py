"""A gateway on a real socket, and a hospital's and a partner's tokens."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from gateway.board import Board
from gateway.custody.settings import Storage
from gateway.run.listening import Listening
from gateway.run.serving import Server
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
    listening = Listening.bound("127.0.0.1", 0)
    made = town(Settings(sqlite_storage, base_url=f"http://127.0.0.1:{listening.port}", rate=100_000))
    assert made.app is not None
    server = Server(made.app, Settings(sqlite_storage), listening, Board.alone())
    made.app, app = None, made.app
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    hospital = made.hospital()
    yield Wire(made, hospital, made.partner("app-gmbh", "st-anna"))
    server.leave()
    thread.join(10)
    app.extensions["careloom_vault"].close()
