"""Rotation of a root: every key moves and none changes, whatever happens at whichever step."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from gateway.custody import rotation
from gateway.custody.database import Database, Side
from gateway.custody.errors import Tampered
from gateway.custody.ids import SYSTEM, StoredId, Tenant
from gateway.custody.keyring import ClinicalKey, KeyRing, clinical_ring
from gateway.custody.keystore import KeyName
from gateway.custody.migrations import Store, migrate
from gateway.custody.providers import keyfile
from gateway.custody.providers.keyfile import KeyFile
from gateway.custody.rotation import Rewrapped, Rotation, VersionStatus
from gateway.custody.tables import audit_event, clinical_key

HERE, THERE = Tenant(1), Tenant(2)
ADA, BOB = StoredId(b"a" * 16), StoredId(b"b" * 16)
DAY = 24 * 3600 * 1_000_000


class Clock:
    def __init__(self) -> None:
        self.now = 10 * DAY

    def __call__(self) -> int:
        return self.now


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a few keys are several batches."""
    monkeypatch.setattr(rotation, "_BATCH", 5)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def keys(tmp_path: Path) -> Iterator[Database]:
    database = Database.open(f"sqlite:///{tmp_path / 'keys.db'}", Side.TRUSTED)
    migrate(database, Store.KEYS)
    yield database
    database.close()


@pytest.fixture
def trail(tmp_path: Path) -> Iterator[Database]:
    database = Database.open(f"sqlite:///{tmp_path / 'careloom.db'}", Side.TRUSTED)
    migrate(database, Store.DATA)
    yield database
    database.close()


@pytest.fixture
def path(tmp_path: Path, clock: Clock) -> Path:
    path = tmp_path / "keys" / "clinical.key"
    keyfile.create(path, clock)
    return path


@pytest.fixture
def ring(keys: Database, path: Path, clock: Clock) -> KeyRing[ClinicalKey]:
    return clinical_ring(keys, KeyFile(path, clock))


@pytest.fixture
def turn(ring: KeyRing[ClinicalKey], trail: Database, clock: Clock) -> Rotation:
    return Rotation("clinical", ring.store, ring.roots, trail, clock)


def quietly(_done: int) -> None:
    pass


def subjects(count: int) -> list[StoredId]:
    return [StoredId(os.urandom(16)) for _ in range(count)]


def told(database: Database) -> list[tuple[int, str, str]]:
    with database.read() as conn:
        rows = conn.execute(select(audit_event).order_by(audit_event.c.seq)).all()
    return [(row.log, row.kind, row.detail) for row in rows]


def test_every_key_moves_and_none_changes(
    ring: KeyRing[ClinicalKey], turn: Rotation, keys: Database, path: Path
) -> None:
    people = subjects(12)
    before = ring.ensure(HERE, people)
    seen: list[int] = []
    assert turn.run(seen.append) == Rewrapped(12, 0)
    assert seen == [5, 10, 12]
    elsewhere = clinical_ring(keys, KeyFile(path))
    assert ring.fetch(HERE, people) == elsewhere.fetch(HERE, people) == before


def test_each_version_says_how_old_it_is_and_what_hangs_on_it(
    ring: KeyRing[ClinicalKey], turn: Rotation, clock: Clock
) -> None:
    ring.ensure(HERE, subjects(3))
    assert rotation.status(ring.store, ring.roots) == [VersionStatus(1, True, 3, 10 * DAY, None)]
    clock.now = 40 * DAY
    turn.run(quietly)
    clock.now = 70 * DAY
    turn.run(quietly)
    found = rotation.status(ring.store, ring.roots)
    assert found == [
        VersionStatus(1, False, 0, 10 * DAY, 40 * DAY),
        VersionStatus(2, False, 0, 40 * DAY, 70 * DAY),
        VersionStatus(3, True, 3, 70 * DAY, None),
    ]
    assert [version.may_be_destroyed for version in found] == [True, True, False]


def test_a_version_that_a_single_key_hangs_on_may_not_be_destroyed() -> None:
    assert not VersionStatus(1, False, 1).may_be_destroyed
    assert not VersionStatus(1, True, 0).may_be_destroyed
    assert VersionStatus(1, False, 0).may_be_destroyed


