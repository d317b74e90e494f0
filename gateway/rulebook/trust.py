"""Whose signature counts: a file of public keys in the data directory, one publisher a line.

A line is a verifier key of a signed note, ``name+hash+key``, as ``careloom knowledge sign`` prints it. A line
that cannot be read refuses the file: a publisher who is dropped without a word looks like one who never was.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gateway.custody import note
from gateway.rulebook.refused import Refused

FILE = "knowledge-trust"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,99}")
_ED25519 = 1


@dataclass(frozen=True, slots=True)
class Publisher:
    """Somebody whose packs are taken."""

    name: str
    key: Ed25519PublicKey

    @property
    def line(self) -> str:
        return note.verifier_key(self.name, self.key)


def is_name(text: str) -> bool:
    """Whether a publisher can be called so."""
    return _NAME.fullmatch(text) is not None


def parse(line: str) -> Publisher:
    """The publisher behind a verifier key; raises ``Refused``."""
    name, _, rest = line.strip().partition("+")
    hashed, _, encoded = rest.partition("+")
    try:
        raw = base64.b64decode(encoded, validate=True)
        key = Ed25519PublicKey.from_public_bytes(raw[1:])
    except (binascii.Error, ValueError):
        raw, key = b"", None
    if key is None or raw[0] != _ED25519 or not is_name(name) or note.key_id(name, key).hex() != hashed:
        raise Refused("This is no publisher's key: it reads NAME+HASH+KEY, as `knowledge sign` prints it.")
    return Publisher(name, key)


def publishers(folder: Path) -> list[Publisher]:
    """Who is trusted, by name; nobody where there is no file."""
    path = folder / FILE
    try:
        lines = path.read_text("ascii").splitlines()
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError):
        raise Refused(f"{FILE} in the data directory cannot be read.") from None
    return sorted((parse(line) for line in lines if line.strip()), key=lambda one: one.name)


def keep(folder: Path, trusted: Sequence[Publisher]) -> None:
    """Write the file anew: there whole or not at all."""
    beside = folder / f"{FILE}.new"
    try:
        beside.write_text("".join(f"{one.line}\n" for one in trusted), "ascii")
        beside.replace(folder / FILE)
    except OSError as error:
        raise Refused(f"{FILE} cannot be written: {error.strerror}.") from None
