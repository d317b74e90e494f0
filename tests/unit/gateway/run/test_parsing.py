"""What is no request, is too large, comes too slowly or ends in two places, on a real socket."""

from __future__ import annotations

import http.client
import json
import socket
from typing import Any

import pytest

from gateway.run import parsing
from gateway.run.parsing import Parser
from tests.unit.gateway.run.conftest import Place


def test_of_what_is_too_large_nothing_is_kept() -> None:
    class Adjusted:
        max_request_body_size, inbuf_overflow, max_request_header_size = 1000, 1 << 40, 1 << 18
        url_scheme = "http"

    parser = Parser(Adjusted())
    parser.received(b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n")
    for _ in range(50):
        parser.received(b"100\r\n" + b"x" * 256 + b"\r\n")
    assert parser.refused
    assert not parser.completed
    parser.received(b"0\r\n\r\n")
    assert parser.completed
    assert parser.headers["CONTENT_LENGTH"] == "1000"
    assert parser.get_body_stream().read() == b""


def says(place: Place, raw: bytes) -> tuple[int, dict[str, Any], http.client.HTTPResponse]:
    """What is answered to these bytes."""
    with socket.create_connection(("127.0.0.1", place.port), timeout=20) as client:
        client.sendall(raw)
        answer = http.client.HTTPResponse(client)
        answer.begin()
        return answer.status, json.loads(answer.read()), answer


@pytest.mark.parametrize(
    ("raw", "status", "code"),
    [
        (b"GET /hopkins HTTP/1.1\r\nX-Long: " + b"hopkins" * 50_000 + b"\r\n\r\n", 431, "too-long"),
        (b"GET /hopkins HTTP/1.1\r\nno colon hopkins\r\n\r\n", 400, "structure"),
        (b"hopkins\r\n\r\n", 400, "structure"),
        (b"POST / HTTP/1.1\r\nContent-Length: hopkins\r\n\r\n", 400, "structure"),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: hopkins\r\n\r\n", 501, "not-supported"),
    ],
    ids=["headers", "header", "line", "length", "encoding"],
)
def test_what_cannot_be_read_is_answered_with_an_outcome_that_repeats_nothing(
    place: Place, raw: bytes, status: int, code: str
) -> None:
    told, body, answer = says(place, raw)
    assert (told, body["resourceType"], body["issue"][0]["code"]) == (status, "OperationOutcome", code)
    assert (answer.headers["Content-Type"] or "").startswith("application/fhir+json")
    assert "hopkins" not in json.dumps(body) + str(answer.headers)
    assert place.posts(b"next")[0] == 200
    assert place.bodies == [4], "the app was asked for the next one only"


@pytest.mark.parametrize("end", ["\r\n\r\n", "\r\nX-"], ids=["body", "headers"])
def test_what_comes_a_byte_at_a_time_is_408_and_the_next_is_served(
    place: Place, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    monkeypatch.setattr(parsing, "PATIENCE_SECONDS", 0.3)
    monkeypatch.setattr(parsing, "LEAST_BYTES", 1_000_000)
    with socket.create_connection(("127.0.0.1", place.port), timeout=20) as slow:
        slow.sendall(b"POST / HTTP/1.1\r\nHost: here\r\nContent-Length: 1000" + end.encode())
        slow.settimeout(0.05)
        said = b""
        for _ in range(200):
            assert place.bodies.count(1000) == 0
            try:
                slow.sendall(b"x")
                said += slow.recv(65_536)
            except TimeoutError:
                continue
            except OSError:
                break
            if b"OperationOutcome" in said:
                break
        assert said.partition(b"\r\n")[0].endswith(b" 408 Request Timeout")
        assert b"OperationOutcome" in said
    assert place.posts(b"next")[0] == 200


def test_a_body_that_comes_slowly_but_steadily_is_taken(place: Place) -> None:
    with socket.create_connection(("127.0.0.1", place.port), timeout=20) as client:
        client.sendall(b"POST / HTTP/1.1\r\nHost: here\r\nContent-Length: 30\r\nConnection: close\r\n\r\n")
        for _ in range(30):
            client.sendall(b"x")
        answer = http.client.HTTPResponse(client)
        answer.begin()
        assert (answer.status, place.bodies) == (200, [30])


TWO_ENDS = {
    "both": b"Content-Length: 4\r\nTransfer-Encoding: chunked",
    "both, the other way": b"Transfer-Encoding: chunked\r\nContent-Length: 4",
    "both in capitals": b"CONTENT-LENGTH: 4\r\nTRANSFER-ENCODING: CHUNKED",
    "both, folded": b"Content-Length: 4\r\nTransfer-Encoding:\r\n chunked",
    "both, an unknown encoding": b"Content-Length: 4\r\nTransfer-Encoding: hopkins",
    "chunked twice": b"Transfer-Encoding: chunked, chunked",
    "chunked in two lines": b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
    "no encoding at all": b"Transfer-Encoding:",
    "two lengths": b"Content-Length: 4\r\nContent-Length: 5",
    "the same length twice": b"Content-Length: 4\r\nContent-Length: 4",
}


@pytest.mark.parametrize("headers", TWO_ENDS.values(), ids=TWO_ENDS)
def test_a_request_whose_end_is_in_doubt_is_refused_and_what_follows_it_is_no_request(
    place: Place, headers: bytes
) -> None:
    smuggled = b"0\r\n\r\nPOST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nx"
    told, body, answer = says(place, b"POST / HTTP/1.1\r\nHost: h\r\n" + headers + b"\r\n\r\n" + smuggled)
    assert (told, body["resourceType"], body["issue"][0]["code"]) == (400, "OperationOutcome", "structure")
    assert answer.headers["Connection"] == "close"
    assert place.bodies == [], "nothing was asked of the app"
    assert place.posts(b"next")[0] == 200


def test_http_1_0_knows_no_transfer_encoding(place: Place) -> None:
    told, body, _ = says(place, b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n")
    assert told == 400
    assert "Content-Length" in body["issue"][0]["details"]["text"]
    assert place.bodies == []