def test_a_version_that_the_file_lost_is_shown_with_what_hangs_on_it(
    ring: KeyRing[ClinicalKey], turn: Rotation, path: Path
) -> None:
    ring.ensure(HERE, subjects(2))
    told = keyfile.load(path)
    turn.roots.rotate()
    both = keyfile.load(path)
    keyfile._replace(path, replace(both, keys={2: both.keys[2]}, made={}))
    assert rotation.status(ring.store, ring.roots) == [
        VersionStatus(1, False, 2, None, None),
        VersionStatus(2, True, 0, None, None),
    ]
    assert told.current == 1


def test_a_version_that_may_be_destroyed_can_be_done_without(
    ring: KeyRing[ClinicalKey], turn: Rotation, keys: Database, path: Path
) -> None:
    people = subjects(7)
    before = ring.ensure(HERE, people)
    turn.run(quietly)
    both = keyfile.load(path)
    keyfile._replace(path, replace(both, keys={2: both.keys[2]}))
    assert clinical_ring(keys, KeyFile(path)).fetch(HERE, people) == before


def test_no_destroyed_key_comes_back(ring: KeyRing[ClinicalKey]) -> None:
    ring.ensure(HERE, [ADA])
    ((name, old),) = ring.store.under_other_roots(2, 10)
    ring.destroy(HERE, ADA)
    ring.store.rewrap([(name, old, ring.roots.wrap(b"k" * 32, name.context()))])
    assert ring.fetch(HERE, [ADA]) == {}


def test_a_row_that_changed_meanwhile_is_left(ring: KeyRing[ClinicalKey], keys: Database) -> None:
    ring.ensure(HERE, [ADA, BOB])
    listed = ring.store.under_other_roots(2, 10)
    ring.destroy(HERE, ADA)
    new = ring.ensure(HERE, [ADA])[ADA]
    renewed = [(name, old, ring.roots.wrap(b"k" * 32, name.context())) for name, old in listed]
    ring.store.rewrap(renewed)
    assert ring.fetch(HERE, [ADA])[ADA] == new
    assert ring.fetch(HERE, [BOB])[BOB].secrets == {1: b"k" * 32}


def test_keys_are_listed_in_order_and_each_once(ring: KeyRing[ClinicalKey]) -> None:
    for tenant in (THERE, HERE):
        ring.ensure(tenant, subjects(6))
        ring.index_key(tenant)
    found: list[KeyName] = []
    after = None
    while batch := ring.store.under_other_roots(2, 4, after):
        found += [name for name, _ in batch]
        after = batch[-1][0]
    whole = [name for name, _ in ring.store.under_other_roots(2, 100)]
    assert found == whole
    assert len(set(found)) == len(found) == 14
    assert [name.tenant for name in found] == [HERE] * 7 + [THERE] * 7
    assert ring.store.under_other_roots(1, 100) == []


def test_a_key_that_is_made_under_the_old_root_meanwhile_is_moved_too(
    ring: KeyRing[ClinicalKey], turn: Rotation, path: Path
) -> None:
    ring.ensure(HERE, subjects(12))
    first = StoredId(bytes(15) + b"1")
    late: list[StoredId] = []

    def make_one(_done: int) -> None:
        # Wrapped before the rotation and committed only now, before the place that was reached.
        if not late:
            late.append(first)
            name = KeyName(HERE, first, "clinical", 1)
            root = keyfile.load(path).keys[1]
            blob = rotation_of_old(root, name)
            ring.store.add({name: blob}, 1)

    assert turn.run(make_one).keys == 13
    assert ring.store.by_root() == {2: 13}
    assert ring.fetch(HERE, [first])[first].secrets == {1: b"s" * 32}


def rotation_of_old(root: bytes, name: KeyName) -> Any:
    from gateway.custody.roots import Wrapped, wrap_under

    return Wrapped(1, wrap_under(root, b"s" * 32, name.context()))


