"""What each gateway process is passed, and what is told of those before it; without the processes."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from gateway.board import Board
from gateway.custody.settings import Storage
from gateway.metrics import Metrics
from gateway.run import gateways
from gateway.run.gateways import Front, GatewayPart
from gateway.run.listening import Listening
from gateway.run.passed import Passed
from gateway.run.supervisor import ENDED, HUNG, Launch, Supervisor
from gateway.run.trouble import Trouble
from gateway.settings import Settings


@pytest.fixture
def front(sqlite_storage: Storage) -> Iterator[Front]:
    listening = Listening.bound("127.0.0.1", 0)
    with Front.opened(listening, Settings(sqlite_storage, gateways=2, hang_seconds=9)) as made:
        yield made
    listening.close()


def passed(part: GatewayPart) -> tuple[Passed, Launch]:
    launch = part.launch()
    assert launch.given is not None
    assert launch.watch is not None
    launch.watch.close()
    return Passed.read(launch.command[-1]), launch


def test_all_are_passed_the_same_sockets_and_board_and_each_its_own_connection(front: Front):
    parts = front.parts({"PATH": "/bin"})
    assert [part.name for part in parts] == ["gateway-1", "gateway-2"]
    given = [passed(part) for part in parts]
    for number, (told, launch) in enumerate(given):
        assert launch.given is not None
        assert (told.number, told.count, told.board) == (number, 2, front.handle)
        assert told.listening == front.listening.handles
        assert told.pulse == launch.given.fileno()
        assert set(launch.passed) == {front.handle, *front.listening.handles, told.pulse}
        assert launch.environ == {"PATH": "/bin"}
    assert len({told.pulse for told, _ in given}) == 2
    for _, launch in given:
        assert launch.given is not None
        launch.given.close()


def test_one_alone_has_no_number_in_its_name(front: Front):
    alone = Front(front.listening, front.handle, front.board, 1, 9)
    assert [part.name for part in alone.parts({})] == ["gateway"]


def test_that_one_hung_is_told_to_successors_until_one_of_them_has_served(front: Front):
    part, _ = front.parts({})
    place = front.board.gateways[0]

    def starts() -> int:
        told, launch = passed(part)
        assert launch.given is not None
        launch.given.close()
        return told.silent

    assert starts() == 0
    place.serving = True
    part.lost(HUNG)
    assert not place.serving, "nobody leaves a connection to it meanwhile"
    assert starts() == 9
    part.lost(ENDED)
    assert starts() == 9, "the one before it died without having told"
    place.serving = True
    part.lost(ENDED)
    assert starts() == 0
    told = Metrics(front.board).text()
    assert 'restarts_total{gateway="1",reason="hung"} 1' in told
    assert 'restarts_total{gateway="1",reason="ended"} 2' in told


def test_the_board_is_closed_when_nobody_serves_any_more(sqlite_storage: Storage):
    listening = Listening.bound("127.0.0.1", 0)
    with Front.opened(listening, Settings(sqlite_storage, gateways=1)) as made:
        os.fstat(made.handle)
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(made.handle)
    listening.close()


def test_one_that_never_serves_is_said(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(gateways, "READY_SECONDS", 0.1)
    with pytest.raises(Trouble, match="does not begin"):
        gateways.wait(Supervisor(), Board.alone())


def test_a_stop_while_it_starts_is_no_fault():
    keeper = Supervisor()
    keeper.stopping.set()
    gateways.wait(keeper, Board.alone())
