"""The envelope that every half lies in: compressed, sealed, and bound to its place.

What: AES-256-GCM under a subkey that is used once, with a commitment to that subkey. The subkey, the
commitment and the nonce come from the data key and a fresh salt by HKDF-Expand (SHA-512, one block). Where
the data key comes from is ``keyring``'s affair. The associated data name tenant, patient, type, id, version
and column, and repeat the header: a cell that was moved or flipped does not open. What an attacker gains by
holding sealed cells: their lengths. ``docs/crypto.md`` has every byte.

Opening, step by step; each step fails closed as ``Tampered``:
1. The header has a version and a compression that we know.
2. The key has the generation that the header names.
3. The commitment is the one that this key and salt give.
4. The cipher text authenticates, with its header and its place.
5. What comes out decompresses, to no more than ``packing.MAX_PLAIN_BYTES``.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from struct import Struct
from typing import ClassVar

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA512
from cryptography.hazmat.primitives.hmac import HMAC

from gateway.custody.errors import Tampered
from gateway.custody.ids import StoredId, Tenant
from gateway.custody.packing import known, pack, unpack

ENVELOPE_VERSION = 1
SALT_BYTES = 16

_HEADER = Struct(">BBI16s16s")
_PLACE = Struct(">q16s16sIB")
_LABEL = b"careloom/1/cell"
_KEY_END, _COMMITMENT_END, _NONCE_END = 32, 48, 60


@dataclass(frozen=True, slots=True, repr=False)
class DataKey:
    """The secrets of one subject by generation; new cells are sealed under the current one."""

    side: ClassVar[bytes]
    current: int
    secrets: Mapping[int, bytes]
    _begun: dict[int, HMAC] = field(default_factory=dict, init=False, compare=False)

    def begun(self, generation: int) -> HMAC:
        """HMAC-SHA-512 under this secret, to be copied: the key is set up once and not for each cell."""
        begun = self._begun.get(generation)
        if begun is None:
            begun = self._begun[generation] = HMAC(self.secrets[generation], SHA512())
        return begun


class Place(msgspec.Struct, frozen=True):
    """Where a sealed cell belongs: ``patient`` is the compartment, ``column`` says which cell of the row."""

    tenant: Tenant
    patient: StoredId
    type: str
    id: StoredId
    version: int
    column: str


def seal(key: DataKey, place: Place, plaintext: bytes, salt: bytes) -> bytes:
    """The envelope of this plaintext for this place. ``salt`` is 16 fresh random bytes, never used again."""
    if len(salt) != SALT_BYTES:
        raise ValueError("a salt has 16 bytes")
    compression, body = pack(place.column, plaintext)
    subkey, commitment, nonce = _subkey(key, key.current, salt)
    header = _HEADER.pack(ENVELOPE_VERSION, compression, key.current, salt, commitment)
    return header + AESGCM(subkey).encrypt(nonce, body, header + _bytes(place))


def unseal(key: DataKey, place: Place, sealed: bytes) -> bytes:
    """What was sealed for this place; raises ``Tampered`` for anything else."""
    header = sealed[: _HEADER.size]
    generation, salt, claimed, compression = _read_header(header)  # 1
    if generation not in key.secrets:  # 2
        raise Tampered
    subkey, commitment, nonce = _subkey(key, generation, salt)  # 3
    if not hmac.compare_digest(commitment, claimed):
        raise Tampered
    try:  # 4
        body = AESGCM(subkey).decrypt(nonce, sealed[_HEADER.size :], header + _bytes(place))
    except (InvalidTag, ValueError):
        raise Tampered from None
    return unpack(compression, body)  # 5


def generation_of(sealed: bytes) -> int:
    """Which generation of its data key an envelope names."""
    return _read_header(sealed[: _HEADER.size])[0]


def _read_header(header: bytes) -> tuple[int, bytes, bytes, int]:
    if len(header) != _HEADER.size:
        raise Tampered
    version, compression, generation, salt, commitment = _HEADER.unpack(header)
    if version != ENVELOPE_VERSION or not known(compression):
        raise Tampered
    return generation, salt, commitment, compression


def _subkey(key: DataKey, generation: int, salt: bytes) -> tuple[bytes, bytes, bytes]:
    expand = key.begun(generation).copy()
    expand.update(_LABEL + salt + key.side + b"\x01")
    block = expand.finalize()
    return block[:_KEY_END], block[_KEY_END:_COMMITMENT_END], block[_COMMITMENT_END:_NONCE_END]


def _bytes(place: Place) -> bytes:
    kind = place.type.encode()
    fixed = _PLACE.pack(place.tenant, place.patient, place.id, place.version, len(kind))
    return fixed + kind + place.column.encode()
