"""Bodies are unpacked within limits."""

from __future__ import annotations

import gzip
import zlib

import pytest
from werkzeug.datastructures import Headers

from gateway.fhir.body import unpacked
from gateway.refusal import Kind, Refused

LIMIT = 10_000
GZIP = Headers({"Content-Encoding": "gzip"})


def kind(body: bytes, headers: Headers) -> Kind:
    with pytest.raises(Refused) as refusal:
        unpacked(body, headers, LIMIT)
    return refusal.value.kind


@pytest.mark.parametrize("size", [0, 1, 9_999, 10_000])
def test_a_body_within_the_limit_is_kept(size: int):
    assert unpacked(b"x" * size, Headers(), LIMIT) == b"x" * size
    assert unpacked(gzip.compress(b"x" * size), GZIP, LIMIT) == b"x" * size


def test_a_body_above_the_limit_is_413():
    assert kind(b"x" * 10_001, Headers()) is Kind.TOO_LARGE
    assert kind(gzip.compress(b"x" * 10_001), GZIP) is Kind.TOO_LARGE


def test_a_bomb_is_413_and_is_never_unpacked():
    assert kind(gzip.compress(bytes(50_000_000), 9)[:9_000], GZIP) is Kind.TOO_LARGE


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not gzip",
        gzip.compress(b"whole")[:-4],
        gzip.compress(b"one") + gzip.compress(b"two"),
        gzip.compress(b"one") + b"trailing",
        zlib.compress(b"zlib"),
    ],
    ids=["empty", "plain", "cut", "two", "trailing", "zlib"],
)
def test_what_is_not_one_whole_stream_is_400(body: bytes):
    assert kind(body, GZIP) is Kind.MALFORMED


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip", "deflate"])
def test_another_encoding_is_415(encoding: str):
    assert kind(b"x", Headers({"Content-Encoding": encoding})) is Kind.MEDIA_TYPE


@pytest.mark.parametrize("encoding", ["identity", "", " Identity "])
def test_no_encoding_is_no_encoding(encoding: str):
    assert unpacked(b"x", Headers({"Content-Encoding": encoding}), LIMIT) == b"x"
