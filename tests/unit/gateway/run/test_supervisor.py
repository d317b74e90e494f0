"""Real processes, small ones: restarted when they die, stopped with their children, tied to their keeper."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from gateway.run import supervisor
from gateway.run.supervisor import ENDED, HUNG, Launch, Part, Supervisor
from gateway.run.trouble import Trouble

PYTHON = {"PATH": os.environ["PATH"]}
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); time.sleep(60)"
)


def part(code: str, name: str = "part", *, last: bool = False) -> Part:
    return Part(name, [sys.executable, "-c", code], PYTHON, last)


def until(holds: Callable[[], bool], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.02)


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


@pytest.fixture
def keeper() -> Iterator[Supervisor]:
    keeper = Supervisor()
    yield keeper
    keeper.stopping.set()
    keeper.stop()


def test_a_part_that_dies_is_started_again(keeper: Supervisor, tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    keeper.start(part(f"import time; open({str(marks)!r}, 'a').write('x'); time.sleep(0.05)"))
    watching = threading.Thread(target=keeper.watch)
    watching.start()
    until(lambda: marks.exists() and len(marks.read_text()) >= 2)
    keeper.stopping.set()
    watching.join(5)
    assert not watching.is_alive()


def test_a_part_that_ends_soon_each_time_is_started_ever_later() -> None:
    now = [0.0]
    keeper = Supervisor(clock=lambda: now[0])
    keeper.start(part("pass"))
    (kept,) = keeper._kept
    waits = []
    for _ in range(6):
        kept.process.wait()
        keeper._look_after(kept)
        assert kept.again_at is not None
        waits.append(round(kept.again_at - now[0], 3))
        now[0] = kept.again_at
        keeper._look_after(kept)
    assert waits == [0.2, 1.0, 2.0, 5.0, 10.0, 10.0]
    kept.process.wait()
    now[0] += supervisor.SETTLED_SECONDS + 1
    keeper._look_after(kept)
    assert kept.again_at == pytest.approx(now[0] + 0.2)
    keeper.stop()


def test_a_part_that_does_not_start_is_named(keeper: Supervisor) -> None:
    keeper.start(part("raise SystemExit(3)", "worker"))
    keeper._kept[0].process.wait()
    with pytest.raises(Trouble, match="worker"):
        keeper.check_started()


def test_what_does_not_stop_when_asked_is_made_to_with_its_children(
    keeper: Supervisor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "STOP_SECONDS", 0.3)
    pids = tmp_path / "pids"
    child = f"import subprocess, sys; c = subprocess.Popen([sys.executable, '-c', {STUBBORN!r}]);"
    keeper.start(part(f"{child} open({str(pids)!r}, 'w').write(str(c.pid)); {STUBBORN}"))
    until(lambda: pids.exists() and pids.read_text() != "")
    time.sleep(0.2)
    keeper.stop()
    until(lambda: not alive(int(pids.read_text())))
    assert keeper._kept[0].process.returncode == -signal.SIGKILL


def test_the_last_part_stops_last(keeper: Supervisor, tmp_path: Path) -> None:
    order = tmp_path / "order"

    def says(name: str) -> str:
        handler = f"lambda *_: (open({str(order)!r}, 'a').write({name!r}), sys.exit(0))"
        ready = f"open({str(tmp_path / name)!r}, 'w').close()"
        return f"import signal, sys, time; signal.signal(signal.SIGTERM, {handler}); {ready}; time.sleep(60)"

    keeper.start(part(says("b"), last=True))
    keeper.start(part(says("g")))
    until(lambda: (tmp_path / "b").exists() and (tmp_path / "g").exists())
    keeper.stop()
    assert order.read_text() == "gb"


class Silent:
    """Finds that a process hangs when it is told so."""

    def __init__(self) -> None:
        self.silent = self.closed = False

    def hangs(self, _now: float) -> bool:
        return self.silent

    def close(self) -> None:
        self.closed = True


@dataclass(frozen=True)
class Watched(Part):
    watches: list[Silent] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)

    def launch(self) -> Launch:
        self.watches.append(Silent())
        ours, theirs = socket.socketpair()
        ours.sendall(str(len(self.watches)).encode())
        ours.close()
        line = [*self.command, str(theirs.fileno())]
        return Launch(line, self.environ, given=theirs, watch=self.watches[-1])

    def lost(self, reason: str) -> None:
        self.reasons.append(reason)


def test_a_part_that_hangs_is_ended_alone_and_started_again(keeper: Supervisor, tmp_path: Path) -> None:
    says = f"import socket, sys; n = socket.socket(fileno=int(sys.argv[1])).recv(9); open({str(tmp_path)!r}"
    line = [sys.executable, "-c", f"{says} + '/' + n.decode(), 'w').close(); {STUBBORN}"]
    part_ = Watched("gateway", line, PYTHON)
    keeper.start(part_)
    keeper.start(part("import time; time.sleep(60)", "other"))
    until((tmp_path / "1").exists)
    kept, other = keeper._kept
    hung = kept.process
    keeper.look()
    assert hung.poll() is None
    os.kill(hung.pid, signal.SIGSTOP)
    part_.watches[0].silent = True
    keeper.look()
    assert hung.returncode == -signal.SIGKILL
    assert (part_.reasons, part_.watches[0].closed) == ([HUNG], True)
    until(lambda: keeper.look() or (tmp_path / "2").exists())
    assert kept.process.pid != hung.pid
    assert other.process.poll() is None
    kept.process.kill()
    kept.process.wait()
    keeper.look()
    assert part_.reasons == [HUNG, ENDED]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the kernel's own tie is Linux's")
def test_parts_die_with_a_keeper_that_is_killed(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    code = f"""
import os, sys, time
from gateway.run.supervisor import Part, Supervisor
keeper = Supervisor()
for last in (True, False):
    keeper.start(Part("part", [sys.executable, "-c", "import time; time.sleep(60)"], {{}}, last))
open({str(pids)!r}, "w").write(" ".join(str(k.process.pid) for k in keeper._kept) + ".")
time.sleep(60)
"""
    keeper = subprocess.Popen([sys.executable, "-c", code])
    until(lambda: pids.exists() and pids.read_text().endswith("."))
    children = [int(pid) for pid in pids.read_text().rstrip(".").split()]
    assert all(map(alive, children))
    keeper.kill()
    keeper.wait()
    until(lambda: not any(map(alive, children)))
