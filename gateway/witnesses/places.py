"""The places that checkpoints are brought to, as the settings name them: one port, two forms."""

from __future__ import annotations

import json
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from gateway.copies import S3, SYSLOG, Copies
from gateway.custody.errors import Misconfigured
from gateway.stored import Clock
from gateway.syslog.line import Line, Target
from gateway.syslog.message import NOTICE, Message, framed
from gateway.witnesses import s3
from gateway.witnesses.notes import Kept

KIND = "tlog-checkpoint"


class Place(Protocol):
    """Where notes are kept for good. What is put twice is there once, or can be told as the same."""

    def put(self, notes: Sequence[Kept]) -> None:
        """Bring notes there, in their order; returns when the place has them all, else raises ``Away``."""


@dataclass(frozen=True, slots=True)
class Syslog:
    """A syslog receiver: the SIEM that is given the events has the tree heads beside them."""

    target: Target
    context: ssl.SSLContext
    host: str

    def put(self, notes: Sequence[Kept]) -> None:
        line = Line(self.target, self.context)
        try:
            line.send(b"".join(framed(self._message(kept).encoded(self.host)) for kept in notes))
            line.end()
        finally:
            line.drop()

    def _message(self, kept: Kept) -> Message:
        at = kept.checkpoint
        data = {"log": str(kept.log), "size": str(at.size), "origin": at.origin}
        body = {"origin": at.origin, "size": at.size, "root": at.root.hex(), "note": kept.text}
        return Message(NOTICE, at.time, KIND, data, json.dumps(body, separators=(",", ":")))


def made(copies: Copies, host: str, clock: Clock) -> dict[str, Place]:
    """Every place of the settings; raises ``Misconfigured`` for one that can never serve. Nothing is asked
    of anybody yet."""
    return {name: _place(copies, name, host, clock) for name in copies.places}


def _place(copies: Copies, name: str, host: str, clock: Clock) -> Place:
    if name == SYSLOG:
        if copies.siem is None:
            raise Misconfigured("CARELOOM_CHECKPOINTS=syslog needs CARELOOM_SIEM_URL.")
        return Syslog(copies.siem, copies.siem.context(), host)
    bucket, _, prefix = name.removeprefix(S3).partition("/")
    return s3.Bucket(s3.connect(copies.s3_endpoint), bucket, prefix, lambda: copies.keep.after(clock()))


def check(copies: Copies, clock: Clock) -> None:
    """Say at start what is wrong with the SIEM's files or a bucket; what is away may come back."""
    if copies.siem is not None:
        copies.siem.context()
    for place in made(copies, "-", clock).values():
        if isinstance(place, s3.Bucket):
            place.check()
