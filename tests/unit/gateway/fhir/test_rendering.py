"""Replies become bytes without losing anything."""

from __future__ import annotations

import gzip

import msgspec
import pytest
from werkzeug.datastructures import Headers

from gateway.fhir.asked import Reply
from gateway.fhir.rendering import response

NUMBERS = {"a": msgspec.Raw("0.000000100"), "b": [msgspec.Raw("1.10"), 7]}
LARGE = {"text": "x" * 5_000}


def test_numbers_stay_as_they_were_written():
    assert response(Reply(200, NUMBERS), Headers(), False).get_data() == b'{"a":0.000000100,"b":[1.10,7]}'


def test_pretty_changes_nothing_but_the_space():
    pretty = response(Reply(200, NUMBERS), Headers(), True).get_data()
    assert b'"a": 0.000000100,' in pretty
    assert b"".join(pretty.split()) == b'{"a":0.000000100,"b":[1.10,7]}'


def test_finished_bytes_are_sent_as_they_are():
    assert response(Reply(200, b'{ "kept": 1.0 }'), Headers(), False).get_data() == b'{ "kept": 1.0 }'


@pytest.mark.parametrize("accept", ["gzip", "br, gzip;q=0.5", "*"])
def test_whoever_reads_gzip_gets_it(accept: str):
    answer = response(Reply(200, LARGE), Headers({"Accept-Encoding": accept}), False)
    assert answer.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(answer.get_data()) == b'{"text":"%s"}' % (b"x" * 5_000)
    assert int(answer.headers["Content-Length"]) == len(answer.get_data()) < 200


@pytest.mark.parametrize("accept", [None, "", "br", "gzip;q=0", "identity"])
def test_whoever_does_not_gets_it_plain(accept: str | None):
    headers = Headers() if accept is None else Headers({"Accept-Encoding": accept})
    assert "Content-Encoding" not in response(Reply(200, LARGE), headers, False).headers


def test_what_is_small_is_not_worth_it():
    assert (
        "Content-Encoding"
        not in response(Reply(200, {}), Headers({"Accept-Encoding": "gzip"}), False).headers
    )


@pytest.mark.parametrize("status", [204, 304])
def test_an_answer_without_a_body_has_no_type_and_no_length(status: int):
    answer = response(Reply(status, None, {"ETag": 'W/"1"'}), Headers(), False)
    assert answer.get_data() == b""
    assert "Content-Type" not in answer.headers
    assert "Content-Length" not in answer.headers
    assert answer.headers["ETag"] == 'W/"1"'


def test_a_reply_may_name_another_type():
    answer = response(Reply(200, {}, {"Content-Type": "application/json"}), Headers(), False)
    assert answer.headers.getlist("Content-Type") == ["application/json"]


def test_no_answer_is_kept_by_anybody():
    answer = response(Reply(200, {}), Headers(), False)
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Authorization" in answer.headers["Vary"]


def told(location: str) -> str:
    headers = response(Reply(201, None, {"Location": location}), Headers(), False).get_wsgi_headers({})
    return headers["Location"]


def test_an_address_is_given_in_the_letters_of_a_url():
    assert told("https://care.example/fhir/Patient/7") == "https://care.example/fhir/Patient/7"
    assert told("https://bücher.example/fhir/Patient/7") == "https://xn--bcher-kva.example/fhir/Patient/7"
