"""The Merkle tree against a naive reading of RFC 9162."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.custody import merkle

LEAVES = st.lists(st.binary(max_size=4), max_size=70).map(lambda raw: [merkle.leaf_hash(r) for r in raw])


def naive(leaves: list[bytes]) -> bytes:
    """RFC 9162, 2.1.1, word for word."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    return sha256(b"\x01" + naive(leaves[:half]) + naive(leaves[half:])).digest()


def test_the_known_root_of_certificate_transparency() -> None:
    inputs = [
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    ]
    leaves = [merkle.leaf_hash(bytes.fromhex(text)) for text in inputs]
    assert (
        merkle.tree_root(leaves).hex() == "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"
    )


@given(LEAVES, st.integers(0, 70))
def test_growing_in_two_steps_gives_the_naive_root(leaves: list[bytes], cut: int) -> None:
    frontier, size = merkle.grow((), 0, leaves[:cut])
    frontier, size = merkle.grow(frontier, size, leaves[cut:])
    assert size == len(leaves)
    assert merkle.root(frontier) == naive(leaves)
    assert merkle.unpack(merkle.pack(frontier), size) == frontier
    assert [naive(leaves[a:b]) for a, b in merkle.subtrees(size)] == list(frontier)


def test_a_stored_frontier_of_another_size_is_refused() -> None:
    assert merkle.unpack(bytes(32), 3) is None
    assert merkle.unpack(bytes(31), 1) is None


@given(LEAVES.filter(bool), st.data())
def test_an_inclusion_proof_convinces_of_its_leaf_alone(leaves: list[bytes], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(leaves) - 1))
    proof, size, root = merkle.inclusion(leaves, index), len(leaves), naive(leaves)
    assert merkle.included(leaves[index], index, size, proof, root)
    assert not merkle.included(merkle.leaf_hash(b"another"), index, size, proof, root)
    assert not merkle.included(leaves[index], index, size, [*proof, bytes(32)], root)
    assert not merkle.included(leaves[index], size, size, proof, root)
    if proof:
        assert not merkle.included(leaves[index], index, size, proof[:-1], root)


@given(LEAVES.filter(bool), st.data())
def test_a_consistency_proof_convinces_of_a_prefix_alone(leaves: list[bytes], data: st.DataObject) -> None:
    first = data.draw(st.integers(1, len(leaves)))
    proof = merkle.consistency(leaves, first)
    old, new = (first, naive(leaves[:first])), (len(leaves), naive(leaves))
    assert merkle.consistent(old, new, proof)
    assert not merkle.consistent((first, bytes(32)), new, proof)
    assert not merkle.consistent(old, (len(leaves), bytes(32)), proof)
    assert not merkle.consistent(old, new, [*proof, bytes(32)])
    if proof:
        assert not merkle.consistent(old, new, proof[1:])


def test_proofs_of_what_is_not_there_are_refused() -> None:
    with pytest.raises(IndexError):
        merkle.inclusion([], 0)
    with pytest.raises(IndexError):
        merkle.consistency([bytes(32)], 2)
    assert not merkle.consistent((0, b""), (1, b""), [])
    assert not merkle.consistent((3, b"x"), (5, b"y"), [])
