"""The answer to an errand, in the form of FHIR's asynchronous interactions. Pure.

A Bundle of type ``batch-response`` with one entry for the one request: its status, and the resource that it
would have been answered with, or the OperationOutcome that says why it was refused. What is stored is put
together as it is, byte for byte.
"""

from __future__ import annotations

from collections.abc import Sequence

from gateway.custody.identity.errand_cells import Part
from gateway.custody.identity.errands import Errand

DONE = 200
TRANSACTION, BATCH = "transaction", "batch"

_OPEN, _CLOSE = b'{"resourceType":"Bundle","type":"batch-response"', b"}"


def framed(found: Errand, parts: Sequence[Part]) -> bytes:
    """The whole answer to one that is done."""
    if found.status != DONE:
        return _bundle([parts[0].answer])
    inner = parts[0].answer if found.way == TRANSACTION else _bundle([part.answer for part in parts])
    return _bundle([b'{"resource":' + inner + b',"response":{"status":"200 OK"}}'])


def _bundle(entries: Sequence[bytes]) -> bytes:
    told = b',"entry":[' + b",".join(entries) + b"]" if entries else b""
    return _OPEN + told + _CLOSE
