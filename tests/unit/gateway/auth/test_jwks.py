"""Which keys may be registered, and which one is meant."""

from __future__ import annotations

import json
from typing import Any

import pytest
from joserfc.jwk import OctKey, OKPKey

from gateway.auth.jwks import KeysRefused, pick, public_keys
from tests.unit.gateway.auth.keys import ec, jwks, rsa


def test_both_kinds_of_key_are_kept():
    assert [key.kid for key in public_keys(jwks(rsa(), ec()))] == ["rsa-1", "ec-1"]


@pytest.mark.parametrize("key", [rsa(), ec()], ids=["RSA", "EC"])
def test_a_private_key_is_refused_and_the_text_says_why(key: Any):
    with pytest.raises(KeysRefused, match="private"):
        public_keys(jwks(key, private=True))


def test_one_private_key_among_public_ones_is_refused():
    members = json.loads(jwks(ec()))["keys"] + json.loads(jwks(rsa(), private=True))["keys"]
    with pytest.raises(KeysRefused, match="private"):
        public_keys(json.dumps({"keys": members}).encode())


def test_a_symmetric_key_is_refused():
    key = OctKey.generate_key(384, parameters={"kid": "shared"})
    with pytest.raises(KeysRefused, match="symmetric"):
        public_keys(jwks(key, private=True))


@pytest.mark.parametrize(
    "document",
    [b"", b"no", b"[]", b"{}", b'{"keys": {}}', b'{"keys": []}', b'{"keys": [1]}', b'{"keys": "x"}', b"\xff"],
)
def test_law_12_a_document_without_keys_is_refused(document: bytes):
    with pytest.raises(KeysRefused):
        public_keys(document)


def test_a_key_that_is_too_short_does_not_count():
    with pytest.raises(KeysRefused, match="2048"):
        public_keys(jwks(rsa("short", 1024)))


def test_a_key_on_another_curve_does_not_count():
    with pytest.raises(KeysRefused, match="P-384"):
        public_keys(jwks(ec("p256", "P-256"), OKPKey.generate_key("Ed25519", parameters={"kid": "ed"})))


@pytest.mark.parametrize("change", [{"kid": None}, {"kid": ""}, {"kid": 7}, {"use": "enc"}])
def test_a_key_that_cannot_sign_or_be_named_does_not_count(change: dict[str, Any]):
    member = json.loads(jwks(ec()))["keys"][0] | change
    with pytest.raises(KeysRefused):
        public_keys(json.dumps({"keys": [member]}).encode())


def test_a_key_that_is_no_key_is_refused():
    with pytest.raises(KeysRefused, match="cannot be read"):
        public_keys(b'{"keys": [{"kty": "EC", "crv": "P-384", "kid": "k", "x": "AA", "y": "AA"}]}')


def test_two_keys_of_one_name_are_refused():
    twin = type(ec()).generate_key("P-384", parameters={"kid": "ec-1"})
    with pytest.raises(KeysRefused, match="same kid"):
        public_keys(jwks(ec(), twin))


def test_the_kind_of_key_tells_two_of_one_name_apart():
    keys = public_keys(jwks(rsa("one"), ec("one")))
    assert pick(keys, "one", "RS384").key_type == "RSA"
    assert pick(keys, "one", "ES384").key_type == "EC"


@pytest.mark.parametrize(("kid", "algorithm"), [("other", "RS384"), ("rsa-1", "ES384"), ("rsa-1", "none")])
def test_what_is_not_there_is_not_picked(kid: str, algorithm: str):
    assert pick(public_keys(jwks(rsa(), ec())), kid, algorithm) is None
