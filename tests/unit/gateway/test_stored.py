"""What readers are sent: the body as it is, with the version and the time that the server gives it."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from gateway.instants import instant
from gateway.stored import Stored, document
from mappers import lossless

NAMES = st.sampled_from(["language", "text", "extension", "status", "code", "active"])
BODIES = st.fixed_dictionaries(
    {"resourceType": st.just("Basic"), "id": st.just("b1")},
    optional={"meta": st.dictionaries(st.sampled_from(["source", "tag", "versionId"]), st.text())},
).flatmap(lambda body: st.dictionaries(NAMES, st.text()).map(lambda more: {**body, **more}))


def stored(body: dict[str, Any] | None, version: int = 3) -> Stored:
    return Stored("Basic", "b1", version, 1_000_000, body)


@given(BODIES, st.integers(1, 10**6))
def test_law_1_a_document_is_the_body_and_what_the_server_says_of_it(body: dict[str, Any], version: int):
    before = copy.deepcopy(body)
    made = document(stored(body, version))
    told = {"versionId": str(version), "lastUpdated": instant(1_000_000)}
    assert lossless.same(made, {**body, "meta": {**body.get("meta", {}), **told}})
    assert lossless.same(body, before), "the body is left alone"


def test_a_reader_finds_type_id_and_meta_first():
    made = document(stored({"status": "draft", "id": "b1", "resourceType": "Basic"}))
    assert list(made) == ["resourceType", "id", "meta", "status"]


def test_a_version_without_a_body_says_no_more_than_its_meta():
    assert list(document(stored(None))) == ["meta"]
