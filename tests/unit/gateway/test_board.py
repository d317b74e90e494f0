"""Counting side by side: each process in its place, and nothing lost when one of them dies."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from gateway import board
from gateway.board import Board, NoRoom

COUNTING = """
import os, sys
from gateway.board import Board
place = Board.opened(int(sys.argv[1])).gateways[int(sys.argv[2])]
place.serving, place.connections = True, 7
for _ in range(1000):
    place.add({"a": 1, "b": 2}, answered=1)
print("counted", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def handle() -> Iterator[int]:
    made = board.shared(2)
    yield made
    os.close(made)


def test_what_several_processes_count_is_one_sum_and_outlives_them(handle: int):
    shown = Board.opened(handle)
    children = [
        subprocess.Popen(
            [sys.executable, "-c", COUNTING, str(handle), str(number)],
            pass_fds=(handle,),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        for number in (0, 1)
    ]
    for child in children:
        assert child.stdout is not None
        assert child.stdout.readline() == b"counted\n"
    assert shown.serving() == 2
    for child in children:
        child.send_signal(signal.SIGKILL)
        child.communicate()
    assert shown.counters() == {"a": 2000, "b": 4000}
    assert [place.answered for place in shown.gateways] == [1000, 1000]


def test_a_successor_goes_on_where_the_one_before_it_ended(handle: int):
    Board.opened(handle).gateways[0].add({"a": 3, "b": 1}, answered=2)
    place = Board.opened(handle).gateways[0]
    place.add({"b": 1, "c": 5}, answered=1)
    assert place.counters() == {"a": 3, "b": 2, "c": 5}
    assert place.answered == 3


def test_the_keeper_has_a_place_of_its_own(handle: int):
    Board.opened(handle).keeper.add({"restarts": 1})
    shown = Board.opened(handle)
    assert shown.counters() == {"restarts": 1}
    assert not any(place.counters() for place in shown.gateways)


def test_threads_of_one_process_lose_no_count():
    place = Board.alone().gateways[0]
    threads = [threading.Thread(target=lambda: [place.add({"a": 1}) for _ in range(500)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert place.counters() == {"a": 2000}


def test_who_serves_and_holds_fewer_is_known_and_who_is_gone_does_not_count(handle: int):
    one, two = Board.opened(handle), Board.opened(handle)
    one.gateways[0].serving = True
    one.gateways[0].connections = 2
    assert not one.fewer_elsewhere(0), "the other does not serve"
    two.gateways[1].serving = True
    two.gateways[1].connections = 1
    assert one.fewer_elsewhere(0)
    assert not two.fewer_elsewhere(1)
    two.gateways[1].connections = 2
    assert not one.fewer_elsewhere(0), "as many is not fewer"
    two.gateways[1].serving = False
    assert (one.serving(), one.gateways[1].connections) == (1, 0)


def test_a_name_that_is_too_long_and_a_place_that_is_full_are_refused():
    place = Board.alone().gateways[0]
    with pytest.raises(NoRoom):
        place.add({"x" * 57: 1})
    for number in range(board._RECORDS):
        place.add({str(number): 1})
    with pytest.raises(NoRoom):
        place.add({"one more": 1})
    place.add({"0": 1})
    assert place.counters()["0"] == 2


def test_without_the_systems_own_call_a_board_is_shared_all_the_same(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delattr(os, "memfd_create", raising=False)
    handle = board.shared(1)
    Board.opened(handle).gateways[0].add({"a": 1})
    assert Board.opened(handle).counters() == {"a": 1}
    os.close(handle)
