"""Each way to come in without the key, by its name; all of them are ``invalid_client``."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from gateway.auth.assertion import Proven, check_jku, prove, read
from gateway.auth.jwks import public_keys
from gateway.auth.oauth import TokenRefused
from tests.unit.gateway.auth.keys import AUDIENCE, CLIENT, NOW, claims, ec, header, jwks, part, rsa, signed

KEYS = public_keys(jwks(rsa(), ec()))


def come_in(text: str, now: int = NOW, client_id: str | None = None) -> Proven:
    assertion = read(text, client_id)
    check_jku(assertion, None)
    return prove(assertion, KEYS, (AUDIENCE,), now)


def refused(text: str, now: int = NOW, client_id: str | None = None) -> str:
    with pytest.raises(TokenRefused) as refusal:
        come_in(text, now, client_id)
    assert refusal.value.error == "invalid_client"
    assert refusal.value.status == 401
    return refusal.value.text


@pytest.mark.parametrize("key", [rsa(), ec()], ids=["RS384", "ES384"])
def test_a_right_assertion_proves_its_client(key: Any):
    assert come_in(signed(key)) == Proven(CLIENT, "once", NOW + 300)


def test_the_audience_may_be_a_list_of_one():
    assert come_in(signed(ec(), body=claims(aud=[AUDIENCE]))).client_id == CLIENT


def test_a_client_id_beside_it_may_say_the_same():
    assert come_in(signed(ec()), client_id=CLIENT).client_id == CLIENT


# --- the signature and its algorithm ------------------------------------------------------------------------


def test_attack_no_signature():
    refused(f"{part(header(ec()))}.{part(claims())}.")


def test_attack_alg_none():
    assert "alg" in refused(f"{part(header(ec(), alg='none'))}.{part(claims())}.")


@pytest.mark.parametrize(
    "name", ["none", "None", "NONE", "HS256", "HS384", "RS256", "ES256", "PS384", "", 384]
)
def test_attack_another_algorithm(name: Any):
    refused(signed(rsa(), header(rsa(), alg=name)))


def test_attack_hmac_with_the_public_key():
    public = rsa().public_key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    text = f"{part(header(rsa(), alg='HS384'))}.{part(claims())}"
    refused(f"{text}.{part(hmac.digest(public, text.encode(), hashlib.sha384))}")


def test_attack_another_clients_key_under_the_same_kid():
    thief = type(ec()).generate_key("P-384", parameters={"kid": "ec-1"})
    assert "signature" in refused(signed(thief))


def test_attack_the_signature_of_other_claims():
    head, _, signature = signed(ec()).split(".")
    assert "signature" in refused(f"{head}.{part(claims(exp=NOW + 299))}.{signature}")


def test_attack_an_ec_signature_of_zeros():
    head, body, _ = signed(ec()).split(".")
    assert "signature" in refused(f"{head}.{body}.{part(bytes(96))}")


def test_attack_an_rsa_algorithm_with_an_ec_kid():
    assert "kid" in refused(signed(rsa(), header(rsa(), kid="ec-1")))


# --- the header ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("typ", [None, "at+jwt", "jwt", "JOSE", 7])
def test_attack_another_typ(typ: Any):
    refused(signed(ec(), header(ec(), typ=typ)))


@pytest.mark.parametrize("crit", [["exp"], ["b64"], [], "exp"])
def test_attack_something_critical(crit: Any):
    refused(signed(ec(), header(ec(), crit=crit, exp=1)))


def test_attack_b64():
    refused(signed(ec(), header(ec(), b64=False)))


@pytest.mark.parametrize("kid", [None, "", "another", 1, ["ec-1"]])
def test_attack_another_kid(kid: Any):
    refused(signed(ec(), header(ec(), kid=kid)))


def test_attack_a_key_in_the_header():
    thief = type(ec()).generate_key("P-384", parameters={"kid": "ec-1"})
    refused(signed(thief, header(ec(), jwk=thief.as_dict(private=False))))


def test_attack_keys_from_an_address_of_the_attackers():
    assert "jku" in refused(signed(ec(), header(ec(), jku="https://attacker.test/jwks")))


def test_a_jku_that_is_the_registered_one_is_allowed():
    address = "https://hospital.test/jwks"
    assertion = read(signed(ec(), header(ec(), jku=address)))
    check_jku(assertion, address)
    assert prove(assertion, KEYS, (AUDIENCE,), NOW).client_id == CLIENT


# --- the claims ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "another"},
        {"sub": "another"},
        {"iss": None},
        {"sub": None},
        {"sub": "", "iss": ""},
        {"sub": 1, "iss": 1},
        {"sub": [CLIENT], "iss": [CLIENT]},
    ],
)
def test_attack_in_somebody_elses_name(changes: dict[str, Any]):
    refused(signed(ec(), body=claims(**changes)))


def test_attack_another_client_id_beside_it():
    refused(signed(ec()), client_id="another")


@pytest.mark.parametrize(
    "audience",
    [
        None,
        "",
        "https://careloom.test/auth/token/",
        "https://careloom.test/auth",
        "http://careloom.test/auth/token",
        "https://other.test/auth/token",
        [AUDIENCE, "https://other.test"],
        [],
        {"0": AUDIENCE},
    ],
)
def test_attack_meant_for_somebody_else(audience: Any):
    assert "aud" in refused(signed(ec(), body=claims(aud=audience)))


@pytest.mark.parametrize("exp", [None, NOW, NOW - 1, 0, -1, "soon", True, str(NOW + 60), [NOW + 60]])
def test_attack_run_out(exp: Any):
    refused(signed(ec(), body=claims(exp=exp)))


@pytest.mark.parametrize("exp", [NOW + 301, NOW + 86_400, 10**18])
def test_attack_good_for_longer_than_five_minutes(exp: int):
    assert "five minutes" in refused(signed(ec(), body=claims(exp=exp)))


def test_attack_endless_by_a_number_too_large():
    text = b'{"iss":"client-1","sub":"client-1","aud":"%s","exp":1e999,"jti":"x"}' % AUDIENCE.encode()
    refused(signed(ec(), body=text))


@pytest.mark.parametrize("name", ["nbf", "iat"])
@pytest.mark.parametrize("value", [NOW + 11, "now", True, None.__class__.__name__])
def test_attack_from_the_future(name: str, value: Any):
    assert name in refused(signed(ec(), body=claims(**{name: value})))


def test_a_clock_that_runs_a_little_ahead_is_forgiven():
    assert come_in(signed(ec(), body=claims(iat=NOW + 10, nbf=NOW + 10))).client_id == CLIENT


def test_a_time_with_a_fraction_is_a_time():
    text = b'{"iss":"client-1","sub":"client-1","aud":"%s","exp":%d.5,"jti":"x"}' % (
        AUDIENCE.encode(),
        NOW + 60,
    )
    assert come_in(signed(ec(), body=text)).expires == NOW + 60


@pytest.mark.parametrize("jti", [None, "", 7, "x" * 256, ["once"]])
def test_attack_nothing_to_know_it_again_by(jti: Any):
    assert "jti" in refused(signed(ec(), body=claims(jti=jti)))


def test_attack_the_same_claim_twice():
    text = b'{"iss":"client-1","sub":"client-1","sub":"client-2","aud":"%s"}' % AUDIENCE.encode()
    refused(signed(ec(), body=text))


# --- what is no assertion at all ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "..",
        "...",
        "a.b.c",
        "null",
        "é.é.é",
        "x" * 20_000,
        "e30.e30.e30",
        part([]) + "." + part([]) + ".",
    ],
)
def test_what_is_no_assertion_is_refused(text: str):
    refused(text)


@pytest.mark.parametrize("body", [[], 7, "text", None.__class__.__name__, {"sub": {}}])
def test_claims_that_are_no_claims_are_refused(body: Any):
    refused(signed(ec(), body=body))


@given(st.text(max_size=200))
def test_no_text_whatever_comes_in_or_breaks_the_door(text: str):
    refused(text)


@given(st.integers(0, 1_000), st.integers(1, 255))
def test_no_flipped_byte_comes_in(place: int, change: int):
    raw = bytearray(signed(ec()).encode())
    place %= len(raw)
    # A character that decodes to the same bits is the same assertion.
    raw[place] ^= change
    try:
        proven = come_in(raw.decode("ascii", "replace"))
    except TokenRefused:
        return
    assert proven == Proven(CLIENT, "once", NOW + 300)


def test_no_refusal_repeats_what_was_sent():
    told: list[str] = []
    tell: Callable[[str], None] = told.append
    tell(refused(signed(ec(), header(ec(), kid="Erika"))))
    tell(refused(signed(ec(), header(ec(), jku="https://erika.test"))))
    tell(refused(signed(ec(), body=claims(aud="Erika"))))
    assert not [text for text in told if "erika" in text.lower()]
