"""All gateways count together while the broker is there, and each for itself while it is not."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
import redis

from gateway.custody.errors import Misconfigured
from gateway.fhir.shared_rate import KEY, SharedRate

SECOND = 1_000_000


class Clock:
    def __init__(self) -> None:
        self.now = 0

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def store(broker_url: str) -> redis.Redis:
    return redis.Redis.from_url(broker_url.replace("redis+socket://", "unix://", 1))


def limit(url: str, per_second: int = 10) -> SharedRate:
    return SharedRate(lambda: url, per_second, Clock())


def names(store: redis.Redis) -> set[str]:
    return {key.decode() for key in store.scan_iter(f"{KEY}*")}


def test_gateways_share_one_bucket(broker_url: str):
    gateways = [limit(broker_url, 6), limit(broker_url, 6)]
    allowed = [gateways[n % 2].allows("shared-one") for n in range(14)]
    # A slow machine may see the bucket fill again by one in between.
    assert 6 <= sum(allowed) <= 8
    assert not all(allowed[8:])


def test_clients_do_not_share_a_bucket(broker_url: str):
    gateway = limit(broker_url, 1)
    assert gateway.allows("other-a")
    assert gateway.allows("other-b")


def test_racing_requests_are_counted_once_each(broker_url: str):
    gateway = limit(broker_url, 20)
    with ThreadPoolExecutor(8) as pool:
        allowed = sum(pool.map(gateway.allows, ["racing"] * 60))
    assert 20 <= allowed < 40


def test_law_2_the_store_learns_no_clients_name_and_forgets_in_seconds(broker_url: str, store: redis.Redis):
    limit(broker_url).allows("ward-three-of-st-anna")
    found = names(store)
    assert found
    assert not [name for name in found if "anna" in name]
    assert all(0 < store.pttl(name) <= 2000 for name in found if store.exists(name))


def test_law_5_a_broker_that_forgot_everything_stops_nobody(broker_url: str, store: redis.Redis):
    gateway = limit(broker_url)
    assert gateway.allows("forgotten")
    for name in names(store):
        store.delete(name)
    assert gateway.allows("forgotten")


@pytest.mark.parametrize("url", ["redis://127.0.0.1:1/0", "redis+socket:///nowhere/valkey.sock", "nonsense"])
def test_law_5_without_a_broker_a_gateway_counts_for_itself(url: str):
    gateway = limit(url, 2)
    assert [gateway.allows("a") for _ in range(3)] == [True, True, False]


def test_an_embedded_broker_that_has_not_started_is_no_error():
    def nowhere() -> str:
        raise Misconfigured("No broker is known.")

    assert SharedRate(nowhere, 2, Clock()).allows("a")


def test_a_broker_that_returns_is_asked_again(broker_url: str, store: redis.Redis):
    urls, clock = ["redis://127.0.0.1:1/0"], Clock()
    gateway = SharedRate(lambda: urls[0], 10, clock)
    before = names(store)
    gateway.allows("returning")
    urls[0] = broker_url
    gateway.allows("returning")
    assert names(store) <= before
    clock.now += 6 * SECOND
    gateway.allows("returning")
    assert names(store) - before


class Counted(SharedRate):
    """Counts how often the store is asked."""

    asked = 0

    def _take(self, name: str, size: int) -> int:
        self.asked += 1
        return super()._take(name, size)


def test_who_asks_quickly_does_not_cost_the_store_a_question_each(broker_url: str):
    gateway = Counted(lambda: broker_url, 2_000, Clock())
    assert all(gateway.allows("quick") for _ in range(400))
    # One, two, four, eight, sixteen, and then twenty at a time.
    assert gateway.asked <= 30


def test_what_was_taken_beforehand_is_lost_after_a_while_and_the_next_portion_is_smaller(broker_url: str):
    clock = Clock()
    gateway = Counted(lambda: broker_url, 2_000, clock)
    for _ in range(70):
        gateway.allows("now-and-then")
    before = gateway.asked
    for step in range(1, 12):
        clock.now = step * SECOND
        assert gateway.allows("now-and-then")
    assert gateway.asked == before + 11
    assert gateway._lent["now-and-then"].size == 1


def test_gateways_that_take_beforehand_allow_no_more_together_than_one(broker_url: str):
    gateways = [limit(broker_url, 300) for _ in range(3)]
    allowed = sum(gateways[n % 3].allows("many-gateways") for n in range(2_000))
    # The bucket fills again while they ask; what one of them holds when it is over is lost.
    assert 290 <= allowed < 2_000
