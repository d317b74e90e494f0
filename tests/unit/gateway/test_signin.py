"""How people log in is read from the environment, and what makes no sense stops the start."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.custody.errors import Misconfigured
from gateway.signin import Seat, SignIn

OIDC = {
    "CARELOOM_CONSOLE_OIDC_ISSUER": "https://idp.example.org/realms/h",
    "CARELOOM_CONSOLE_OIDC_CLIENT_ID": "careloom",
    "CARELOOM_CONSOLE_OIDC_ROLES": "officer:St. Anna=co; auditor:St. Anna=ca",
}


def test_nothing_set_means_local_accounts():
    made = SignIn.from_environ({})
    assert made.provider is None
    assert (made.idle_seconds, made.session_seconds) == (900, 28_800)


def test_a_provider_is_read(tmp_path: Path):
    secret = tmp_path / "secret"
    secret.write_text("s3\n")
    secret.chmod(0o600)
    made = SignIn.from_environ({**OIDC, "CARELOOM_CONSOLE_OIDC_SECRET_FILE": str(secret)}).provider
    assert made is not None
    assert made.secret() == "s3"
    assert made.claim == "roles"
    assert made.seats == {"co": Seat("officer", "St. Anna"), "ca": Seat("auditor", "St. Anna")}


@pytest.mark.parametrize(
    "changed",
    [
        {"CARELOOM_CONSOLE_OIDC_ISSUER": ""},
        {"CARELOOM_CONSOLE_OIDC_CLIENT_ID": ""},
        {"CARELOOM_CONSOLE_OIDC_ROLES": ""},
        {"CARELOOM_CONSOLE_OIDC_ROLES": " ; "},
        {"CARELOOM_CONSOLE_OIDC_ROLES": "emperor:St. Anna=x"},
        {"CARELOOM_CONSOLE_OIDC_ROLES": "officer:a=x; auditor:a=x"},
        {"CARELOOM_CONSOLE_OIDC_ISSUER": "http://idp.example.org"},
        {"CARELOOM_CONSOLE_OIDC_SECRET_FILE": "/nowhere/secret"},
        {"CARELOOM_CONSOLE_IDLE_SECONDS": "5"},
        {"CARELOOM_CONSOLE_SECONDS": "soon"},
        {"CARELOOM_CONSOLE_ZONE": "Mars/Olympus"},
    ],
)
def test_law_12_what_makes_no_sense_lets_nobody_in(changed: dict[str, str]):
    with pytest.raises(Misconfigured):
        SignIn.from_environ({**OIDC, **changed})


def test_a_secret_that_others_can_read_is_refused(tmp_path: Path):
    secret = tmp_path / "secret"
    secret.write_text("s3")
    secret.chmod(0o644)
    with pytest.raises(Misconfigured, match="chmod 600"):
        SignIn.from_environ({**OIDC, "CARELOOM_CONSOLE_OIDC_SECRET_FILE": str(secret)})
