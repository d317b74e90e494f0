"""From a reply to bytes: JSON as it was stored, pretty or small, compressed where the client can read it."""

from __future__ import annotations

import gzip
from typing import Any

import msgspec
from flask import Response
from werkzeug.datastructures import Headers
from werkzeug.http import parse_accept_header

from gateway.fhir.asked import Reply
from gateway.fhir.negotiation import FHIR_JSON
from mappers import lossless

_KIND = f"{FHIR_JSON}; fhirVersion=4.0; charset=utf-8"
_ALWAYS = {
    "Cache-Control": "no-store",
    "Vary": "Accept, Accept-Encoding, Authorization, Prefer",
    # What somebody called themselves stands in answers: no browser may take it for a page.
    "X-Content-Type-Options": "nosniff",
}
_WORTH_PACKING = 1_024
_LEVEL = 1
"""gzip's quickest level: FHIR's JSON repeats itself so much that it saves nine tenths already."""


class Finished(Response):
    """An answer whose headers are whole. Only in the address of an installation there may be what is to be
    mended: letters that no url has."""

    def get_wsgi_headers(self, environ: dict[str, Any]) -> Headers:
        whole = all(value.isascii() for value in self.headers.values())
        return self.headers if whole else super().get_wsgi_headers(environ)


def response(reply: Reply, headers: Headers, pretty: bool) -> Response:
    """The reply as Flask sends it."""
    body = _bytes(reply, pretty)
    told = {"Content-Type": _KIND} if body else {}
    if len(body) >= _WORTH_PACKING and parse_accept_header(headers.get("Accept-Encoding")).quality("gzip"):
        body = gzip.compress(body, _LEVEL, mtime=0)
        told["Content-Encoding"] = "gzip"
    # The names in ``reply.headers`` are written as here: each comes once.
    answer = Finished(body, reply.status, {**told, **_ALWAYS, **reply.headers})
    if not body:
        answer.headers.remove("Content-Type")
    if reply.status in (204, 304):
        answer.headers.remove("Content-Length")
    return answer


def _bytes(reply: Reply, pretty: bool) -> bytes:
    if reply.body is None:
        return b""
    body = reply.body if isinstance(reply.body, bytes) else lossless.dumps(reply.body)
    return msgspec.json.format(body, indent=2) if pretty else body
