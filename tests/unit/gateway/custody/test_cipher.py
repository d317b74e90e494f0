"""The envelope: what was sealed opens in its place, and nothing else opens anywhere."""

from __future__ import annotations

import os
import threading
from typing import Any

import pytest
import zstandard
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from gateway.custody import cipher, packing
from gateway.custody.cipher import Place, seal, unseal
from gateway.custody.errors import Tampered
from gateway.custody.ids import StoredId, Tenant
from gateway.custody.keyring import ClinicalKey, IdentityKey
from gateway.custody.records import CLINICAL_COLUMN

SALT = bytes(range(16))
KEY = ClinicalKey(1, {1: b"1" * 32})
ids = st.binary(min_size=16, max_size=16).map(StoredId)
salts = st.binary(min_size=16, max_size=16)
places = st.builds(
    Place,
    tenant=st.integers(0, 2**40).map(Tenant),
    patient=ids,
    type=st.sampled_from(["Patient", "Observation", "List", "MedicationKnowledge"]),
    id=ids,
    version=st.integers(0, 2**31 - 1),
    column=st.sampled_from(["clinical", "withheld", "link"]),
)
plain = st.one_of(st.binary(max_size=300), st.text(alphabet="ab{}", max_size=2000).map(str.encode))


@given(places, plain, salts)
def test_what_was_sealed_opens_in_its_place(place: Place, text: bytes, salt: bytes) -> None:
    assert unseal(KEY, place, seal(KEY, place, text, salt)) == text


