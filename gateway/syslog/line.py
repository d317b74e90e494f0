"""A connection to a syslog receiver over TLS, which ends with its word that it has read everything.

Syslog has no acknowledgement: that a write succeeded says that the kernel took the bytes, and that they were
acknowledged says that the other kernel has them. But the end of a connection tells more, so connections are
short, and what was sent over one counts when it was closed in order. What ends differently is sent again.

1. Wait until the other kernel has every byte, and see that the receiver has not gone already.
2. Send ``close_notify``, which TLS puts behind all data.
3. The receiver's own ``close_notify`` is its word that it has read as far (RFC 5425, 4.4; RFC 8446, 6.1), and
   nobody on the way can give it in its place.
4. Some receivers only close. A kernel resets a connection that its process closed, or died, with something
   unread in it; so a close that is no reset says the same. It is not authenticated: ``answered`` asks for 3.
"""

from __future__ import annotations

import fcntl
import socket
import ssl
import struct
import termios
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from gateway.custody.errors import Misconfigured

PORT = 6514
"""Syslog over TLS, as IANA has it."""

CONNECT_SECONDS, ANSWER_SECONDS, GRACE_SECONDS = 5.0, 10.0, 1.0
"""``ANSWER``: for each write, and for the end; ``GRACE``: to see how the connection itself ends."""

_LOOK_SECONDS = 0.002


class Away(Exception):  # noqa: N818 - it reads as what is the case
    """The receiver does not take what it is sent at the moment. The text is the kind of error and no more."""


@dataclass(frozen=True, slots=True)
class Target:
    """A receiver, who vouches for it, and who we are. ``ca`` absent: whom the system trusts; ``answered``:
    that it closed is not enough, it must say so."""

    host: str
    port: int = PORT
    ca: Path | None = None
    cert: Path | None = None
    key: Path | None = None
    answered: bool = False

    def context(self) -> ssl.SSLContext:
        """TLS 1.2 or newer, the server's certificate and name checked; raises ``Misconfigured``."""
        try:
            context = ssl.create_default_context(cafile=self.ca)
        except (OSError, ssl.SSLError):
            raise Misconfigured("CARELOOM_SIEM_CA must name a readable file of certificates (PEM).") from None
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if self.cert is not None:
            try:
                context.load_cert_chain(self.cert, self.key, password=_no_password)
            except (OSError, ssl.SSLError, ValueError):
                raise Misconfigured(
                    "CARELOOM_SIEM_CERT and CARELOOM_SIEM_KEY must name a certificate and its key (PEM, "
                    "without a password)."
                ) from None
        return context


def _no_password() -> str:
    # Without this OpenSSL would ask at the terminal, of which a service has none.
    raise ValueError("encrypted")


class Line:
    """An open connection. Use it, then ``end`` it; ``drop`` it whatever happened."""

    def __init__(self, target: Target, context: ssl.SSLContext) -> None:
        try:
            plain = socket.create_connection((target.host, target.port), CONNECT_SECONDS)
        except OSError as error:
            raise _away(error) from None
        self._answered = target.answered
        try:
            self._socket = context.wrap_socket(plain, server_hostname=target.host)
            self._socket.settimeout(ANSWER_SECONDS)
        except (OSError, ValueError) as error:
            plain.close()
            raise _away(error) from None

    def send(self, frames: bytes) -> None:
        """Write frames; raises ``Away`` when the receiver does not read them in time."""
        try:
            self._socket.sendall(frames)
        except OSError as error:
            raise _away(error) from None

    def end(self) -> None:
        """Close in order. Returns when the receiver said that it read everything; else raises ``Away``."""
        try:
            self._delivered()  # 1
            plain = self._socket.unwrap()  # 2, 3
            with plain:
                plain.settimeout(GRACE_SECONDS)
                _refuse_reset(plain)
        except ssl.SSLEOFError as error:  # 4
            if self._answered:
                raise _away(error) from None
        except (OSError, ValueError) as error:
            raise _away(error) from None

    def _delivered(self) -> None:
        """Wait until nothing is on the way any more (SIOCOUTQ counts what was not acknowledged)."""
        until = time.monotonic() + ANSWER_SECONDS
        while struct.unpack("i", fcntl.ioctl(self._socket, termios.TIOCOUTQ, bytes(4)))[0]:
            # Of a connection that was reset the kernel goes on counting what it never got rid of.
            self._refuse_ended()
            if time.monotonic() > until:
                raise TimeoutError
            time.sleep(_LOOK_SECONDS)
        self._refuse_ended()

    def _refuse_ended(self) -> None:
        """A receiver that closed before we did gave no answer, although its close looks like one."""
        self._socket.settimeout(0.0)
        with suppress(ssl.SSLWantReadError):
            try:
                self._socket.recv(1)
            except ssl.SSLEOFError:
                raise ConnectionAbortedError from None
            raise ConnectionAbortedError
        self._socket.settimeout(ANSWER_SECONDS)

    def drop(self) -> None:
        """Give the connection up."""
        self._socket.close()


def _refuse_reset(plain: socket.socket) -> None:
    """A kernel resets a connection that its process closed with something unread in it."""
    # Silence is no reset: a receiver may leave it to us to close.
    with suppress(TimeoutError):
        plain.recv(1)


def _away(error: Exception) -> Away:
    # Only kinds: a text may quote a certificate, and with it whatever its owner put there.
    reason = getattr(error, "verify_code", None)
    return Away(type(error).__name__ + (f" {reason}" if reason else ""))
