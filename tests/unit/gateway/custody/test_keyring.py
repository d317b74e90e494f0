"""Data keys: made once, there for everybody, gone for everybody."""

from __future__ import annotations

import hmac
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import delete, select, update

from gateway.custody.cipher import Place, seal, unseal
from gateway.custody.database import Database, Side
from gateway.custody.errors import KeyGone, Tampered
from gateway.custody.ids import TENANT_COMPARTMENT, StoredId, Tenant
from gateway.custody.keyring import (
    ClinicalKey,
    IdentityKey,
    KeyRing,
    clinical_ring,
    derive,
    hashed,
    identity_ring,
)
from gateway.custody.keystore import KeyName
from gateway.custody.migrations import Store, migrate
from gateway.custody.providers import keyfile
from gateway.custody.providers.keyfile import KeyFile
from gateway.custody.records import CLINICAL_COLUMN
from gateway.custody.tables import clinical_key

HERE, THERE = Tenant(1), Tenant(2)
ADA, BOB = StoredId(b"a" * 16), StoredId(b"b" * 16)

Opening = Callable[[], KeyRing[ClinicalKey]]


@pytest.fixture
def keys(tmp_path: Path) -> Database:
    database = Database.open(f"sqlite:///{tmp_path / 'keys.db'}", Side.TRUSTED)
    migrate(database, Store.KEYS)
    return database


@pytest.fixture
def new_ring(tmp_path: Path, keys: Database) -> Opening:
    """A ring as another process would open it."""
    path = tmp_path / "keys" / "clinical.key"
    keyfile.create(path)
    return lambda: clinical_ring(keys, KeyFile(path))


@pytest.fixture
def ring(new_ring: Opening) -> KeyRing[ClinicalKey]:
    return new_ring()


def test_a_key_is_the_same_for_every_process_and_every_time(ring: KeyRing, new_ring: Opening) -> None:
    made = ring.ensure(HERE, [ADA, BOB, ADA])
    assert made.keys() == {ADA, BOB}
    assert made[ADA] != made[BOB]
    assert ring.ensure(HERE, [ADA, BOB]) == made
    assert new_ring().fetch(HERE, [ADA, BOB]) == made
    assert new_ring().ensure(THERE, [ADA])[ADA] != made[ADA]
    assert isinstance(made[ADA], ClinicalKey)


def test_who_has_no_key_is_absent(ring: KeyRing) -> None:
    assert ring.fetch(HERE, [ADA]) == {}
    assert ring.ensure(HERE, []) == {}
    with pytest.raises(KeyGone):
        ring.fetch_one(HERE, ADA)


