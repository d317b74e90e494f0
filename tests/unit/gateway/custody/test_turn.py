"""Writers of several processes: one at a time, each in its turn, and none held up by the dead."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gateway.custody.errors import StoreUnavailable
from gateway.custody.turn import Turn

OTHER = """
import sys, time
from pathlib import Path
from gateway.custody.turn import Turn
turn, marks = Turn(Path(sys.argv[1]), 10.0), Path(sys.argv[2])
{what}
"""
HOLDS = """
with turn.taken():
    print("held", flush=True)
    sys.stdin.read()
"""
WRITES = """
print("ready", flush=True)
for _ in range(30):
    with turn.taken():
        with marks.open("a") as file:
            file.write(sys.argv[3])
        time.sleep(0.002)
"""
Starts = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


@pytest.fixture
def starts(store: Path, tmp_path: Path) -> Iterator[Starts]:
    """Another process at the same store; it has said its first word."""
    running: list[subprocess.Popen[bytes]] = []

    def start(what: str, name: str = "") -> subprocess.Popen[bytes]:
        line = [sys.executable, "-c", OTHER.format(what=what), str(store), str(tmp_path / "marks"), name]
        running.append(subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE))
        out = running[-1].stdout
        assert out is not None
        assert out.readline().strip() in (b"held", b"ready")
        return running[-1]

    yield start
    for process in running:
        process.kill()
        process.communicate()


def test_while_one_process_writes_another_waits_and_says_so_in_the_end(store: Path, starts: Starts):
    starts(HOLDS)
    with pytest.raises(StoreUnavailable, match="another process"), Turn(store, 0.05).taken():
        pytest.fail("two at once")


def test_a_holder_that_is_killed_has_no_turn_any_more(store: Path, starts: Starts):
    other = starts(HOLDS)
    turn, taken = Turn(store, 10.0), threading.Event()
    waiting = threading.Thread(target=lambda: _once(turn, taken))
    waiting.start()
    other.send_signal(signal.SIGKILL)
    assert taken.wait(5)
    waiting.join()
    turn.close()


def _once(turn: Turn, taken: threading.Event) -> None:
    with turn.taken():
        taken.set()


def test_who_has_just_written_stands_behind_who_waits(store: Path, starts: Starts, tmp_path: Path):
    turn = Turn(store, 10.0)
    with turn.taken():
        several = [starts(WRITES, name) for name in "ab"]
    turn.close()
    for one in several:
        assert one.wait(20) == 0
    marks = (tmp_path / "marks").read_text()
    assert sorted(marks) == ["a"] * 30 + ["b"] * 30
    # While both wanted to write, neither wrote three times in a row.
    both = marks[max(marks.index("a"), marks.index("b")) : min(marks.rindex("a"), marks.rindex("b"))]
    assert len(both) > 30, "they did not meet: this shows nothing"
    assert "aaa" not in both
    assert "bbb" not in both
    assert store.with_name("store.db-turn").stat().st_mode & 0o777 == 0o600
    assert store.with_name("store.db-next").stat().st_size == 0


def test_threads_of_one_process_take_turns_too(store: Path):
    turn, inside, seen = Turn(store, 10.0), [0], []

    def writes() -> None:
        for _ in range(20):
            with turn.taken():
                inside[0] += 1
                seen.append(inside[0])
                inside[0] -= 1

    threads = [threading.Thread(target=writes) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [1] * 80
    turn.close()


def test_a_thread_that_waits_too_long_is_told(store: Path):
    turn = Turn(store, 0.05)
    with turn.taken():
        refused: list[Exception] = []

        def wants() -> None:
            try:
                _once(turn, threading.Event())
            except StoreUnavailable as error:
                refused.append(error)

        thread = threading.Thread(target=wants)
        thread.start()
        thread.join()
    assert "this process" in str(refused[0])
    turn.close()


def test_a_child_does_not_share_its_parents_turn(store: Path):
    turn = Turn(store, 0.05)
    with turn.taken():
        child = os.fork()
        if not child:
            # The same object, in a process that holds nothing.
            turn._thread = threading.Lock()
            try:
                _once(turn, threading.Event())
            except StoreUnavailable:
                os._exit(7)
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    turn.close()


def test_an_error_while_writing_gives_the_turn_back(store: Path):
    turn = Turn(store, 1.0)
    with pytest.raises(KeyError), turn.taken():
        raise KeyError
    with turn.taken():
        pass
    turn.close()


def test_a_folder_that_is_gone_is_said(tmp_path: Path):
    with pytest.raises(StoreUnavailable, match="cannot be opened"), Turn(tmp_path / "no" / "x", 1.0).taken():
        pass
