"""Audit paths from remembered blocks are those of the whole tree."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest

from gateway.console.proving import BLOCK, Blocks
from gateway.custody import merkle

SIZES = (1, 2, 3, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK, 5 * BLOCK + 77)


@pytest.fixture(scope="module")
def leaves() -> list[bytes]:
    return [sha256(str(n).encode()).digest() for n in range(max(SIZES))]


@pytest.mark.parametrize("size", SIZES)
def test_every_path_leads_to_the_root(tmp_path: Path, leaves: list[bytes], size: int):
    file = tmp_path / "1.leaves"
    file.write_bytes(b"".join(leaves))
    blocks, root = Blocks(file), merkle.tree_root(leaves[:size])
    for seq in {0, size // 2, size - 1, min(BLOCK, size - 1)}:
        path = blocks.path(seq, size)
        assert merkle.included(leaves[seq], seq, size, path, root)
        assert path == merkle.inclusion(leaves[:size], seq)


def test_a_log_that_grows_goes_on_from_what_is_known(tmp_path: Path, leaves: list[bytes]):
    file = tmp_path / "1.leaves"
    file.write_bytes(b"".join(leaves[: 2 * BLOCK]))
    blocks = Blocks(file)
    blocks.path(5, 2 * BLOCK)
    file.write_bytes(b"".join(leaves))
    size = 5 * BLOCK + 77
    assert merkle.included(leaves[5], 5, size, blocks.path(5, size), merkle.tree_root(leaves[:size]))
