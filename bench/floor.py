"""The least that any store of sealed resources has to do, so that a figure has something to stand next to.

Parse, name by HMAC, compress, seal, insert: no validation, no split, no index, no trail, no HTTP. What ingest
costs above this is what Careloom's promises cost.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import sqlite3
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import zstandard
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bench.figures import Floor

NONCE_BYTES = 12


def floor(bundles: Sequence[bytes], folder: Path) -> Floor:
    """Store the resources of all bundles, one transaction per bundle, and say how fast that was."""
    database = _database(folder / "floor.db")
    seal, name = AESGCM(AESGCM.generate_key(256)), os.urandom(32)
    compressor = zstandard.ZstdCompressor(level=3)
    decoder = msgspec.json.Decoder(float_hook=msgspec.Raw)
    resources = 0
    began, began_cpu = time.perf_counter(), time.process_time()
    for raw in bundles:
        rows = list(_rows(decoder.decode(raw), seal, name, compressor))
        with database:
            database.executemany("INSERT INTO resource (id, sealed) VALUES (?, ?)", rows)
        resources += len(rows)
    elapsed, cpu = time.perf_counter() - began, time.process_time() - began_cpu
    database.close()
    return Floor(resources, elapsed, cpu, (folder / "floor.db").stat().st_size)


def _database(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=FULL")
    database.execute(
        "CREATE TABLE resource (number INTEGER PRIMARY KEY, id BLOB NOT NULL, sealed BLOB NOT NULL)"
    )
    return database


def _rows(
    bundle: dict[str, Any], seal: AESGCM, name: bytes, compressor: zstandard.ZstdCompressor
) -> Iterator[tuple[bytes, bytes]]:
    for entry in bundle["entry"]:
        resource = entry["resource"]
        key = f"{resource['resourceType']}\0{entry.get('fullUrl', '')}".encode()
        nonce = os.urandom(NONCE_BYTES)
        packed = compressor.compress(msgspec.json.encode(resource))
        yield hmac.digest(name, key, hashlib.sha256)[:16], nonce + seal.encrypt(nonce, packed, key)
