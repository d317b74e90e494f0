"""What comes from a browser: forms that must be ours, and addresses to go on to that must be ours too."""

from __future__ import annotations

import hmac
import re
from urllib.parse import urlsplit

from werkzeug.exceptions import HTTPException, RequestEntityTooLarge
from werkzeug.wrappers import Request

from gateway.console import sessions
from gateway.console.asked import Denied

TOKEN = "form"  # noqa: S105 - the name of a field
LARGEST, MOST_FIELDS = 64 * 1024, 200
_FOREIGN = "This form did not come from this console, or your session ended meanwhile. Open the page again."
_HERE = re.compile(r"/console(?:/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*/?(?:\?[A-Za-z0-9._~&=%+:,|/-]*)?")
HOME = "/console"


def read(request: Request, token: bytes | None, base_url: str) -> dict[str, str]:
    """The fields of a form that our own page sent; raises ``Denied`` for any other.

    1. The browser says where it comes from: another site is refused. 2. The form bears the token of this
    session, or of this entrance. Both must hold; what says nothing in 1 is judged by 2 alone.
    """
    request.max_content_length = request.max_form_memory_size = LARGEST
    request.max_form_parts = MOST_FIELDS
    try:
        fields = {name: values[0] for name, values in request.form.lists()}
    except RequestEntityTooLarge:
        raise Denied(413, "The form is too large.") from None
    except (HTTPException, ValueError):
        raise Denied(400, "The form cannot be read.") from None
    if _from_elsewhere(request, base_url) or token is None:
        raise Denied(403, _FOREIGN)
    if not hmac.compare_digest(fields.pop(TOKEN, "").encode(), sessions.form_token(token).encode()):
        raise Denied(403, _FOREIGN)
    return fields


def onward(text: str) -> str:
    """Where to go after log-in: a page of the console, whatever was asked for."""
    return text if len(text) < 2_000 and _HERE.fullmatch(text) else HOME


def _from_elsewhere(request: Request, base_url: str) -> bool:
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        return True
    origin = request.headers.get("Origin")
    if origin is None:
        return False
    # Behind a proxy that does not hand on the Host, the address that clients use is the one that counts.
    return urlsplit(origin).netloc not in (request.host, urlsplit(base_url).netloc)
