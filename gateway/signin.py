"""How people log in to the console, as the environment says: local accounts, or an OpenID provider."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, tzinfo
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from gateway.custody.errors import Misconfigured

ROLES = ("officer", "auditor", "administrator")
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
"""Where a browser's way to us is on one machine, and need not be encrypted."""

IDLE_SECONDS, SESSION_SECONDS = 900, 28_800
_PREFIX = "CARELOOM_CONSOLE_OIDC_"
_MAPPED = re.compile(r"(?P<role>[a-z]+):(?P<organization>[^=;]+)=(?P<value>[^;]+)")


@dataclass(frozen=True, slots=True)
class Seat:
    """What somebody is at which organization."""

    role: str
    organization: str


@dataclass(frozen=True, slots=True)
class Provider:
    """An OpenID provider. ``seats``: which value of the claim means what."""

    issuer: str
    client_id: str
    secret_file: Path | None
    claim: str
    seats: Mapping[str, Seat]

    def secret(self) -> str | None:
        """The client's secret, read when it is needed, so that a new one needs no restart; none for a public
        client, which PKCE alone protects."""
        if self.secret_file is None:
            return None
        try:
            return self.secret_file.read_text("utf-8").strip()
        except OSError:
            raise Misconfigured(f"{_PREFIX}SECRET_FILE cannot be read.") from None


@dataclass(frozen=True, slots=True)
class SignIn:
    """Who is let in how, and for how long. ``provider`` absent: local accounts."""

    provider: Provider | None = None
    idle_seconds: int = IDLE_SECONDS
    session_seconds: int = SESSION_SECONDS
    zone: tzinfo = UTC

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> SignIn:
        """What these environment variables describe; raises ``Misconfigured``."""
        return cls(
            provider=_provider(environ),
            idle_seconds=_seconds(environ, "CARELOOM_CONSOLE_IDLE_SECONDS", IDLE_SECONDS, (60, 3_600)),
            session_seconds=_seconds(environ, "CARELOOM_CONSOLE_SECONDS", SESSION_SECONDS, (300, 86_400)),
            zone=_zone(environ.get("CARELOOM_CONSOLE_ZONE") or "UTC"),
        )


def _provider(environ: Mapping[str, str]) -> Provider | None:
    names = ("ISSUER", "CLIENT_ID", "SECRET_FILE", "CLAIM", "ROLES")
    given = {name: environ.get(_PREFIX + name) or "" for name in names}
    if not any(given.values()):
        return None
    for name in ("ISSUER", "CLIENT_ID", "ROLES"):
        if not given[name]:
            raise Misconfigured(f"{_PREFIX}{name} is missing beside the other settings of the provider.")
    return Provider(
        issuer=_issuer(given["ISSUER"]),
        client_id=given["CLIENT_ID"],
        secret_file=_owners_file(given["SECRET_FILE"]),
        claim=given["CLAIM"] or "roles",
        seats=_seats(given["ROLES"]),
    )


def _issuer(text: str) -> str:
    parts = urlsplit(text)
    safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)
    if not safe or not parts.netloc or parts.query or parts.fragment:
        raise Misconfigured(f"{_PREFIX}ISSUER must be the provider's issuer and begin with https://")
    return text


def _owners_file(text: str) -> Path | None:
    if not text:
        return None
    path = Path(text).absolute()
    try:
        others = path.stat().st_mode & 0o077
    except OSError:
        raise Misconfigured(f"{_PREFIX}SECRET_FILE names a file that is not there.") from None
    if others and os.name == "posix":
        raise Misconfigured(f"{_PREFIX}SECRET_FILE can be read by others than its owner; chmod 600 it.")
    return path


def _seats(text: str) -> Mapping[str, Seat]:
    """``officer:St. Anna Hospital=careloom-officers; auditor:…=…``."""
    found: dict[str, Seat] = {}
    for part in filter(None, (one.strip() for one in text.split(";"))):
        match = _MAPPED.fullmatch(part)
        if match is None or match["role"] not in ROLES:
            raise Misconfigured(
                f"{_PREFIX}ROLES is written as role:organization=value, with ; between; "
                f"a role is one of {', '.join(ROLES)}."
            )
        value = match["value"].strip()
        if value in found:
            raise Misconfigured(f"{_PREFIX}ROLES gives one value of the claim two meanings.")
        found[value] = Seat(match["role"], match["organization"].strip())
    if not found:
        raise Misconfigured(f"{_PREFIX}ROLES lets nobody in.")
    return found


def _seconds(environ: Mapping[str, str], name: str, default: int, limits: tuple[int, int]) -> int:
    text, (low, high) = environ.get(name) or str(default), limits
    if not (text.isascii() and text.isdigit() and low <= int(text) <= high):
        raise Misconfigured(f"{name} must be a whole number from {low} to {high}")
    return int(text)


def _zone(name: str) -> tzinfo:
    if name == "UTC":
        # A machine without a time zone database knows this one too.
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Misconfigured("CARELOOM_CONSOLE_ZONE must be a time zone, such as Europe/Vienna") from None