def test_a_key_that_does_not_unwrap_is_counted_and_holds_nobody_up(
    ring: KeyRing[ClinicalKey], turn: Rotation, keys: Database, trail: Database
) -> None:
    people = subjects(11)
    before = ring.ensure(HERE, people)
    with keys.write() as conn:
        conn.execute(
            update(clinical_key).where(clinical_key.c.subject.in_(people[:2])).values(wrapped=bytes(60))
        )
    assert turn.run(quietly) == Rewrapped(9, 2)
    assert ring.store.by_root() == {1: 2, 2: 9}
    assert ring.fetch(HERE, people[2:]) == {one: before[one] for one in people[2:]}
    with pytest.raises(Tampered):
        ring.fetch(HERE, people[:1])
    assert told(trail)[-1] == (
        SYSTEM,
        "keys:rewrap",
        "command line; clinical root, version 2, 9 data keys, 2 damaged",
    )


def test_law_4_each_step_is_written_down_before_it_is_done(
    ring: KeyRing[ClinicalKey], turn: Rotation, trail: Database
) -> None:
    ring.ensure(HERE, [ADA])
    seen: list[list[tuple[int, str, str]]] = []
    turn.run(lambda _done: seen.append(told(trail)))
    begun = (SYSTEM, "keys:rotate", "command line; clinical root, a new version")
    done = (SYSTEM, "keys:rewrap", "command line; clinical root, version 2, 1 data keys, 0 damaged")
    assert seen[0] == [begun]
    assert told(trail) == [begun, done]


# --- killed at each step ---------------------------------------------------------------------------------


class Killed(BaseException):
    """The process is gone."""


class Fate:
    """Kills at the n-th thing that is done."""

    def __init__(self, steps: int) -> None:
        self.steps = steps

    def bind(self, whom: Any, *verbs: str) -> Any:
        return _Mortal(whom, verbs, self)

    def step(self) -> None:
        if self.steps == 0:
            raise Killed
        self.steps -= 1


class _Mortal:
    def __init__(self, whom: Any, verbs: tuple[str, ...], fate: Fate) -> None:
        self._whom, self._verbs, self._fate = whom, verbs, fate

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._whom, name)
        if name not in self._verbs:
            return found

        def done(*given: Any, **named: Any) -> Any:
            self._fate.step()
            answer = found(*given, **named)
            self._fate.step()
            return answer

        return done


def mortal(turn: Rotation, fate: Fate) -> Rotation:
    return replace(
        turn,
        store=fate.bind(turn.store, "under_other_roots", "rewrap"),
        roots=fate.bind(turn.roots, "rotate", "wrap"),
        trail=fate.bind(turn.trail, "write"),
    )


def test_a_rotation_may_be_killed_at_each_step_and_run_again(
    ring: KeyRing[ClinicalKey], turn: Rotation, keys: Database, path: Path
) -> None:
    people = subjects(8)
    before = ring.ensure(HERE, people)
    killed = 0
    for steps in range(1000):
        try:
            mortal(turn, Fate(steps)).run(quietly)
        except Killed:
            killed += 1
        else:
            break
        # Nobody notices: neither who was running nor who starts now.
        assert ring.fetch(HERE, people) == before
        assert clinical_ring(keys, KeyFile(path)).fetch(HERE, people) == before
        assert not [v for v in rotation.status(ring.store, ring.roots) if v.may_be_destroyed and v.data_keys]
    assert killed > 30
    newest = ring.roots.status().current
    assert ring.store.by_root() == {newest: 8}
    assert ring.fetch(HERE, people) == before


def test_what_a_killed_rotation_left_can_be_finished_without_a_new_version(
    ring: KeyRing[ClinicalKey], turn: Rotation
) -> None:
    people = subjects(8)
    before = ring.ensure(HERE, people)

    def kill(_done: int) -> None:
        raise Killed

    with pytest.raises(Killed):
        turn.run(kill)
    assert ring.store.by_root() == {1: 3, 2: 5}
    assert rotation.rewrap(ring.store, ring.roots, quietly) == Rewrapped(3, 0)
    assert ring.store.by_root() == {2: 8}
    assert ring.fetch(HERE, people) == before
