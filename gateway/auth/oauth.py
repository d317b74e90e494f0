"""The token endpoint's way of saying no: RFC 6749's error codes, and one for what is not read at all."""

from __future__ import annotations

STATUS = {
    "invalid_client": 401,
    "invalid_request": 400,
    "invalid_scope": 400,
    "too_large": 413,
    "unauthorized_client": 400,
    "unsupported_grant_type": 400,
}


class TokenRefused(Exception):  # noqa: N818 - it reads as what happened
    """No token was given. ``error`` is RFC 6749's code, ``text`` is for the client's engineer."""

    def __init__(self, error: str, text: str) -> None:
        super().__init__(error)
        self.error = error
        self.text = text

    @property
    def status(self) -> int:
        return STATUS[self.error]


def invalid_client(text: str) -> TokenRefused:
    """The client did not prove who it is."""
    return TokenRefused("invalid_client", text)
