"""Audit paths of many leaves of one tree (RFC 9162, 2.1.3), each in the time of its length.

The roots of all complete subtrees are worked out once and kept as one block of bytes per level; the few that
are not complete, along the right edge, are remembered as they are asked for.
"""

from __future__ import annotations

from gateway.custody import merkle
from gateway.custody.merkle import HASH_BYTES


class Paths:
    """The tree over ``leaves``: the leaf hashes, one behind the other."""

    def __init__(self, leaves: bytes) -> None:
        self.size = len(leaves) // HASH_BYTES
        self._levels = [leaves]
        while len(self._levels[-1]) >= 2 * HASH_BYTES:
            self._levels.append(_above(self._levels[-1]))
        self._edges: dict[tuple[int, int], bytes] = {}

    @property
    def root(self) -> bytes:
        """The root of the whole tree."""
        return self._root(0, self.size) if self.size else merkle.EMPTY_ROOT

    def path(self, index: int) -> list[bytes]:
        """The audit path of one leaf; raises ``IndexError`` where there is none of this index."""
        if not 0 <= index < self.size:
            raise IndexError("no such leaf")
        found: list[bytes] = []
        low, high = 0, self.size
        while high - low > 1:
            middle = low + (1 << (high - low - 1).bit_length() - 1)
            if index < middle:
                found.append(self._root(middle, high))
                high = middle
            else:
                found.append(self._root(low, middle))
                low = middle
        return found[::-1]

    def _root(self, low: int, high: int) -> bytes:
        level = (high - low).bit_length() - 1
        if high - low == 1 << level:
            at = (low >> level) * HASH_BYTES
            return self._levels[level][at : at + HASH_BYTES]
        if (low, high) not in self._edges:
            subtrees = (self._root(low + first, low + end) for first, end in merkle.subtrees(high - low))
            self._edges[low, high] = merkle.root(tuple(subtrees))
        return self._edges[low, high]


def _above(level: bytes) -> bytes:
    """The next level: the roots of all pairs; what is left over belongs to no complete subtree."""
    pairs = range(0, len(level) - 2 * HASH_BYTES + 1, 2 * HASH_BYTES)
    return b"".join(
        merkle.node_hash(level[at : at + HASH_BYTES], level[at + HASH_BYTES : at + 2 * HASH_BYTES])
        for at in pairs
    )
