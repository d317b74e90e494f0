"""Every place gets every checkpoint, in order: what was away catches up, and nothing is brought by two."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
import structlog

from gateway.copies import checkpoints_at
from gateway.custody import audit, checkpoint, receivers
from gateway.custody.database import Database
from gateway.custody.ids import Tenant
from gateway.custody.jobs import SECOND
from gateway.custody.providers.keyfile import RootSecrets
from gateway.custody.signing import Signer
from gateway.syslog.line import Away
from gateway.witnesses import sending
from gateway.witnesses.notes import Kept
from gateway.witnesses.sending import LEASE, Files, Sending
from tests.receivers import Running, until
from tests.receivers import database as database
from tests.unit.gateway.custody.trails import START, event

ONE, TWO = Tenant(1), Tenant(2)


class Shelf:
    """A place that keeps what it is given, unless it is away."""

    def __init__(self) -> None:
        self.notes: list[tuple[int, int]] = []
        self.calls = 0
        self.away = False

    def put(self, notes: Sequence[Kept]) -> None:
        self.calls += 1
        if self.away:
            raise Away("TimeoutError")
        self.notes += [(kept.log, kept.checkpoint.size) for kept in notes]


class House:
    """An installation that signs, and who brings what it signed away."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database = database
        self.files = Files(folder / checkpoint.FOLDER, Signer.of(RootSecrets(1, {1: bytes(range(32))})))
        self.now, self.shelves = START, {"a": Shelf(), "b": Shelf()}

    def clock(self) -> int:
        return self.now

    def signs(self, log: Tenant, count: int = 1) -> None:
        for _ in range(count):
            self.now += SECOND
            with self.database.write() as conn:
                audit.append(conn, log, [event(1)])
            checkpoint.take(self.database, self.files.folder, self.files.signer, self.now)

    def courier(self, holder: str = "me") -> Sending:
        return Sending(self.database, self.files, self.shelves, self.clock, holder)

    def standing(self, name: str) -> receivers.Standing:
        with self.database.read() as conn:
            return receivers.standing(conn, checkpoints_at(name), None, self.now)


@pytest.fixture
def house(database: Database, tmp_path: Path) -> House:
    return House(database, tmp_path)


def test_each_place_gets_every_checkpoint_once(house: House):
    house.signs(ONE, 3)
    house.signs(TWO, 2)
    courier = house.courier()
    courier.turn()
    courier.turn()
    expected = [(ONE, 1), (ONE, 2), (ONE, 3), (TWO, 1), (TWO, 2)]
    assert [shelf.notes for shelf in house.shelves.values()] == [expected, expected]
    assert house.standing("a").events == 0


def test_many_go_a_few_at_a_time(house: House, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sending, "TURN", 2)
    house.signs(ONE, 5)
    house.courier().turn()
    assert house.shelves["a"].calls == 3
    assert house.shelves["a"].notes == [(ONE, size) for size in (1, 2, 3, 4, 5)]


def test_one_that_is_away_catches_up_and_keeps_nobody_waiting(house: House):
    house.signs(ONE)
    house.shelves["a"].away = True
    courier = house.courier()
    with structlog.testing.capture_logs() as lines:
        for _ in range(4):
            courier.turn()
            house.signs(ONE)
            house.now += 120 * SECOND
        house.shelves["a"].away = False
        courier.turn()
    assert house.shelves["a"].notes == house.shelves["b"].notes == [(ONE, size) for size in (1, 2, 3, 4, 5)]
    assert [line["event"] for line in lines] == [
        "this place takes no checkpoints; they wait",
        "this place takes checkpoints again",
    ]


def test_one_that_is_away_is_asked_less_and_less_often(house: House):
    house.signs(ONE)
    house.shelves["a"].away = True
    courier = house.courier()
    for _ in range(120):
        courier.turn()
        house.now += SECOND
    # At once, and then after 4, 8, 16 and 32 seconds; from then on each minute.
    assert house.shelves["a"].calls == 5
    told = house.standing("a")
    assert (told.trouble, told.events, told.late(60)) == ("TimeoutError", 1, True)
    assert house.standing("b").events == 0


def test_a_courier_that_was_killed_after_bringing_brings_it_again(house: House):
    house.signs(ONE, 2)

    class Killed(BaseException):
        pass

    def killed(*_: object) -> None:
        raise Killed

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(receivers, "took", killed)
        with pytest.raises(Killed):
            house.courier().turn()
    house.courier("other").turn()
    assert house.shelves["a"].calls == 1
    house.now += LEASE
    house.courier("other").turn()
    assert house.shelves["a"].notes == [(ONE, 1), (ONE, 2)] * 2


def test_a_file_that_was_begun_anew_is_gone_on_with(house: House):
    house.signs(ONE, 3)
    house.courier().turn()
    for path in house.files.folder.iterdir():
        path.unlink()
    # By a process that starts now: one that had signed before would not begin anew.
    house.files.signer.signed.clear()
    house.signs(ONE, 1)
    house.courier().turn()
    assert house.shelves["a"].notes == [(ONE, size) for size in (1, 2, 3, 4)]


def test_it_runs_until_it_is_over_and_lets_the_next_one_have_it(
    house: House, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(sending, "LOOK_SECONDS", 0.01)
    house.signs(ONE)
    with Running(house.courier()):
        until(lambda: house.shelves["b"].notes)
    with house.database.write() as conn:
        assert receivers.hold(conn, checkpoints_at("a"), "another", house.now, LEASE)


def test_without_files_there_is_nothing_to_bring(house: House, tmp_path: Path):
    courier = Sending(
        house.database, Files(tmp_path / "none", house.files.signer), house.shelves, house.clock, "me"
    )
    courier.turn()
    assert house.shelves["a"].calls == 0
