"""RFC 9162 Merkle trees, pure: the arithmetic by which a log proves that it only ever grew.

A log's head keeps its *frontier*: the roots of the complete subtrees that its leaves fall into, largest
first. It is enough to append to and to take the root from, so appending never reads older events. Proofs
need the leaves; what checks a proof needs nothing but the proof.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import sha256

HASH_BYTES = 32
EMPTY_ROOT = sha256(b"").digest()

Frontier = tuple[bytes, ...]


def leaf_hash(data: bytes) -> bytes:
    """The hash of a leaf: the prefix keeps a leaf from passing for a node."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node."""
    return sha256(b"\x01" + left + right).digest()


def grow(frontier: Frontier, size: int, leaves: Iterable[bytes]) -> tuple[Frontier, int]:
    """The frontier and size after some leaf hashes more."""
    roots = list(frontier)
    for leaf in leaves:
        carried, level = leaf, size
        while level & 1:
            carried = node_hash(roots.pop(), carried)
            level >>= 1
        roots.append(carried)
        size += 1
    return tuple(roots), size


def root(frontier: Frontier) -> bytes:
    """The root of the whole tree that a frontier stands for."""
    if not frontier:
        return EMPTY_ROOT
    *rest, folded = frontier
    for subtree in reversed(rest):
        folded = node_hash(subtree, folded)
    return folded


def pack(frontier: Frontier) -> bytes:
    """A frontier as it is stored."""
    return b"".join(frontier)


def unpack(stored: bytes, size: int) -> Frontier | None:
    """A stored frontier, or None when it is not one of a tree of this size."""
    if len(stored) != size.bit_count() * HASH_BYTES:
        return None
    return tuple(stored[at : at + HASH_BYTES] for at in range(0, len(stored), HASH_BYTES))


def tree_root(leaves: Sequence[bytes]) -> bytes:
    """The root over all leaf hashes."""
    return root(grow((), 0, leaves)[0])


def subtrees(size: int) -> list[tuple[int, int]]:
    """Where the complete subtrees of a frontier begin and end, in its order."""
    spans, start = [], 0
    for level in reversed(range(size.bit_length())):
        if size >> level & 1:
            spans.append((start, start + (1 << level)))
            start += 1 << level
    return spans


def _split(size: int) -> int:
    """The largest power of two below a size (RFC 9162, 2.1.1)."""
    return 1 << (size - 1).bit_length() - 1


def inclusion(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """The audit path of one leaf (RFC 9162, 2.1.3.1)."""
    if not 0 <= index < len(leaves):
        raise IndexError("no such leaf")
    path: list[bytes] = []
    low, high = 0, len(leaves)
    while high - low > 1:
        middle = low + _split(high - low)
        if index < middle:
            path.append(tree_root(leaves[middle:high]))
            high = middle
        else:
            path.append(tree_root(leaves[low:middle]))
            low = middle
    return path[::-1]


def consistency(leaves: Sequence[bytes], first: int) -> list[bytes]:
    """The proof that the tree of the first ``first`` leaves is a prefix of this one (RFC 9162, 2.1.4.1)."""
    if not 0 < first <= len(leaves):
        raise IndexError("no such tree")
    proof: list[bytes] = []
    low, high, whole = 0, len(leaves), True
    while first < high:
        middle = low + _split(high - low)
        if first <= middle:
            proof.append(tree_root(leaves[middle:high]))
            high = middle
        else:
            proof.append(tree_root(leaves[low:middle]))
            low, whole = middle, False
    if not whole:
        proof.append(tree_root(leaves[low:high]))
    return proof[::-1]


def included(leaf: bytes, index: int, size: int, proof: Sequence[bytes], expected: bytes) -> bool:
    """Whether a proof shows that a leaf stands at an index of a tree (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    place, last, folded = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if place & 1 or place == last:
            folded = node_hash(sibling, folded)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            folded = node_hash(folded, sibling)
        place, last = place >> 1, last >> 1
    return last == 0 and folded == expected


def consistent(first: tuple[int, bytes], second: tuple[int, bytes], proof: Sequence[bytes]) -> bool:
    """Whether a proof shows that one (size, root) is a prefix of another (RFC 9162, 2.1.4.2)."""
    (size, old), (full, new) = first, second
    if not 0 < size <= full:
        return False
    if size == full:
        return not proof and old == new
    path = [old, *proof] if size & (size - 1) == 0 else list(proof)
    if not path:
        return False
    place, last = size - 1, full - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    was = now = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            was, now = node_hash(sibling, was), node_hash(sibling, now)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            now = node_hash(now, sibling)
        place, last = place >> 1, last >> 1
    return last == 0 and was == old and now == new