@given(places, plain, st.data())
def test_a_flipped_bit_anywhere_is_tampering(place: Place, text: bytes, data: st.DataObject) -> None:
    sealed = bytearray(seal(KEY, place, text, SALT))
    bit = data.draw(st.integers(0, len(sealed) * 8 - 1))
    sealed[bit // 8] ^= 1 << bit % 8
    with pytest.raises(Tampered):
        unseal(KEY, place, bytes(sealed))


def test_each_single_bit_of_one_envelope_counts() -> None:
    place = Place(Tenant(1), StoredId(b"p" * 16), "Patient", StoredId(b"i" * 16), 1, CLINICAL_COLUMN)
    sealed = seal(KEY, place, b'{"resourceType":"Patient"}' * 4, SALT)
    for bit in range(len(sealed) * 8):
        changed = bytearray(sealed)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(Tampered):
            unseal(KEY, place, bytes(changed))


@given(places, places, plain)
def test_a_cell_that_was_moved_does_not_open(here: Place, there: Place, text: bytes) -> None:
    sealed = seal(KEY, here, text, SALT)
    if here != there:
        with pytest.raises(Tampered):
            unseal(KEY, there, sealed)


@pytest.mark.parametrize(
    "change",
    [
        {"tenant": Tenant(2)},
        {"patient": StoredId(b"q" * 16)},
        {"type": "Person"},
        {"id": StoredId(b"j" * 16)},
        {"version": 2},
        {"column": "withheld"},
        # Where type ends and column begins is part of what is bound.
        {"type": "Patientc", "column": "linical"},
    ],
)
def test_each_part_of_a_place_counts(change: dict) -> None:
    place = Place(Tenant(1), StoredId(b"p" * 16), "Patient", StoredId(b"i" * 16), 1, CLINICAL_COLUMN)
    sealed = seal(KEY, place, b"half", SALT)
    with pytest.raises(Tampered):
        unseal(KEY, replace(place, **change), sealed)


@given(places, plain, st.integers(0, 400))
def test_a_cut_or_lengthened_envelope_does_not_open(place: Place, text: bytes, at: int) -> None:
    sealed = seal(KEY, place, text, SALT)
    for changed in (sealed[: min(at, len(sealed) - 1)], sealed + b"\0"):
        with pytest.raises(Tampered):
            unseal(KEY, place, changed)


@given(places, plain)
def test_another_key_and_the_other_side_do_not_open(place: Place, text: bytes) -> None:
    sealed = seal(KEY, place, text, SALT)
    for key in (
        ClinicalKey(1, {1: b"2" * 32}),
        ClinicalKey(2, {2: b"1" * 32}),
        IdentityKey(1, {1: b"1" * 32}),
    ):
        with pytest.raises(Tampered):
            unseal(key, place, sealed)


PLACE = Place(Tenant(1), StoredId(b"p" * 16), "Patient", StoredId(b"i" * 16), 1, CLINICAL_COLUMN)


def test_a_cell_that_authenticates_but_is_committed_to_another_key_does_not_open(monkeypatch) -> None:
    honest = cipher._subkey

    def forged(*parts: Any) -> tuple[bytes, bytes, bytes]:
        subkey, commitment, nonce = honest(*parts)
        return subkey, commitment[::-1], nonce

    monkeypatch.setattr(cipher, "_subkey", forged)
    sealed = seal(KEY, PLACE, b"half", SALT)
    assert unseal(KEY, PLACE, sealed) == b"half"
    monkeypatch.setattr(cipher, "_subkey", honest)
    with pytest.raises(Tampered):
        unseal(KEY, PLACE, sealed)


def test_older_generations_go_on_opening() -> None:
    old = seal(KEY, PLACE, b"old", SALT)
    both = ClinicalKey(2, {1: b"1" * 32, 2: b"2" * 32})
    new = seal(both, PLACE, b"new", SALT)
    assert (unseal(both, PLACE, old), unseal(both, PLACE, new)) == (b"old", b"new")
    assert (cipher.generation_of(old), cipher.generation_of(new)) == (1, 2)


def test_a_fresh_salt_makes_another_envelope_and_the_same_salt_the_same() -> None:
    assert seal(KEY, PLACE, b"x", SALT) == seal(KEY, PLACE, b"x", SALT)
    one, two = seal(KEY, PLACE, b"x" * 64, SALT), seal(KEY, PLACE, b"x" * 64, os.urandom(16))
    assert one[38:] != two[38:]


@pytest.mark.parametrize("salt", [b"", b"s" * 15, b"s" * 17])
def test_a_salt_of_another_length_is_refused(salt: bytes) -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        seal(KEY, PLACE, b"x", salt)


def test_the_layout_is_the_documented_one() -> None:
    sealed = seal(KEY, PLACE, b"short", SALT)
    assert sealed[:6] == b"\x01\x00\x00\x00\x00\x01"
    assert sealed[6:22] == SALT
    assert len(sealed) == 6 + 16 + 16 + len(b"short") + 16
    codes = {"clinical": 2, "withheld": 3, "link": 1, "answer": 1}
    assert {c: seal(KEY, replace(PLACE, column=c), b"long" * 100, SALT)[1] for c in codes} == codes


def test_text_that_does_not_shrink_is_kept_as_it_is() -> None:
    noise = os.urandom(500)
    sealed = seal(KEY, PLACE, noise, SALT)
    assert sealed[1] == 0
    assert unseal(KEY, PLACE, sealed) == noise


def test_nothing_that_unpacks_to_more_than_the_limit_is_sealed_or_opened(monkeypatch) -> None:
    bomb = seal(KEY, PLACE, bytes(100_000), SALT)
    monkeypatch.setattr(packing, "MAX_PLAIN_BYTES", 99_999)
    with pytest.raises(Tampered):
        unseal(KEY, PLACE, bomb)
    with pytest.raises(ValueError, match="too large"):
        seal(KEY, PLACE, bytes(100_000), SALT)


@pytest.mark.parametrize("code", [1, 2, 3])
def test_a_body_that_says_it_is_compressed_and_is_not_is_tampering(monkeypatch, code: int) -> None:
    monkeypatch.setattr(cipher, "pack", lambda _column, plaintext: (code, plaintext))
    for body in (
        b"not zstandard at all",
        b"",
        zstandard.ZstdCompressor(write_content_size=False).compress(b"x" * 99),
    ):
        with pytest.raises(Tampered):
            unseal(KEY, PLACE, seal(KEY, PLACE, body, SALT))


@pytest.mark.parametrize("code", [4, 99, 255])
def test_a_compression_that_this_release_does_not_have_does_not_open(monkeypatch, code: int) -> None:
    monkeypatch.setattr(cipher, "pack", lambda _column, plaintext: (code, plaintext))
    sealed = seal(KEY, PLACE, b"from a later release", SALT)
    with pytest.raises(Tampered):
        unseal(KEY, PLACE, sealed)


@settings(max_examples=5, deadline=None)
@given(st.lists(plain, min_size=4, max_size=4))
def test_threads_do_not_mix_what_they_seal(texts: list[bytes]) -> None:
    wrong: list[bytes] = []

    def work(text: bytes) -> None:
        opened = (unseal(KEY, PLACE, seal(KEY, PLACE, text, os.urandom(16))) for _ in range(200))
        wrong.extend(one for one in opened if one != text)

    threads = [threading.Thread(target=work, args=(text,)) for text in texts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


# AES-256-GCM, McGrew and Viega, "The Galois/Counter Mode of Operation", test cases 13, 14 and 16.
_TEXT = (
    "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
    "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39"
)
_SEALED = (
    "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
    "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
    "76fc6ece0f4e1768cddf8853bb2d551b"
)
_KEY = "feffe9928665731c6d6a8f9467308308" * 2
_ASSOCIATED = "feedfacedeadbeeffeedfacedeadbeefabaddad2"
KNOWN = [
    ("00" * 32, "00" * 12, "", "", "530f8afbc74536b9a963b4f1c4cb738b"),
    ("00" * 32, "00" * 12, "00" * 16, "", "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919"),
    (_KEY, "cafebabefacedbaddecaf888", _TEXT, _ASSOCIATED, _SEALED),
]


@pytest.mark.parametrize("vector", KNOWN)
def test_the_primitive_gives_its_published_answers(vector: tuple[str, ...]) -> None:
    key, nonce, text, associated, sealed = map(bytes.fromhex, vector)
    assert AESGCM(key).encrypt(nonce, text, associated) == sealed
    assert AESGCM(key).decrypt(nonce, sealed, associated) == text


@pytest.mark.parametrize("code", [1, 2, 3])
def test_every_envelope_that_was_ever_written_opens(code: int) -> None:
    """If this fails, the format changed without a new code, and every record of that code is unreadable."""
    column, text, sealed = GOLDEN[code]
    assert bytes.fromhex(sealed)[:2] == bytes([1, code])
    assert unseal(KEY, replace(PLACE, column=column), bytes.fromhex(sealed)) == text


HALF = b'{"resourceType":"Patient"}' * 4
WITHHELD = b'{"id":"p1","/":{"name":[{"family":"Hopkins","given":["Ada"]}],"birthDate":"1961-04-17"}}'
WITHOUT_DICTIONARY = (
    "010100000001000102030405060708090a0b0c0d0e0f5e73da35e4961022db20dea9d0f89a8f5a6d3da44dfa0a242bdd"
    "cf9ecb6624912cce6f8e49682d66e317a45ff0834aea06aab7712f809f2aaa2d1a10e1c4dffe7edd532cf0c6e5215479"
)
CLINICAL_1 = (
    "010200000001000102030405060708090a0b0c0d0e0f5e73da35e4961022db20dea9d0f89a8f5a6d3da44dfa7a252b0d"
    "b0c0b96949bbbd837fc42f815b296bac3e5d85e8d325fd05498be9cee90b"
)
WITHHELD_1 = (
    "010300000001000102030405060708090a0b0c0d0e0f5e73da35e4961022db20dea9d0f89a8f5a6d3da44dca6a242b6e"
    "75b82cc97363fc0de74e1ed9d50bd25316d371892789943e605e6e89f4c699a6d3dd47fdfd3470de14c7c179cfd2d902"
    "ea2f25e5a4645a59b27d1976"
)
GOLDEN = {
    1: ("clinical", HALF, WITHOUT_DICTIONARY),
    2: ("clinical", HALF, CLINICAL_1),
    3: ("withheld", WITHHELD, WITHHELD_1),
}
