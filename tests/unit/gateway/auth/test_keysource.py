"""Fetched keys are kept no longer than they may be, and asked for again when a client changes them."""

from __future__ import annotations

from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from gateway.auth.actor import Role
from gateway.auth.jwks import KeysRefused
from gateway.auth.keysource import Fetched, KeySource, fetch_over_https, seconds_to_keep
from gateway.auth.registry import Client
from gateway.auth.scopes import parse
from gateway.custody.ids import Tenant
from tests.unit.gateway.auth.keys import ec, jwks, rsa

URL = "https://hospital.test/jwks"
SECOND = 1_000_000


def client(document: bytes | None = None) -> Client:
    return Client(
        client_id="c",
        name="n",
        role=Role.EHR,
        organization=Tenant(1),
        scopes=parse("system/*.rs"),
        jwks=document.decode() if document else None,
        jwks_url=None if document else URL,
        fhir_endpoint=None,
        created=0,
        revoked=None,
    )


class Publisher:
    """An address whose keys can change, and a clock."""

    def __init__(self, cache_control: str = "") -> None:
        self.document, self.cache_control = jwks(ec()), cache_control
        self.asked = 0
        self.now = 1_000 * SECOND
        self.source = KeySource(self.fetch, lambda: self.now)

    def fetch(self, url: str) -> Fetched:
        assert url == URL
        self.asked += 1
        return Fetched(self.document, self.cache_control)

    def kids(self, wanted: str = "ec-1") -> list[str | None]:
        return [key.kid for key in self.source.keys(client(), wanted)]

    def later(self, seconds: float) -> None:
        self.now += int(seconds * SECOND)


def test_registered_keys_are_not_fetched():
    publisher = Publisher()
    assert [k.kid for k in publisher.source.keys(client(jwks(rsa())), "rsa-1")] == ["rsa-1"]
    assert publisher.asked == 0


def test_fetched_keys_are_kept_for_their_time_and_no_longer():
    publisher = Publisher("public, max-age=60")
    publisher.kids()
    publisher.later(59)
    publisher.kids()
    assert publisher.asked == 1
    publisher.later(1)
    publisher.kids()
    assert publisher.asked == 2


def test_keys_that_may_not_be_kept_are_fetched_each_time():
    publisher = Publisher("no-store")
    publisher.kids()
    publisher.kids()
    assert publisher.asked == 2


def test_a_withdrawn_key_is_gone_when_its_time_is_up():
    publisher = Publisher("max-age=60")
    publisher.kids()
    publisher.document = jwks(rsa())
    publisher.later(61)
    assert publisher.kids() == ["rsa-1"]


def test_a_new_key_is_found_before_the_time_is_up():
    publisher = Publisher("max-age=3600")
    publisher.kids()
    publisher.document = jwks(ec(), rsa())
    publisher.later(10)
    assert publisher.kids("rsa-1") == ["ec-1", "rsa-1"]


def test_unknown_kids_do_not_make_us_ask_all_the_time():
    publisher = Publisher("max-age=3600")
    for _ in range(50):
        publisher.kids("unknown")
    assert publisher.asked == 1


def test_a_document_that_is_no_key_set_is_refused_and_not_kept():
    publisher = Publisher("max-age=3600")
    publisher.document = b"<html>"
    with pytest.raises(KeysRefused):
        publisher.kids()
    publisher.document = jwks(ec())
    assert publisher.kids() == ["ec-1"]


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("", 300),
        ("public", 300),
        ("max-age=60", 60),
        ("Max-Age=60, public", 60),
        ("max-age=0", 0),
        ("max-age=99999999", 86_400),
        ("no-cache", 0),
        ("no-store, max-age=60", 0),
        ("max-age=-1", 300),
        ("max-age=x", 300),
    ],
)
def test_cache_control_is_read(header: str, seconds: int):
    assert seconds_to_keep(header) == seconds


# --- over the wire ------------------------------------------------------------------------------------------


@pytest.fixture
def serve() -> Callable[[int, dict[str, str], bytes], str]:
    """An address that gives one answer; closed when the test ends."""
    servers: list[HTTPServer] = []

    def start(status: int, headers: dict[str, str], body: bytes) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        server = HTTPServer(("127.0.0.1", 0), Handler)
        servers.append(server)
        Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}/jwks"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def test_a_document_is_fetched_with_its_cache_control(serve: Callable[..., str]):
    url = serve(200, {"Cache-Control": "max-age=60"}, jwks(ec()))
    assert fetch_over_https(2)(url) == Fetched(jwks(ec()), "max-age=60")


@pytest.mark.parametrize(
    ("status", "headers", "body"),
    [(404, {}, b"no"), (302, {"Location": "http://127.0.0.1:1/"}, b""), (200, {}, b"x" * 300_000)],
    ids=["missing", "redirect", "large"],
)
def test_what_is_no_answer_is_refused(serve: Callable[..., str], status: int, headers: dict, body: bytes):
    with pytest.raises(KeysRefused, match="jwks_url"):
        fetch_over_https(2)(serve(status, headers, body))


def test_an_address_that_is_silent_is_refused():
    with pytest.raises(KeysRefused, match="does not answer"):
        fetch_over_https(1)("http://127.0.0.1:1/jwks")
