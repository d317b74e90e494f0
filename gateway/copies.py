"""Where copies of the trail go, as the environment says: events to a SIEM, signed tree heads to witnesses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from gateway.custody import periods
from gateway.custody.checkpoint import Pace
from gateway.custody.errors import Misconfigured
from gateway.custody.ids import Tenant
from gateway.custody.jobs import SECOND
from gateway.custody.periods import Period
from gateway.custody.receivers import Logs
from gateway.syslog.line import PORT, Target

SIEM = "siem"
"""The receiver of events; its name in the tables, in metrics and in ``readyz``."""

FILE, SYSLOG, S3 = "file", "syslog", "s3://"
SIX_YEARS = Period(6, "y")
"""How long documentation of who saw what is kept (45 CFR 164.316(b)(2)(i))."""

_LATE_SECONDS = 300
_SCHEME = "syslog+tls"
_CONFIRM = ("closed", "answered")


@dataclass(frozen=True, slots=True)
class Copies:
    """Who is given what. ``siem`` absent: nobody is sent events; ``logs`` absent: all of them."""

    siem: Target | None = None
    logs: Logs | None = None
    late_seconds: int = _LATE_SECONDS
    places: tuple[str, ...] = ()
    keep: Period = SIX_YEARS
    pace: Pace = field(default_factory=Pace)
    s3_endpoint: str | None = None

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Copies:
        """What these environment variables describe; raises ``Misconfigured``."""
        siem = _siem(environ)
        return cls(
            siem=siem,
            logs=_logs(environ),
            late_seconds=_number(environ, "CARELOOM_SIEM_LATE_SECONDS", _LATE_SECONDS, (10, 86_400)),
            places=_places(environ, siem),
            keep=_keep(environ),
            pace=_pace(environ),
            s3_endpoint=environ.get("CARELOOM_CHECKPOINT_ENDPOINT") or None,
        )

    def receivers(self) -> dict[str, Logs | None]:
        """Everybody who is handed something, with the logs that it is about."""
        events: dict[str, Logs | None] = {SIEM: self.logs} if self.siem else {}
        return events | {checkpoints_at(place): None for place in self.places}


def checkpoints_at(place: str) -> str:
    """The name of the receiver that takes checkpoints at this place."""
    return f"checkpoints:{place}"


def _siem(environ: Mapping[str, str]) -> Target | None:
    ca, cert, key = (_path(environ, f"CARELOOM_SIEM_{name}") for name in ("CA", "CERT", "KEY"))
    given = environ.get("CARELOOM_SIEM_URL") or None
    if given is None:
        if ca or cert or key:
            raise Misconfigured("CARELOOM_SIEM_URL is missing beside CARELOOM_SIEM_CA, _CERT or _KEY.")
        return None
    if key and not cert:
        raise Misconfigured("CARELOOM_SIEM_KEY needs CARELOOM_SIEM_CERT.")
    try:
        parts = urlsplit(given)
        port = parts.port or PORT
    except ValueError:
        parts, port = urlsplit(""), 0
    if parts.scheme != _SCHEME or not parts.hostname or parts.path.strip("/") or parts.username:
        raise Misconfigured("CARELOOM_SIEM_URL must be as syslog+tls://siem.example.org:6514.")
    return Target(parts.hostname, port, ca, cert, key, _answered(environ))


def _answered(environ: Mapping[str, str]) -> bool:
    given = environ.get("CARELOOM_SIEM_CONFIRM") or _CONFIRM[0]
    if given not in _CONFIRM:
        raise Misconfigured(f"CARELOOM_SIEM_CONFIRM is none of: {', '.join(_CONFIRM)}.")
    return given == _CONFIRM[1]


def _path(environ: Mapping[str, str], name: str) -> Path | None:
    given = environ.get(name)
    return Path(given).absolute() if given else None


def _logs(environ: Mapping[str, str]) -> Logs | None:
    given = environ.get("CARELOOM_SIEM_LOGS") or "all"
    if given == "all":
        return None
    numbers = [part.strip() for part in given.split(",")]
    if not all(number.isascii() and number.isdigit() and len(number) < 10 for number in numbers):
        raise Misconfigured("CARELOOM_SIEM_LOGS must be all, or numbers of logs such as 0,3.")
    return frozenset(Tenant(int(number)) for number in numbers)


def _places(environ: Mapping[str, str], siem: Target | None) -> tuple[str, ...]:
    given = environ.get("CARELOOM_CHECKPOINTS") or FILE
    places = tuple(dict.fromkeys(part.strip().rstrip("/") for part in given.split(",")))
    for place in places:
        bucket = place.startswith(S3) and place.removeprefix(S3).partition("/")[0]
        if place not in (FILE, SYSLOG) and not bucket:
            raise Misconfigured(
                "CARELOOM_CHECKPOINTS must name places such as file,syslog,s3://bucket/prefix."
            )
    if SYSLOG in places and siem is None:
        raise Misconfigured("CARELOOM_CHECKPOINTS=syslog needs CARELOOM_SIEM_URL.")
    # The files are always there: the other places catch up from them.
    return tuple(place for place in places if place != FILE)


def _keep(environ: Mapping[str, str]) -> Period:
    given = environ.get("CARELOOM_AUDIT_KEEP")
    period = periods.parse(given) if given else SIX_YEARS
    if period is None:
        raise Misconfigured("CARELOOM_AUDIT_KEEP must be a period such as 6y, 18m or 90d.")
    return period


def _pace(environ: Mapping[str, str]) -> Pace:
    usual = Pace()
    events = _number(environ, "CARELOOM_CHECKPOINT_EVERY_EVENTS", usual.events, (1, 1_000_000_000))
    seconds = usual.micros // SECOND
    seconds = _number(environ, "CARELOOM_CHECKPOINT_EVERY_SECONDS", seconds, (1, 86_400))
    return Pace(events, seconds * SECOND)


def _number(environ: Mapping[str, str], name: str, usual: int, bounds: tuple[int, int]) -> int:
    text = environ.get(name) or str(usual)
    low, high = bounds
    if not (text.isascii() and text.isdigit() and low <= int(text) <= high):
        raise Misconfigured(f"{name} must be a whole number from {low} to {high}.")
    return int(text)
