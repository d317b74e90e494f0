"""What is kept outside is read back: a bucket, or a folder with copies of our files or of a bucket."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from gateway.copies import S3, SIX_YEARS
from gateway.custody.checkpoint import Witness
from gateway.custody.errors import CustodyError
from gateway.custody.ids import Tenant
from gateway.custody.signing import Signer
from gateway.syslog.line import Away
from gateway.witnesses import notes, s3

_LARGEST = 1 << 32
"""More than six years of notes of one log; what is larger is something else."""


_NOTE = "note"
_DEEPEST = 8
"""Envelopes within each other; what is deeper is none of a collector's."""


class NoWitness(CustodyError):  # noqa: N818 - it reads as what is the case
    """There is no checkpoint of this installation in that place, so it shows nothing."""


def witnesses(place: str, endpoint: str | None, signer: Signer) -> Mapping[Tenant, Witness]:
    """The checkpoints that lie in a place, by log; raises ``NoWitness`` where there are none."""
    texts = _bucket(place, endpoint) if place.startswith(S3) else _folder(Path(place))
    try:
        found = notes.read(texts, signer)
    except (Away, OSError) as error:
        reason = error if isinstance(error, Away) else type(error).__name__
        raise NoWitness(f"What is kept outside cannot be read ({reason}).") from None
    if not any(one.checkpoints for one in found):
        raise NoWitness
    return {one.log: Witness(one.checkpoints, b"", one.damaged) for one in found}


def _bucket(place: str, endpoint: str | None) -> Iterator[str]:
    bucket, _, prefix = place.removeprefix(S3).rstrip("/").partition("/")
    yield from s3.Bucket(s3.connect(endpoint), bucket, prefix, lambda: SIX_YEARS.after(0)).texts()


def _folder(folder: Path) -> Iterator[str]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix != ".leaves" and path.stat().st_size < _LARGEST:
            text = path.read_text("utf-8", errors="replace")
            yield text
            yield from _collected(text)


def _collected(text: str) -> Iterator[str]:
    """The notes that a SIEM kept, line by line: as RFC 5424 messages, or as JSON with the message in it."""
    for line in text.splitlines():
        if _NOTE in line:
            yield from _within(line)


def _within(value: object, depth: int = 0) -> Iterator[str]:
    """Every note in the JSON of a message, in whatever envelope a collector puts it."""
    if depth > _DEEPEST:
        return
    if isinstance(value, str) and (at := value.find("{")) >= 0:
        with suppress(ValueError, RecursionError):
            yield from _within(json.JSONDecoder().raw_decode(value, at)[0], depth + 1)
    elif isinstance(value, list):
        for one in value:
            yield from _within(one, depth + 1)
    elif isinstance(value, dict):
        note = value.get(_NOTE)
        if isinstance(note, str):
            yield note.strip("\n") + "\n\n"
        for one in value.values():
            yield from _within(one, depth + 1)
