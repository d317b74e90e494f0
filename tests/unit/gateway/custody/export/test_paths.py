"""Audit paths of many leaves are those that RFC 9162 gives for each alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.custody import merkle
from gateway.custody.export.paths import Paths


def leaves(count: int) -> list[bytes]:
    return [merkle.leaf_hash(str(number).encode()) for number in range(count)]


@given(st.integers(1, 70))
def test_every_path_is_the_one_of_the_rfc(count: int):
    tree = leaves(count)
    paths = Paths(b"".join(tree))
    assert paths.root == merkle.tree_root(tree)
    for index in range(count):
        assert paths.path(index) == merkle.inclusion(tree, index)


@given(st.integers(1, 3000), st.data())
def test_every_path_leads_to_the_root(count: int, data: st.DataObject):
    tree = leaves(count)
    paths, index = Paths(b"".join(tree)), data.draw(st.integers(0, count - 1))
    assert merkle.included(tree[index], index, count, paths.path(index), paths.root)


def test_an_empty_tree_has_the_root_of_nothing_and_no_path():
    paths = Paths(b"")
    assert (paths.size, paths.root) == (0, merkle.EMPTY_ROOT)
    with pytest.raises(IndexError):
        paths.path(0)


@pytest.mark.parametrize("index", [-1, 3, 99])
def test_a_leaf_that_is_not_there_has_no_path(index: int):
    with pytest.raises(IndexError):
        Paths(b"".join(leaves(3))).path(index)
