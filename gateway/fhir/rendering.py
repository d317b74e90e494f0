"""From a reply to bytes: JSON as it was stored, pretty or small, compressed where the client can read it."""

from __future__ import annotations

import gzip

import msgspec
from flask import Response
from werkzeug.datastructures import Headers
from werkzeug.http import parse_accept_header

from gateway.fhir.asked import Reply
from gateway.fhir.negotiation import FHIR_JSON
from mappers import lossless

_WORTH_PACKING = 1_024
_LEVEL = 1
"""gzip's quickest level: FHIR's JSON repeats itself so much that it saves nine tenths already."""


def response(reply: Reply, headers: Headers, pretty: bool) -> Response:
    """The reply as Flask sends it."""
    body = _bytes(reply, pretty)
    answer = Response(status=reply.status, content_type=f"{FHIR_JSON}; fhirVersion=4.0; charset=utf-8")
    if not body:
        answer.headers.remove("Content-Type")
    elif len(body) >= _WORTH_PACKING and parse_accept_header(headers.get("Accept-Encoding")).quality("gzip"):
        body = gzip.compress(body, _LEVEL, mtime=0)
        answer.headers["Content-Encoding"] = "gzip"
    answer.set_data(body)
    if reply.status in (204, 304):
        answer.headers.remove("Content-Length")
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["Vary"] = "Accept, Accept-Encoding, Authorization, Prefer"
    for name, value in reply.headers.items():
        answer.headers[name] = value
    return answer


def _bytes(reply: Reply, pretty: bool) -> bytes:
    if reply.body is None:
        return b""
    body = reply.body if isinstance(reply.body, bytes) else lossless.dumps(reply.body)
    return msgspec.json.format(body, indent=2) if pretty else body
