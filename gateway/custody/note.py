"""Signed notes (C2SP signed-note) that hold tree heads (C2SP tlog-checkpoint), pure.

A checkpoint is text that any witness can read: origin, size, root, our frontier as an extension line, an
empty line, and an Ed25519 signature under a key named like the origin. What is parsed has been verified.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from gateway.custody import merkle

_ED25519 = b"\x01"
_ID_BYTES = 4
_FRONTIER = "frontier "


class BadNote(ValueError):  # noqa: N818 - it reads as what it is
    """This is no checkpoint that our key signed."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The state of a log at one moment: what was signed stays true of the log for ever."""

    origin: str
    size: int
    frontier: merkle.Frontier
    time: int
    """When it was signed, in microseconds."""

    @property
    def root(self) -> bytes:
        return merkle.root(self.frontier)


def key_id(name: str, public: Ed25519PublicKey) -> bytes:
    """The four bytes by which a signature line names its key."""
    return sha256(name.encode() + b"\n" + _ED25519 + public.public_bytes_raw()).digest()[:_ID_BYTES]


def verifier_key(name: str, public: Ed25519PublicKey) -> str:
    """The public key as other verifiers of signed notes read it."""
    return f"{name}+{key_id(name, public).hex()}+{_base64(_ED25519 + public.public_bytes_raw())}"


def sign(checkpoint: Checkpoint, key: Ed25519PrivateKey) -> str:
    """The note of a checkpoint."""
    return signed(_text(checkpoint), checkpoint.origin, key)


def signed(text: str, name: str, key: Ed25519PrivateKey) -> str:
    """A text that ends with a newline as a signed note, under a key of this name."""
    signature = key_id(name, key.public_key()) + key.sign(text.encode())
    return f"{text}\n— {name} {_base64(signature)}\n"


def _text(checkpoint: Checkpoint) -> str:
    lines = [checkpoint.origin, str(checkpoint.size), _base64(checkpoint.root), f"time {checkpoint.time}"]
    lines += [_FRONTIER + _base64(subtree) for subtree in checkpoint.frontier]
    return "\n".join(lines) + "\n"


def open_note(note: str, origin: str, trusted: Sequence[Ed25519PublicKey]) -> Checkpoint:
    """The checkpoint in a note: the signature first, then its form, then that root and frontier agree."""
    text, separator, signatures = note.partition("\n\n")
    text += "\n"
    if not separator or not any(_signed(text, signatures, origin, key) for key in trusted):
        raise BadNote
    try:
        checkpoint = _parse(text.splitlines())
    except (ValueError, IndexError, binascii.Error) as why:
        raise BadNote from why
    if checkpoint.origin != origin or _text(checkpoint) != text:
        raise BadNote
    return checkpoint


def vouched(note: str, name: str, trusted: Sequence[Ed25519PublicKey]) -> str:
    """The text of a note that one of these keys signed under this name; raises ``BadNote``."""
    text, separator, signatures = note.partition("\n\n")
    text += "\n"
    if not separator or not any(_signed(text, signatures, name, key) for key in trusted):
        raise BadNote
    return text


def _signed(text: str, signatures: str, origin: str, key: Ed25519PublicKey) -> bool:
    for line in signatures.splitlines():
        dash, _, rest = line.partition(" ")
        name, _, encoded = rest.partition(" ")
        if dash == "—" and name == origin and _signature_holds(text, encoded, origin, key):
            return True
    return False


def _signature_holds(text: str, encoded: str, origin: str, key: Ed25519PublicKey) -> bool:
    try:
        raw = base64.b64decode(encoded, validate=True)
        if raw[:_ID_BYTES] != key_id(origin, key):
            return False
        key.verify(raw[_ID_BYTES:], text.encode())
    except (binascii.Error, InvalidSignature):
        return False
    return True


def _parse(lines: list[str]) -> Checkpoint:
    size = int(lines[1])
    stored = b"".join(base64.b64decode(line.removeprefix(_FRONTIER), validate=True) for line in lines[4:])
    frontier = merkle.unpack(stored, size)
    if frontier is None:
        raise BadNote
    return Checkpoint(lines[0], size, frontier, int(lines[3].removeprefix("time ")))


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
