"""The names of clients, for whoever reads their ids."""

from __future__ import annotations

from sqlalchemy import event

from gateway.auth.called import ClientNames, nameless, printable
from tests.unit.gateway.auth.desks import Desk, desk

__all__ = ["desk"]


def test_a_client_is_called_what_it_was_registered_as(desk: Desk):
    client = desk.register()
    called = ClientNames(desk.database)
    assert called(client.client_id) == "n"
    assert called("a" * 24) is None
    assert nameless(client.client_id) is None


def test_what_was_read_once_is_not_read_again_and_what_is_ours_never(desk: Desk):
    called, asked = ClientNames(desk.database), []
    client = desk.register()
    event.listen(desk.database._engine, "before_cursor_execute", lambda *told: asked.append(told[2]))
    for name in (client.client_id, client.client_id, "careloom-courier", "command line"):
        called(name)
    assert len([one for one in asked if "FROM client" in one]) == 1


def test_a_name_is_one_line():
    assert printable("Station 3 – Ärzte") == "Station 3 – Ärzte"
    assert printable("a\nb\t\x00") == "a\ufffdb\ufffd\ufffd"
