"""Syslog messages as RFC 5424 has them, framed by their length as RFC 5425 asks. Pure.

The body is JSON in ASCII. So it needs no byte order mark, which RFC 5424 asks for before UTF-8 and which
readers of JSON stumble over; and no line feed in it can be taken for the end of a message.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from gateway.instants import second

SECURITY = 10
"""The facility of DICOM PS3.15 A.6: security and authorization messages."""

NOTICE, WARNING, ERROR, CRITICAL = 5, 4, 3, 2
APPLICATION = "careloom"

NUMBER = 32473
"""Structured data of one's own are named under an enterprise number. Careloom has none, so this is the one
that RFC 5612 keeps for those who have none."""

_ABSENT = "-"
_TO_ESCAPE = re.compile(r'(["\\\]])')
_NOT_PRINTABLE = re.compile(r"[^!-~]")
_LONGEST = {"host": 255, "kind": 32}


@dataclass(frozen=True, slots=True)
class Message:
    """What is told. ``time`` in microseconds since 1970; ``body`` in ASCII."""

    severity: int
    time: int
    kind: str
    data: Mapping[str, str]
    body: str

    def encoded(self, host: str) -> bytes:
        """The message as this host sends it."""
        priority = SECURITY * 8 + self.severity
        name, kind = _header(host, "host"), _header(self.kind, "kind")
        head = f"<{priority}>1 {_time(self.time)} {name} {APPLICATION} {_ABSENT} {kind} {_element(self.data)}"
        return f"{head} {self.body}".encode("ascii")


def framed(message: bytes) -> bytes:
    """A message in a stream: its length in octets, a space, and itself (RFC 5425, 4.3)."""
    return b"%d %b" % (len(message), message)


def _time(micros: int) -> str:
    seconds, rest = divmod(micros, 1_000_000)
    return f"{second(seconds)}.{rest:06d}Z"


@lru_cache(64)
def _header(text: str, part: str) -> str:
    return _NOT_PRINTABLE.sub("", text)[: _LONGEST[part]] or _ABSENT


def _element(data: Mapping[str, str]) -> str:
    values = "".join(f' {name}="{_TO_ESCAPE.sub(_escaped, value)}"' for name, value in data.items())
    return f"[{APPLICATION}@{NUMBER}{values}]"


def _escaped(found: re.Match[str]) -> str:
    return f"\\{found[1]}"
