"""How bytes become requests, and how those that are none are answered.

What is too large is not kept: its bytes are counted and dropped, and the app answers it as it answers all
else, with an OperationOutcome. Dropping instead of hanging up matters: a client that is still sending when
the connection closes never sees why.

Where a request ends must be beyond doubt, or whoever stands in front of this server could see another end
than it does and take a second request for a part of the first. So who names a length and a transfer encoding
is refused, and so is an encoding that is named twice, that is empty, or that HTTP/1.0 does not know.
"""

from __future__ import annotations

import re
import time
from io import BytesIO
from typing import Any

from waitress.parser import HTTPRequestParser, ParsingError
from waitress.task import ErrorTask
from waitress.utilities import Error, RequestEntityTooLarge

from gateway.fhir import outcome
from gateway.fhir.negotiation import FHIR_JSON
from gateway.refusal import Issue, Kind, Refused
from mappers import lossless

PATIENCE_SECONDS, LEAST_BYTES = 30.0, 1_024
"""A request may take so long, and a second more for each so many bytes of it: what comes a byte a second is
answered 408. It holds up nobody meanwhile, for only whole requests are given to a thread."""

MOST_DROPPED = 64 * 1024 * 1024
"""More than this is not waited for; the answer goes out and the connection ends."""

_ENCODINGS = re.compile(rb"^transfer-encoding[ \t]*:(.*)$", re.IGNORECASE | re.MULTILINE)
_LENGTH = re.compile(rb"^content-length[ \t]*:", re.IGNORECASE | re.MULTILINE)
_IN_DOUBT = "the end is in doubt"


class _Dropped:
    """Stands where the bytes of a body would be kept, and keeps none."""

    def __init__(self, length: int) -> None:
        self._length = length

    def __len__(self) -> int:
        return self._length

    def append(self, data: bytes) -> None:
        self._length += len(data)

    def getfile(self) -> BytesIO:
        return BytesIO()

    def close(self) -> None:
        """Nothing is held."""


class TooSlow(Error):  # type: ignore[misc]  # noqa: N818 - waitress has no types and names its own so
    """The request came at less than ``LEAST_BYTES`` a second for longer than ``PATIENCE_SECONDS``."""

    code = 408
    reason = "Request Timeout"


class Refusal(ErrorTask):  # type: ignore[misc]  # waitress has no types
    """What is no request that the app could be asked: answered in its words, and none of the client's."""

    def execute(self) -> None:
        error = self.request.error
        issue = _AMBIGUOUS if error.body == _IN_DOUBT else _SAID.get(error.code, _UNREADABLE)
        body = lossless.dumps(outcome.outcome(Refused(Kind.MALFORMED, [issue])))
        self.status = f"{error.code} {error.reason}"
        self.response_headers.append(("Content-Type", f"{FHIR_JSON}; fhirVersion=4.0; charset=utf-8"))
        self.response_headers.append(("Cache-Control", "no-store"))
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(body)


_AMBIGUOUS = Issue(
    "structure", "Where the request ends is in doubt: send a Content-Length, or chunks by HTTP/1.1, not both."
)
_UNREADABLE = Issue("structure", "The request cannot be read as HTTP/1.1.")
_SAID = {
    408: Issue("timeout", "The request came too slowly; send it again."),
    413: Issue("too-long", "The body is larger than this server accepts."),
    431: Issue("too-long", "The headers are larger than this server accepts."),
    500: Issue("exception", "The server failed."),
    501: Issue("not-supported", "This transfer encoding is not served; send a Content-Length, or chunks."),
}


class Parser(HTTPRequestParser):  # type: ignore[misc]  # waitress has no types
    """Reads a request; the body of one that is too large goes nowhere, and the app is asked all the same."""

    refused = False
    chunked: bool
    expect_continue: bool
    completed: bool
    error: Any

    def __init__(self, adj: Any) -> None:
        super().__init__(adj)
        self._begun: float | None = None
        self._bytes = 0

    def parse_header(self, header_plus: bytes) -> None:
        encodings = _ENCODINGS.findall(header_plus)
        twice = b",".join(encodings).lower().count(b"chunked") > 1
        if encodings and (twice or _LENGTH.search(header_plus)):
            raise ParsingError(_IN_DOUBT)
        super().parse_header(header_plus)
        if encodings and not self.chunked:
            raise ParsingError(_IN_DOUBT)

    def received(self, data: bytes) -> int:
        consumed = self._received(data)
        self._bytes += consumed
        self._begun = time.monotonic() if self._begun is None else self._begun
        patience = PATIENCE_SECONDS + self._bytes / LEAST_BYTES
        if not self.completed and time.monotonic() - self._begun > patience:
            self.error, self.completed = TooSlow(""), True
            self.expect_continue = False
        return consumed

    def _received(self, data: bytes) -> int:
        if self.refused and not self.completed:
            return self._drop(data)
        consumed: int = super().received(data)
        if isinstance(self.error, RequestEntityTooLarge):
            self._refuse()
        return consumed

    def _refuse(self) -> None:
        kept = self.body_rcv.getbuf()
        dropped = _Dropped(len(kept))
        kept.close()
        self.body_rcv.buf = dropped
        self.error, self.refused = None, True
        # The app refuses by this header and reads nothing; of a chunked body the length is not known.
        self.headers["CONTENT_LENGTH"] = str(self.content_length or self.adj.max_request_body_size)
        self.headers["CONNECTION"] = "close"
        # Who waits for "100 Continue" is answered before anything is sent.
        hopeless = self.expect_continue or self.content_length > MOST_DROPPED
        self.expect_continue = False
        self.completed = hopeless or self.body_rcv.completed

    def _drop(self, data: bytes) -> int:
        receiver = self.body_rcv
        consumed: int = receiver.received(data)
        ended = receiver.completed or receiver.error is not None
        self.completed = ended or len(receiver) > MOST_DROPPED
        return consumed