def test_of_many_that_make_a_key_at_once_all_get_the_same(new_ring: Opening) -> None:
    got, ready = [], threading.Barrier(6)

    def start() -> None:
        ring = new_ring()
        ready.wait(10)
        got.append(ring.ensure(HERE, [ADA, BOB]))

    threads = [threading.Thread(target=start) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 6
    assert all(one == got[0] for one in got)


def test_a_destroyed_key_is_gone_for_every_process_at_once(ring: KeyRing, new_ring: Opening) -> None:
    other = new_ring()
    ring.ensure(HERE, [ADA, BOB])
    assert other.fetch(HERE, [ADA, BOB]).keys() == {ADA, BOB}
    assert ring.destroy(HERE, ADA) == 1
    assert ring.fetch(HERE, [ADA, BOB]).keys() == {BOB}
    assert other.fetch(HERE, [ADA, BOB]).keys() == {BOB}


def test_a_key_made_anew_is_another_one_whatever_is_cached(ring: KeyRing, new_ring: Opening) -> None:
    other = new_ring()
    old = ring.ensure(HERE, [ADA])[ADA]
    other.fetch(HERE, [ADA])
    place = Place(HERE, ADA, "Patient", ADA, 1, CLINICAL_COLUMN)
    sealed = seal(old, place, b"before", os.urandom(16))
    ring.destroy(HERE, ADA)
    new = ring.ensure(HERE, [ADA])[ADA]
    assert new != old
    assert other.fetch(HERE, [ADA])[ADA] == new
    with pytest.raises(Tampered):
        unseal(new, place, sealed)


def test_a_destroyed_key_is_in_no_file_of_the_store(ring: KeyRing, keys: Database, tmp_path: Path) -> None:
    ring.ensure(HERE, [ADA, BOB])
    wrapped = {
        subject: found[1].blob for subject, found in ring.store.find(HERE, [ADA, BOB], "clinical").items()
    }
    ring.destroy(HERE, ADA)
    files = b"".join(path.read_bytes() for path in tmp_path.glob("keys.db*"))
    assert wrapped[BOB] in files
    assert wrapped[ADA] not in files


def test_a_wrapped_key_that_was_moved_does_not_unwrap(ring: KeyRing, keys: Database) -> None:
    ring.ensure(HERE, [ADA, BOB])
    with keys.write() as conn:
        conn.execute(delete(clinical_key).where(clinical_key.c.subject == ADA))
        conn.execute(update(clinical_key).where(clinical_key.c.subject == BOB).values(subject=ADA))
    with pytest.raises(Tampered):
        ring.fetch(HERE, [ADA])


def test_index_keys_are_the_tenants_own_and_no_data_key(ring: KeyRing, new_ring: Opening) -> None:
    key = ring.index_key(HERE)
    assert new_ring().index_key(HERE) == ring.index_key(HERE) == key
    assert ring.index_key(THERE) != key
    assert ring.ensure(HERE, [TENANT_COMPARTMENT])[TENANT_COMPARTMENT].secrets[1] != key


def test_law_3_the_rings_of_both_sides_have_nothing_in_common(
    ring: KeyRing, keys: Database, tmp_path: Path
) -> None:
    path = tmp_path / "keys" / "identity.key"
    keyfile.create(path)
    identity = identity_ring(keys, KeyFile(path))
    mine, theirs = ring.ensure(HERE, [ADA])[ADA], identity.ensure(HERE, [ADA])[ADA]
    assert isinstance(theirs, IdentityKey)
    assert mine.secrets != theirs.secrets
    assert ring.index_key(HERE) != identity.index_key(HERE)
    crossed = clinical_ring(keys, KeyFile(path))
    with pytest.raises(Tampered):
        crossed.fetch(HERE, [ADA])


def test_law_12_a_key_never_shows_itself(ring: KeyRing) -> None:
    key = ring.ensure(HERE, [ADA])[ADA]
    assert repr(key.secrets[1]) not in repr(key)
    assert "secrets" not in repr(key)


def test_a_key_lies_wrapped_in_the_store(ring: KeyRing, keys: Database) -> None:
    secret = ring.ensure(HERE, [ADA])[ADA].secrets[1]
    with keys.read() as conn:
        (row,) = conn.execute(select(clinical_key)).all()
    assert secret not in row.wrapped
    assert (row.tenant, row.subject, row.purpose, row.generation, row.root_version) == (
        1,
        ADA,
        "clinical",
        1,
        1,
    )


def test_derived_keys_differ_by_label() -> None:
    assert derive(b"k" * 32, "one") != derive(b"k" * 32, "two")
    assert len(derive(b"k" * 32, "one")) == 32


# RFC 4231, test cases 1, 2 and 6.
HASHED = [
    (b"\x0b" * 20, b"Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
    (
        b"Jefe",
        b"what do ya want for nothing?",
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
    ),
    (
        b"\xaa" * 131,
        b"Test Using Larger Than Block-Size Key - Hash Key First",
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
    ),
]


@pytest.mark.parametrize(("key", "told", "digest"), HASHED)
def test_a_hash_is_that_of_its_key_however_often_it_is_taken(key: bytes, told: bytes, digest: str) -> None:
    assert [hashed(key, told).hex() for _ in range(3)] == [digest] * 3


def test_threads_that_hash_under_one_key_do_not_disturb_each_other() -> None:
    key, found = bytes(32), dict[int, set[bytes]]()

    def take(number: int) -> None:
        found[number] = {hashed(key, bytes([number])) for _ in range(500)}

    threads = [threading.Thread(target=take, args=(number,)) for number in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert [found[number] for number in range(8)] == [
        {hmac.digest(key, bytes([number]), "sha256")} for number in range(8)
    ]


def test_names_of_keys_are_told_apart() -> None:
    names = {
        KeyName(HERE, ADA, "clinical", 1),
        KeyName(HERE, ADA, "clinical", 2),
        KeyName(HERE, ADA, "clinical-index", 1),
        KeyName(HERE, BOB, "clinical", 1),
        KeyName(THERE, ADA, "clinical", 1),
    }
    assert len({name.context() for name in names}) == len(names)
