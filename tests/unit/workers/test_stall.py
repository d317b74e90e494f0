"""When an idle worker beside waiting messages has to leave."""

from __future__ import annotations

import pytest

from workers.stall import Patience


def test_an_idle_worker_beside_waiting_messages_leaves_after_its_patience() -> None:
    patience = Patience(20.0, taken=7)
    assert not patience.exhausted(0.0, waiting=3, active=0, taken=7)
    assert not patience.exhausted(19.9, waiting=3, active=0, taken=7)
    assert patience.exhausted(20.0, waiting=3, active=0, taken=7)


@pytest.mark.parametrize(("waiting", "active", "taken"), [(0, 0, 7), (3, 1, 7), (3, 0, 8)])
def test_an_empty_queue_work_at_hand_or_a_message_taken_starts_the_wait_anew(
    waiting: int, active: int, taken: int
) -> None:
    patience = Patience(20.0, taken=7)
    assert not patience.exhausted(0.0, 3, 0, 7)
    assert not patience.exhausted(30.0, waiting, active, taken)
    assert not patience.exhausted(31.0, 3, 0, taken)
    assert not patience.exhausted(50.0, 3, 0, taken)
    assert patience.exhausted(51.0, 3, 0, taken)
