"""Whoever asks too fast waits; nobody waits for somebody else."""

from __future__ import annotations

from gateway.fhir.rate import RateLimit

SECOND = 1_000_000


class Clock:
    def __init__(self) -> None:
        self.now = 0

    def __call__(self) -> int:
        return self.now


def test_a_seconds_worth_may_come_at_once_and_no_more():
    limit = RateLimit(10, Clock())
    assert [limit.allows("a") for _ in range(12)] == [True] * 10 + [False] * 2


def test_the_bucket_fills_again():
    clock = Clock()
    limit = RateLimit(10, clock)
    for _ in range(10):
        limit.allows("a")
    clock.now += SECOND // 10
    assert [limit.allows("a") for _ in range(2)] == [True, False]


def test_it_never_holds_more_than_a_second():
    clock = Clock()
    limit = RateLimit(3, clock)
    clock.now += 3600 * SECOND
    assert [limit.allows("a") for _ in range(4)] == [True, True, True, False]


def test_clients_do_not_share_a_bucket():
    limit = RateLimit(1, Clock())
    assert limit.allows("a")
    assert not limit.allows("a")
    assert limit.allows("b")


def test_waiting_is_not_counted_against_anybody():
    clock = Clock()
    limit = RateLimit(2, clock)
    for _ in range(100):
        limit.allows("a")
    clock.now += SECOND
    assert limit.allows("a")


def test_a_million_clients_do_not_fill_the_memory():
    limit = RateLimit(1, Clock())
    for number in range(30_000):
        limit.allows(str(number))
    assert len(limit._buckets) <= 10_001
