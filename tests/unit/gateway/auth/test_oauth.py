"""The error codes of RFC 6749, each with its status."""

from __future__ import annotations

import pytest

from gateway.auth.oauth import STATUS, TokenRefused, invalid_client


@pytest.mark.parametrize("error", STATUS)
def test_every_error_has_a_status_of_a_refusal(error: str):
    assert 400 <= TokenRefused(error, "why").status < 500


def test_an_unproven_client_is_401():
    refusal = invalid_client("kid must name the key that signed")
    assert (refusal.error, refusal.status, refusal.text) == (
        "invalid_client",
        401,
        "kid must name the key that signed",
    )


def test_the_text_is_not_the_message_that_a_log_would_show():
    assert str(invalid_client("anything")) == "invalid_client"
