"""Signatures of packs: Ed25519 over the digest of every file, as a signed note (C2SP signed-note).

What is signed names the pack, its version and each file with its SHA-256, so no file can be changed, added or
left out. The private key is the publisher's, in a file of theirs that this installation never needs; here lie
public keys only, in the trust file of the data directory. Who can write that file decides whose rules run: it
is the operator's, and each change of it is an event.

1. The note's name is a publisher that the trust file lists.
2. The signature under that publisher's key holds over the note's text.
3. The text, made anew from the files that are there, is the note's text.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from gateway.custody import note
from gateway.rulebook.refused import Refused
from gateway.rulebook.trust import Publisher

FIRST = "careloom knowledge pack"


def text(files: Mapping[str, str]) -> str:
    """What is signed: which pack this is, and what lies in it."""
    library = json.loads(files["Library.json"])
    digests = [f"{sha256(body.encode()).hexdigest()}  {name}" for name, body in sorted(files.items())]
    return "\n".join([FIRST, str(library.get("id")), str(library.get("version")), *digests]) + "\n"


def signed(files: Mapping[str, str], publisher: str, key: Ed25519PrivateKey) -> str:
    """The signature of a pack."""
    return note.signed(text(files), publisher, key)


def publisher_of(files: Mapping[str, str], signature: str, trusted: Sequence[Publisher]) -> str:
    """Who signed this pack; raises ``Refused`` where nobody did whom this installation trusts."""
    for one in trusted:  # 1
        try:
            said = note.vouched(signature, one.name, [one.key])  # 2
        except note.BadNote:
            continue
        if said != text(files):  # 3
            raise Refused(
                f"The pack is not as {one.name} signed it: a file was changed, added or left out. "
                "Get it again from its publisher."
            )
        return one.name
    raise Refused(
        "Nobody whom this installation trusts has signed the pack. `careloom knowledge trust` lists and adds "
        "publishers; --unsigned with a --reason takes it all the same, and the trail keeps who did."
    )


def new_key(path: Path) -> Ed25519PrivateKey:
    """A new private key in a file of its own that only its owner can read."""
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise Refused(f"The key cannot be written: {error.strerror}.") from None
    with os.fdopen(descriptor, "wb") as file:
        file.write(pem)
    return key


def read_key(path: Path) -> Ed25519PrivateKey:
    """A private key from its file."""
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except OSError as error:
        raise Refused(f"The key cannot be read: {error.strerror}.") from None
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise Refused("The key must be an Ed25519 private key in PEM, without a passphrase.") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise Refused("The key must be an Ed25519 private key.")
    return key
