"""The cache of unwrapped keys: bounded, checked against the store, wiped."""

from __future__ import annotations

from gateway.custody.ids import StoredId, Tenant
from gateway.custody.keycache import KeyCache
from gateway.custody.keystore import KeyName

HERE = Tenant(1)


def name(number: int, generation: int = 1) -> KeyName:
    return KeyName(HERE, StoredId(number.to_bytes(16, "big")), "clinical", generation)


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_key_counts_only_beside_the_wrapping_that_it_came_from() -> None:
    cache = KeyCache()
    cache.put(name(1), b"wrapped", b"secret")
    assert cache.get(name(1), b"wrapped") == b"secret"
    assert cache.get(name(1), b"another") is None
    assert cache.get(name(1), b"wrapped") is None
    assert cache.get(name(2), b"wrapped") is None


def test_the_key_that_was_used_longest_ago_makes_room() -> None:
    cache = KeyCache(size=2)
    for number in (1, 2):
        cache.put(name(number), b"w", b"secret")
    cache.get(name(1), b"w")
    cache.put(name(3), b"w", b"secret")
    assert [cache.get(name(n), b"w") for n in (1, 2, 3)] == [b"secret", None, b"secret"]
    assert len(cache) == 2


def test_no_key_is_held_beyond_its_time_even_if_nobody_asks_for_it() -> None:
    clock = Clock()
    cache = KeyCache(seconds=10, clock=clock)
    cache.put(name(1), b"w", b"secret")
    cache.put(name(2), b"w", b"secret")
    clock.now += 11
    assert cache.get(name(1), b"w") is None
    cache.put(name(3), b"w", b"secret")
    assert len(cache) == 1


def test_what_leaves_is_overwritten_and_what_was_handed_out_is_not() -> None:
    cache = KeyCache(size=1)
    cache.put(name(1), b"w", b"secret")
    held = cache._held[name(1)].secret
    handed = cache.get(name(1), b"w")
    cache.put(name(2), b"w", b"other!")
    assert held == bytes(6)
    assert handed == b"secret"


def test_forgetting_somebody_takes_every_generation() -> None:
    cache = KeyCache()
    cache.put(name(1), b"w", b"secret")
    cache.put(name(1, 2), b"w", b"secret")
    cache.put(name(2), b"w", b"secret")
    cache.forget(HERE, name(1).subject)
    assert len(cache) == 1
