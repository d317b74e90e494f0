"""The relay against an outbox in memory: what is sent, when, and what happens when the broker is away."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.custody import backlog, jobs, logs
from gateway.custody.database import Database
from gateway.custody.errors import StoreUnavailable
from gateway.custody.ids import StoredId, Tenant
from gateway.custody.jobs import SECOND
from tests.unit.gateway.custody.trails import store
from workers import relay
from workers.relay import BrokerAway, Relay

NOW = 1_700_000_000 * SECOND


class Box:
    """A broker in memory."""

    def __init__(self) -> None:
        self.messages: dict[str, list[bytes]] = {}
        self.away = False

    def waiting(self, kind: str) -> int:
        self._answer()
        return len(self.messages.get(kind, []))

    def send(self, kind: str, job_id: bytes) -> None:
        self._answer()
        self.messages.setdefault(kind, []).append(job_id)

    def flush(self) -> None:
        self.messages.clear()

    def _answer(self) -> None:
        if self.away:
            raise BrokerAway


class Scene:
    def __init__(self, database: Database) -> None:
        self.database, self.box, self.now = database, Box(), NOW
        self.relay = Relay(database, self.box, lambda: self.now)

    def ask(self, count: int, kind: str = "plan", at: int = NOW) -> None:
        patients = [StoredId(number.to_bytes(16)) for number in range(count)]
        with self.database.write() as conn:
            jobs.enqueue(conn, jobs.Order(Tenant(1), kind, "new data", at, NOW), patients)

    def claim(self, job_id: bytes) -> jobs.Claim | None:
        with self.database.write() as conn:
            return jobs.claim(conn, job_id, self.now, 5 * SECOND)


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(store(tmp_path))


def test_what_is_due_is_sent_once_to_the_queue_of_its_kind(scene: Scene) -> None:
    scene.ask(3)
    scene.ask(1, kind="push")
    assert scene.relay.step() == 4
    assert {kind: len(found) for kind, found in scene.box.messages.items()} == {"plan": 3, "push": 1}
    assert scene.relay.step() == 0


def test_what_is_not_due_waits(scene: Scene) -> None:
    scene.ask(1, at=NOW + 10)
    assert scene.relay.step() == 0
    scene.now += 10
    assert scene.relay.step() == 1


def test_law_5_what_a_flush_lost_is_sent_again_after_a_few_seconds(scene: Scene) -> None:
    scene.ask(5)
    scene.relay.step()
    scene.box.flush()
    scene.now += jobs.RESEND_AFTER - 1
    assert scene.relay.step() == 0
    scene.now += 1
    assert scene.relay.step() == 5


def test_messages_that_only_wait_are_not_doubled(scene: Scene) -> None:
    scene.ask(5)
    scene.relay.step()
    for _ in range(10):
        scene.now += jobs.RESEND_AFTER
        assert scene.relay.step() == 0
    scene.now += relay.RESEND_WAITING_AFTER
    assert scene.relay.step() == 5


def test_new_jobs_go_out_while_others_wait(scene: Scene) -> None:
    scene.ask(2)
    scene.relay.step()
    scene.now += jobs.RESEND_AFTER
    scene.ask(3)
    assert scene.relay.step() == 1


def test_a_backlog_stays_in_the_table(scene: Scene) -> None:
    scene.ask(relay.WINDOW + 50)
    assert scene.relay.step() == relay.WINDOW
    assert scene.relay.step() == 0
    scene.box.messages["plan"] = scene.box.messages["plan"][40:]
    assert scene.relay.step() == 40


def test_a_job_whose_worker_died_is_sent_as_soon_as_its_lease_ends(scene: Scene) -> None:
    scene.ask(1)
    scene.relay.step()
    (job_id,) = scene.box.messages["plan"]
    scene.box.flush()
    assert scene.claim(job_id) is not None
    scene.now += 5 * SECOND - 1
    assert scene.relay.step() == 0
    scene.now += 1
    assert scene.relay.step() == 1


def test_a_broker_that_is_away_loses_nothing(scene: Scene) -> None:
    scene.ask(2)
    scene.box.away = True
    with pytest.raises(BrokerAway):
        scene.relay.step()
    scene.box.away = False
    assert scene.relay.step() == 2


def test_a_message_holds_the_id_of_a_job_and_nothing_else(scene: Scene) -> None:
    scene.ask(1)
    scene.relay.step()
    with scene.database.read() as conn:
        assert scene.box.messages["plan"] == [listed.id for listed in backlog.listing(conn)]


class Steps:
    """A relay of which each step does what it is told; the last one stops."""

    def __init__(self, *outcomes: Exception | None) -> None:
        self.outcomes = list(outcomes)

    def step(self) -> int:
        if not self.outcomes:
            raise KeyboardInterrupt
        outcome = self.outcomes.pop(0)
        if outcome is not None:
            raise outcome
        return 0


def rests(steps: Steps) -> list[float]:
    rested: list[float] = []
    with pytest.raises(KeyboardInterrupt):
        relay.run(steps, rested.append)  # type: ignore[arg-type]
    return rested


@pytest.mark.parametrize("trouble", [BrokerAway, StoreUnavailable])
def test_trouble_is_said_once_and_waited_out(
    trouble: type[Exception], capsys: pytest.CaptureFixture[str]
) -> None:
    logs.configure("relay")
    rested = rests(Steps(None, trouble(), trouble(), trouble(), None))
    assert rested == [relay.TICK_SECONDS, *[relay.PAUSE_SECONDS] * 3, relay.TICK_SECONDS]
    said = capsys.readouterr().err.splitlines()
    assert [line.partition("event=")[2] for line in said] == [
        f'"jobs wait" reason={trouble.__name__}',
        '"jobs go out again"',
    ]


def test_a_fault_of_the_relay_itself_is_not_swallowed() -> None:
    with pytest.raises(ZeroDivisionError):
        relay.run(Steps(ZeroDivisionError()), lambda _: None)  # type: ignore[arg-type]
