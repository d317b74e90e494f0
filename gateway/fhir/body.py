"""From the bytes of a body to JSON, within limits: a small zip bomb must not become a large answer."""

from __future__ import annotations

import zlib
from typing import Any

from werkzeug.datastructures import Headers

from gateway.fhir.asked import Asked, Services
from gateway.fhir.outcome import TurnedAway, turned_away
from gateway.intake.local import localised, may_hold
from gateway.refusal import Kind
from mappers import lossless

_GZIP = 16 + zlib.MAX_WBITS


def unpacked(body: bytes, headers: Headers, limit: int) -> bytes:
    """The body as it was before ``Content-Encoding``, never longer than the limit."""
    encoding = headers.get("Content-Encoding", "identity").strip().lower()
    if len(body) > limit:
        raise _too_large()
    if encoding in ("identity", ""):
        return body
    if encoding not in ("gzip", "x-gzip"):
        raise turned_away(Kind.MEDIA_TYPE, "not-supported", "Content-Encoding may be gzip or nothing.")
    return _gunzipped(body, limit)


def resource(services: Services, asked: Asked) -> dict[str, Any]:
    """The JSON object in the body, with urls of this server relative to it."""
    parsed = lossless.loads(asked.body, services.settings.json_depth)
    if not isinstance(parsed, dict):
        raise turned_away(Kind.MALFORMED, "structure", "The body must be one FHIR resource.")
    base = services.settings.fhir_base
    return localised(parsed, base) if may_hold(asked.body, base) else parsed


def _gunzipped(body: bytes, limit: int) -> bytes:
    stream = zlib.decompressobj(_GZIP)
    try:
        plain = stream.decompress(body, limit + 1)
    except zlib.error:
        raise _not_gzip() from None
    if len(plain) > limit:
        raise _too_large()
    if not stream.eof or stream.unused_data:
        raise _not_gzip()
    return plain


def _too_large() -> TurnedAway:
    return turned_away(Kind.TOO_LARGE, "too-long", "The body is larger than this server accepts.")


def _not_gzip() -> TurnedAway:
    return turned_away(Kind.MALFORMED, "structure", "The body is not one whole gzip stream.")
