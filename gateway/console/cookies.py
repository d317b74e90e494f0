"""The cookies: that of a session, and those of somebody who is about to log in. All for servers alone.

Over https their names bear ``__Host-``: no other host and no unencrypted page can set them (RFC 6265bis).
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from werkzeug.wrappers import Request, Response

from gateway.console.sealing import from_text, to_text
from gateway.signin import LOOPBACK

_SESSION, _ENTRANCE, _AWAY = "careloom-console", "careloom-entrance", "careloom-provider"
_ONWARD = "careloom-onward"
AWAY_SECONDS = 600


@dataclass(frozen=True, slots=True)
class Cookies:
    """Reads and sets the cookies of an installation; ``secure``: it is reached over https."""

    secure: bool

    def session(self, request: Request) -> bytes | None:
        return self._read(request, _SESSION)

    def entrance(self, request: Request) -> bytes | None:
        return self._read(request, _ENTRANCE)

    def away(self, request: Request) -> str:
        return request.cookies.get(self._name(_AWAY), "")

    def onward(self, request: Request) -> str:
        return request.cookies.get(self._name(_ONWARD), "")

    def set_onward(self, answer: Response, page: str) -> None:
        self._set(answer, _ONWARD, page, AWAY_SECONDS)

    def set_session(self, answer: Response, token: bytes) -> None:
        self._set(answer, _SESSION, to_text(token))

    def set_entrance(self, answer: Response, token: bytes) -> None:
        self._set(answer, _ENTRANCE, to_text(token))

    def set_away(self, answer: Response, text: str) -> None:
        self._set(answer, _AWAY, text, AWAY_SECONDS)

    def drop(self, answer: Response) -> None:
        """Forget all of them."""
        for name in (_SESSION, _ENTRANCE, _AWAY, _ONWARD):
            self._set(answer, name, "", 0)

    def _read(self, request: Request, name: str) -> bytes | None:
        found = from_text(request.cookies.get(self._name(name), ""))
        return found or None

    def _name(self, name: str) -> str:
        return f"__Host-{name}" if self.secure else name

    def _set(self, answer: Response, name: str, value: str, seconds: int | None = None) -> None:
        answer.set_cookie(
            self._name(name),
            value,
            max_age=seconds,
            secure=self.secure,
            httponly=True,
            # Strict would not be sent on the way back from a provider.
            samesite="Lax",
            path="/",
        )


def over_https(base_url: str) -> bool:
    """Whether this installation is reached over https."""
    return urlsplit(base_url).scheme == "https"


def is_safe(base_url: str) -> bool:
    """Whether a password may be typed here: over https, or on one machine."""
    return over_https(base_url) or urlsplit(base_url).hostname in LOOPBACK
