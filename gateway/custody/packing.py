"""Compression of what is sealed, with dictionaries that are shipped: FHIR says the same words every time.

A half by itself is too short to compress well; with a dictionary that knows the words it takes a fraction of
the room, and less time. The dictionaries were trained on synthetic patients only, by
``scripts/train_dictionary.py``; they are part of the release and secret to nobody. The envelope names a code,
and the dictionary of a code never changes: a better one gets a code and a file of its own, and the old ones
go on opening.

Each half is compressed alone, after the split, and sealed by itself. So the length of a sealed half tells of
that half only, and nobody's text is ever compressed beside somebody else's secret.
"""

from __future__ import annotations

import threading
from functools import cache
from hashlib import sha256
from pathlib import Path

import zstandard

from gateway.custody.errors import Misconfigured, Tampered

PLAIN, ZSTD = 0, 1
DICTIONARIES = {
    2: ("clinical-1.zdict", "ef5f4963a07a4ac17d4b8f0dc455489c342d238f8efaaa5612ae503ea988e353"),
    3: ("withheld-1.zdict", "3dc87075d3488cc84b82b7e149e267b2c95f0616c73828173195e7476cc4ee71"),
}
"""By code of the envelope: file and SHA-256. Lines are added here and never changed or taken out."""
NEWEST = {"clinical": 2, "withheld": 3}
"""The code that a column is written with; what has none here has no dictionary."""

MAX_PLAIN_BYTES = 64 * 1024 * 1024
FOLDER = Path(__file__).parent / "dictionaries"
LEVEL = 1
"""Level 3 was measured to be a quarter slower and to save two in a hundred."""
# Below this a frame is larger than what it holds.
_WORTH_IT = 64

Packed = tuple[int, bytes]


def pack(column: str, plaintext: bytes) -> Packed:
    """The code and the bytes to seal; ``ValueError`` beyond ``MAX_PLAIN_BYTES``."""
    if len(plaintext) > MAX_PLAIN_BYTES:
        raise ValueError("too large to be sealed")
    if len(plaintext) >= _WORTH_IT:
        code = NEWEST.get(column, ZSTD)
        packed = _here.compressor(code).compress(plaintext)
        if len(packed) < len(plaintext):
            return code, packed
    return PLAIN, plaintext


def unpack(code: int, body: bytes) -> bytes:
    """What was packed; raises ``Tampered`` for anything else. The frame's own size is the bound on memory."""
    if code == PLAIN:
        return body
    try:
        if not 0 <= zstandard.frame_content_size(body) <= MAX_PLAIN_BYTES:
            raise Tampered
        return _here.decompressor(code).decompress(body)
    except zstandard.ZstdError:
        raise Tampered from None


def known(code: int) -> bool:
    """Whether this release has what the code stands for."""
    return code in (PLAIN, ZSTD) or code in DICTIONARIES


def check() -> None:
    """Read every dictionary; raises ``Misconfigured`` where one is not the one that was shipped."""
    for code in DICTIONARIES:
        dictionary(code)


@cache
def dictionary(code: int) -> zstandard.ZstdCompressionDict | None:
    """The dictionary of a code, read and digested once per process; None for the code without one."""
    if code not in DICTIONARIES:
        return None
    name, digest = DICTIONARIES[code]
    raw = _read(FOLDER / name)
    # Frames bear no checksum of their own: another dictionary would not fail, it would give other words.
    if sha256(raw).hexdigest() != digest:
        raise Misconfigured(f"{name} of this installation is missing or damaged: install Careloom again.")
    made = zstandard.ZstdCompressionDict(raw)
    made.precompute_compress(level=LEVEL)
    return made


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


class _Here(threading.local):
    """Neither side of zstandard may be used by two threads at once."""

    def __init__(self) -> None:
        self._compressors: dict[int, zstandard.ZstdCompressor] = {}
        self._decompressors: dict[int, zstandard.ZstdDecompressor] = {}

    def compressor(self, code: int) -> zstandard.ZstdCompressor:
        made = self._compressors.get(code)
        if made is None:
            # The envelope says which dictionary; four more bytes in each frame need not.
            made = zstandard.ZstdCompressor(level=LEVEL, dict_data=dictionary(code), write_dict_id=False)
            self._compressors[code] = made
        return made

    def decompressor(self, code: int) -> zstandard.ZstdDecompressor:
        made = self._decompressors.get(code)
        if made is None:
            made = self._decompressors[code] = zstandard.ZstdDecompressor(dict_data=dictionary(code))
        return made


_here = _Here()
