"""JSON Patch: the examples of RFC 6902 and 6901, its errors, and numbers that stay as they were written."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappers import lossless
from mappers.r4.json_patch import applied
from mappers.r4.patching import CannotPatch, copied, equal


def op(deed: str, path: str, **more: Any) -> dict[str, Any]:
    return {"op": deed, "path": path, **{name.rstrip("_"): value for name, value in more.items()}}


# RFC 6902, appendix A, by its numbers.
DONE = {
    "A.1": ({"foo": "bar"}, [op("add", "/baz", value="qux")], {"baz": "qux", "foo": "bar"}),
    "A.2": ({"foo": ["bar", "baz"]}, [op("add", "/foo/1", value="qux")], {"foo": ["bar", "qux", "baz"]}),
    "A.3": ({"baz": "qux", "foo": "bar"}, [op("remove", "/baz")], {"foo": "bar"}),
    "A.4": ({"foo": ["bar", "qux", "baz"]}, [op("remove", "/foo/1")], {"foo": ["bar", "baz"]}),
    "A.5": (
        {"baz": "qux", "foo": "bar"},
        [op("replace", "/baz", value="boo")],
        {"baz": "boo", "foo": "bar"},
    ),
    "A.6": (
        {"foo": {"bar": "baz", "waldo": "fred"}, "qux": {"corge": "grault"}},
        [op("move", "/qux/thud", from_="/foo/waldo")],
        {"foo": {"bar": "baz"}, "qux": {"corge": "grault", "thud": "fred"}},
    ),
    "A.7": (
        {"foo": ["all", "grass", "cows", "eat"]},
        [op("move", "/foo/3", from_="/foo/1")],
        {"foo": ["all", "cows", "eat", "grass"]},
    ),
    "A.8": (
        {"baz": "qux", "foo": ["a", 2, "c"]},
        [op("test", "/baz", value="qux"), op("test", "/foo/1", value=2)],
        {"baz": "qux", "foo": ["a", 2, "c"]},
    ),
    "A.10": (
        {"foo": "bar"},
        [op("add", "/child", value={"grandchild": {}})],
        {"foo": "bar", "child": {"grandchild": {}}},
    ),
    "A.11": ({"foo": "bar"}, [op("add", "/baz", value="qux", xyz=123)], {"foo": "bar", "baz": "qux"}),
    "A.14": ({"/": 9, "~1": 10}, [op("test", "/~01", value=10)], {"/": 9, "~1": 10}),
    "A.16": ({"foo": ["bar"]}, [op("add", "/foo/-", value=["abc", "def"])], {"foo": ["bar", ["abc", "def"]]}),
    "the root replaced": ({"foo": 1}, [op("replace", "", value={"bar": 2})], {"bar": 2}),
    "the root added": ({"foo": 1}, [op("add", "", value=[1])], [1]),
    "the root tested": ({"foo": 1}, [op("test", "", value={"foo": 1})], {"foo": 1}),
    "copied": ({"a": [1], "b": 2}, [op("copy", "/c", from_="/a")], {"a": [1], "b": 2, "c": [1]}),
    "a copy is its own": (
        {"a": [1]},
        [op("copy", "/c", from_="/a"), op("add", "/c/-", value=2)],
        {"a": [1], "c": [1, 2]},
    ),
    "an empty key": ({"": 1, "a": 2}, [op("remove", "/")], {"a": 2}),
    "a slash in a key": ({"a/b": 1}, [op("replace", "/a~1b", value=2)], {"a/b": 2}),
    "a digit is a key too": ({"0": 1}, [op("replace", "/0", value=2)], {"0": 2}),
    "moved to itself": ({"a": 1}, [op("move", "/a", from_="/a")], {"a": 1}),
    "null is a value": ({"a": None}, [op("test", "/a", value=None)], {"a": None}),
    "nothing": ({"a": 1}, [], {"a": 1}),
}


@pytest.mark.parametrize("name", DONE)
def test_what_the_standard_shows_is_done(name: str):
    before, patch, after = DONE[name]
    kept = copied(before)
    assert applied(before, patch) == after
    assert before == kept, "what was given stays as it was"


DOCUMENT = {"foo": {"bar": [1, "x"]}, "baz": "qux"}
UNMET = {
    "A.9": op("test", "/baz", value="bar"),
    "A.12": op("add", "/lost/bat", value="qux"),
    "A.15": op("test", "/foo/bar/0", value="1"),
    "a key that is not there": op("remove", "/lost"),
    "replaced where nothing is": op("replace", "/lost", value=1),
    "an index beyond the end": op("add", "/foo/bar/3", value=1),
    "an index of nothing": op("remove", "/foo/bar/2"),
    "a leading zero": op("remove", "/foo/bar/00"),
    "the end has no value": op("remove", "/foo/bar/-"),
    "a minus": op("remove", "/foo/bar/-1"),
    "into a text": op("add", "/baz/0", value=1),
    "moved from nowhere": op("move", "/a", from_="/lost"),
    "copied from nowhere": op("copy", "/a", from_="/lost"),
    "true is not 1": op("test", "/foo/bar/0", value=True),
}
UNSOUND = {
    "no pointer": op("remove", "foo"),
    "an escape that is none": op("remove", "/foo~2"),
    "no such deed": op("merge", "/foo"),
    "a deed that is no text": {"op": ["add"], "path": "/a"},
    "no deed": {"path": "/foo"},
    "no path": {"op": "remove"},
    "no value": op("add", "/a"),
    "no value to test": op("test", "/foo"),
    "no source": op("move", "/a"),
    "into itself": op("move", "/foo/bar/0", from_="/foo"),
    "the whole removed": op("remove", ""),
    "no operation": "remove",
}


@pytest.mark.parametrize("name", UNMET)
def test_what_the_resource_is_not_fails(name: str):
    with pytest.raises(CannotPatch) as caught:
        applied(DOCUMENT, [op("test", "/baz", value="qux"), UNMET[name]])
    assert (caught.value.operation, caught.value.unmet) == (1, True)


@pytest.mark.parametrize("name", UNSOUND)
def test_what_is_no_patch_is_refused(name: str):
    with pytest.raises(CannotPatch) as caught:
        applied(DOCUMENT, [UNSOUND[name]])
    assert (caught.value.operation, caught.value.unmet) == (0, False)


@pytest.mark.parametrize("patch", [{}, {"op": "remove", "path": "/a"}, "x", None, 1])
def test_a_patch_is_an_array(patch: Any):
    with pytest.raises(CannotPatch) as caught:
        applied({}, patch)
    assert (caught.value.operation, caught.value.unmet) == (None, False)


def test_all_is_done_or_nothing():
    document = {"a": [1]}
    with pytest.raises(CannotPatch):
        applied(document, [op("add", "/a/-", value=2), op("remove", "/lost")])
    assert document == {"a": [1]}


def test_a_refusal_says_nothing_of_what_stands_there():
    with pytest.raises(CannotPatch) as caught:
        applied({"name": "Hopkins"}, [op("test", "/name", value="Sommer")])
    assert not {"Hopkins", "Sommer", "/name"} & set(caught.value.text.split())


# --- numbers ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("there", "asked", "alike"),
    [
        ("1.10", "1.1", True),
        ("1e2", "100", True),
        ("-0", "0", True),
        ("1.10", "1.11", False),
        ("1.0", '"1.0"', False),
        ("12345678901234567890.1", "12345678901234567890.2", False),
    ],
)
def test_numbers_are_compared_by_what_they_are(there: str, asked: str, alike: bool):
    one, other = (lossless.loads(text.encode()) for text in (there, asked))
    assert equal(one, other) is alike
    assert equal({"a": [one]}, {"a": [other]}) is alike


def test_law_1_numbers_go_through_a_patch_as_they_were_written():
    document = lossless.loads(b'{"value":1.10,"other":0.000000100}')
    patch = lossless.loads(
        b'[{"op":"add","path":"/third","value":2.50e-7},{"op":"copy","from":"/value","path":"/b"}]'
    )
    after = lossless.dumps(applied(document, patch))
    assert after == b'{"value":1.10,"other":0.000000100,"third":2.50e-7,"b":1.10}'


# --- laws ------------------------------------------------------------------------------------------------

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)
documents = st.dictionaries(st.text(max_size=3), values, min_size=1, max_size=4)


def pointers(value: Any, path: str = "") -> list[str]:
    children: list[tuple[str, Any]] = []
    if isinstance(value, dict):
        children = [(k.replace("~", "~0").replace("/", "~1"), v) for k, v in value.items()]
    elif isinstance(value, list):
        children = [(str(n), v) for n, v in enumerate(value)]
    return [path, *[found for key, inner in children for found in pointers(inner, f"{path}/{key}")]]


@given(documents, st.data(), values)
def test_what_was_added_is_there_and_goes_again(document: dict[str, Any], data: st.DataObject, value: Any):
    inner = [p for p in pointers(document) if p]
    path = data.draw(st.sampled_from(inner))
    same = [op("copy", "/new~0key", from_=path), op("remove", "/new~0key")]
    assert equal(applied(document, same), document)
    replaced = applied(document, [op("replace", path, value=value), op("test", path, value=value)])
    holder = path.rpartition("/")[0]
    assert set(pointers(document)) - set(pointers(replaced)) <= {p for p in pointers(document) if p > holder}


@given(documents, st.data())
def test_a_value_moved_away_and_back_changes_nothing(document: dict[str, Any], data: st.DataObject):
    path = data.draw(st.sampled_from([p for p in pointers(document) if p]))
    patch = [op("move", "/new~0key", from_=path), op("move", path, from_="/new~0key")]
    assert equal(applied(document, patch), document)


@given(documents, st.lists(st.one_of(values, st.fixed_dictionaries({"op": st.text(), "path": st.text()}))))
def test_nothing_that_is_sent_breaks_it(document: dict[str, Any], patch: list[Any]):
    with suppress(CannotPatch):
        applied(document, patch)
