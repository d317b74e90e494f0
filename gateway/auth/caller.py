"""Where a request came from, before anybody is known: the address, and the id by which its trace is found."""

from __future__ import annotations

import re
from dataclasses import dataclass

from werkzeug.wrappers import Request

from gateway.stored import Entropy

REQUEST_ID = "X-Request-Id"

# The id is repeated in headers, in logs and in the trail: nothing may be hidden in it.
_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_ID_BYTES = 16


@dataclass(frozen=True, slots=True)
class Caller:
    """An address and a request id."""

    address: str
    request_id: str


def caller_of(request: Request, entropy: Entropy) -> Caller:
    """The caller of a request; an id is made where none was sent, or none that can be repeated."""
    given = request.headers.get(REQUEST_ID, "")
    request_id = given if _ID.fullmatch(given) else entropy(_ID_BYTES).hex()
    return Caller(request.remote_addr or "", request_id)
