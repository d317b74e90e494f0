"""Every event reaches the SIEM at least once and in order, whoever breaks, dies, hangs or comes back."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
import structlog
from sqlalchemy.exc import OperationalError

from bench.receiver import Papers, papers
from gateway.copies import SIEM
from gateway.custody import audit, receivers
from gateway.custody.database import Database
from gateway.custody.ids import StoredId, Tenant, pseudonym
from gateway.siem import stream
from gateway.siem.stream import LOOK_SECONDS, OTHERS_SECONDS, Patience, Stream, View
from gateway.syslog.line import Target
from tests.receivers import Running, Siem, until
from tests.receivers import database as database
from tests.unit.gateway.custody.trails import START, event

ONE, TWO = Tenant(1), Tenant(2)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Papers:
    return papers(tmp_path_factory.mktemp("papers"))


@pytest.fixture
def siem(made: Papers) -> Iterator[Siem]:
    siem = Siem(made)
    yield siem
    siem.stop()


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "BATCH", 50)


class Time:
    """A clock that a test moves; ``steady`` goes on by itself so that connections come to their end."""

    def __init__(self) -> None:
        self.now, self.ticks = START, 0.0

    def clock(self) -> int:
        return self.now

    def steady(self) -> float:
        self.ticks += 0.01
        return self.ticks


def streaming(database: Database, target: Target, holder: str = "a", **more: object) -> Stream:
    def show(log: Tenant):
        return lambda type_, stored: f"{log}{pseudonym(stored)}"

    view = View(show, "https://careloom.example.org/fhir", "careloom.example.org", lambda log: f"log/{log}")
    moved = Time()
    usual = {"logs": None, "clock": moved.clock, "steady": moved.steady, "patience": Patience(0.02, 30)}
    return Stream(database, view, target, holder=holder, **{**usual, **more})  # type: ignore[arg-type]


def appended(database: Database, log: Tenant, count: int) -> None:
    with database.write() as conn:
        audit.append(conn, log, [event(number) for number in range(count)])


def turn(one: Stream) -> float:
    return one.turn(one.target.context(), threading.Event())


def standing(database: Database) -> receivers.Standing:
    with database.read() as conn:
        return receivers.standing(conn, SIEM, None, START)


def test_every_event_comes_once_and_in_its_log_s_order(database: Database, siem: Siem):
    appended(database, ONE, 123)
    appended(database, TWO, 7)
    assert turn(streaming(database, siem.target())) == 0.0
    assert [seq for log, seq in siem.places() if log == ONE] == list(range(123))
    assert [seq for log, seq in siem.places() if log == TWO] == list(range(7))
    assert siem.connections == 1
    assert standing(database).events == 0


def test_a_small_log_does_not_wait_for_a_large_one(database: Database, siem: Siem):
    appended(database, ONE, 123)
    appended(database, TWO, 7)
    turn(streaming(database, siem.target()))
    assert siem.places().index((TWO, 6)) < siem.places().index((ONE, 100))


def test_where_nothing_is_new_nobody_is_called(database: Database, siem: Siem):
    appended(database, ONE, 3)
    one = streaming(database, siem.target())
    turn(one)
    assert turn(one) == LOOK_SECONDS
    assert siem.connections == 1
    assert len(siem.messages) == 3


def test_it_goes_on_where_it_was(database: Database, siem: Siem):
    appended(database, ONE, 3)
    turn(streaming(database, siem.target()))
    with database.write() as conn:
        audit.append(conn, ONE, [event(9)])
    turn(streaming(database, siem.target(), "b", clock=lambda: START + stream.LEASE))
    assert siem.places() == [(ONE, 0), (ONE, 1), (ONE, 2), (ONE, 3)]


def test_what_comes_meanwhile_goes_over_the_same_connection(database: Database, siem: Siem):
    appended(database, ONE, 3)
    one = streaming(database, siem.target(), patience=Patience(0.3, 30), steady=time.monotonic)
    done = threading.Thread(target=turn, args=(one,))
    done.start()
    until(lambda: len(siem.messages) == 3)
    with database.write() as conn:
        audit.append(conn, ONE, [event(9)])
    until(lambda: len(siem.messages) == 4)
    done.join(10)
    assert siem.connections == 1
    assert standing(database).events == 0


def test_only_the_logs_that_are_asked_for_are_sent(database: Database, siem: Siem):
    appended(database, ONE, 3)
    appended(database, TWO, 2)
    turn(streaming(database, siem.target(), logs=frozenset({TWO})))
    assert siem.places() == [(TWO, 0), (TWO, 1)]


# --- when it goes wrong -------------------------------------------------------------------------------------


def test_while_it_is_away_everything_waits_and_then_comes(database: Database, siem: Siem):
    appended(database, ONE, 5)
    one = streaming(database, siem.target())
    siem.stop()
    assert [turn(one) for _ in range(7)] == [1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 60.0]
    told = standing(database)
    assert (told.events, told.trouble) == (5, "ConnectionRefusedError")
    siem.start()
    assert turn(one) == 0.0
    assert [seq for _, seq in siem.places()] == [0, 1, 2, 3, 4]
    assert standing(database).trouble is None
    siem.stop()
    with database.write() as conn:
        audit.append(conn, ONE, [event(9)])
    assert turn(one) == 1.0


@pytest.mark.parametrize("dies_at", [0, 1, 70, 122])
def test_what_was_sent_to_one_that_died_is_sent_again(database: Database, siem: Siem, dies_at: int):
    appended(database, ONE, 123)
    siem.dies_at = dies_at
    one = streaming(database, siem.target())
    assert turn(one) == 1.0
    assert standing(database).events == 123
    assert turn(one) == 0.0
    assert [seq for _, seq in siem.places()] == [*range(dies_at), *range(123)]


def test_a_long_backlog_is_confirmed_piece_by_piece(
    database: Database, siem: Siem, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(stream, "SESSION", 100)
    appended(database, ONE, 250)
    one = streaming(database, siem.target())
    turn(one)
    assert standing(database).events == 150
    siem.dies_at = 125
    assert turn(one) == 1.0
    turn(one)
    assert standing(database).events == 50
    assert sorted(set(siem.places())) == [(ONE, seq) for seq in range(200)]


def test_memory_holds_a_batch_and_not_the_backlog(
    database: Database, siem: Siem, monkeypatch: pytest.MonkeyPatch
):
    appended(database, ONE, 123)
    sizes: list[int] = []
    frames = View.frames
    monkeypatch.setattr(View, "frames", lambda view, rows: sizes.append(len(rows)) or frames(view, rows))
    turn(streaming(database, siem.target()))
    assert sizes == [50, 50, 23]


def test_a_process_that_was_killed_in_between_is_followed_by_another(database: Database, siem: Siem):
    appended(database, ONE, 5)
    one = streaming(database, siem.target())

    class Killed(BaseException):
        pass

    def killed(*_: object) -> None:
        raise Killed

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Stream, "_took", killed)
        with pytest.raises(Killed):
            turn(one)
    other = streaming(database, siem.target(), "b")
    assert turn(other) == OTHERS_SECONDS
    other.clock = lambda: START + stream.LEASE
    assert turn(other) == 0.0
    assert [seq for _, seq in siem.places()] == [*range(5), *range(5)]


def test_of_two_only_one_sends(database: Database, siem: Siem):
    appended(database, ONE, 5)
    with database.write() as conn:
        assert receivers.hold(conn, SIEM, "another", START, stream.LEASE)
    assert turn(streaming(database, siem.target())) == OTHERS_SECONDS
    assert siem.messages == []


def test_one_whose_lease_ran_out_moves_no_cursor(database: Database, siem: Siem):
    appended(database, ONE, 5)
    one = streaming(database, siem.target())

    def slow(view: View, rows: object) -> bytes:
        with database.write() as conn:
            assert receivers.hold(conn, SIEM, "another", START + stream.LEASE, stream.LEASE)
        return b""

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(View, "frames", slow)
        assert turn(one) == OTHERS_SECONDS
    assert standing(database).events == 5


def test_it_runs_until_it_is_over_and_lets_the_next_one_have_it(database: Database, siem: Siem):
    appended(database, ONE, 5)
    with Running(streaming(database, siem.target(), patience=Patience(0.01, 1))):
        until(lambda: standing(database).events == 0)
        appended(database, TWO, 2)
        until(lambda: standing(database).events == 0)
    assert len(siem.messages) == 7
    with database.write() as conn:
        assert receivers.hold(conn, SIEM, "another", START, stream.LEASE)


def test_a_database_that_is_away_is_waited_for(
    database: Database, siem: Siem, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(stream, "OTHERS_SECONDS", 0.01)
    appended(database, ONE, 2)
    one, asked = streaming(database, siem.target()), []
    behind = Stream._behind

    def unsteady(self: Stream) -> bool:
        asked.append(1)
        if len(asked) == 1:
            with database.read():
                raise OperationalError("", {}, _Lost())
        return behind(self)

    class _Lost(Exception):  # noqa: N818
        sqlstate = "08006"

    monkeypatch.setattr(Stream, "_behind", unsteady)
    with structlog.testing.capture_logs() as lines, Running(one):
        until(lambda: len(siem.messages) == 2)
    assert [line["event"] for line in lines] == ["the trail cannot be handed on"]


def test_law_2_what_is_said_of_trouble_names_no_address_and_nobody(database: Database, siem: Siem):
    appended(database, ONE, 2)
    one = streaming(database, siem.target())
    siem.stop()
    with structlog.testing.capture_logs() as lines:
        turn(one)
        turn(one)
        siem.start()
        turn(one)
    assert [(line["event"], line.get("reason"), line.get("attempts")) for line in lines] == [
        ("the SIEM takes no events; they wait", "ConnectionRefusedError", None),
        ("the SIEM takes events again", None, 2),
    ]


def test_law_2_the_stream_shows_ids_as_the_reader_sees_them(database: Database, siem: Siem):
    patient = StoredId(bytes(range(16)))
    with database.write() as conn:
        audit.append(conn, ONE, [audit.Event(START, "rest:read", "R", "0", 200, type="Patient", id=patient)])
    turn(streaming(database, siem.target()))
    (message,) = siem.messages
    assert f"1{pseudonym(patient)}" in message
