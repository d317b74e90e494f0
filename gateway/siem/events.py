"""An event as the message that a SIEM is sent: the AuditEvent that officers see, in one line. Pure.

Why FHIR and not DICOM: ATNA's syslog (ITI-20) carries DICOM's XML, and its FHIR feed carries AuditEvents over
HTTP. A SIEM reads JSON by itself and XML by nobody's leave, and what an officer finds there is then word for
word what `/fhir/AuditEvent` shows. So MSGID is our own and claims none of the two transactions.

Ids are those that officers of the log's own organization see, so that what was found here is found there.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import msgspec
from sqlalchemy import Row

from gateway import trace
from gateway.auth.called import Called, nameless
from gateway.custody import audit
from gateway.custody.ids import Tenant
from gateway.fhir import audit_event as mapping
from gateway.fhir.audit_event import Show
from gateway.syslog.message import CRITICAL, ERROR, NOTICE, WARNING, Message

KIND = "FHIR+AuditEvent"

_SEVERITY = {
    trace.SUCCESS: NOTICE,
    trace.MINOR: WARNING,
    trace.SERIOUS: ERROR,
    trace.MAJOR: CRITICAL,
}
_escaping = json.JSONEncoder(ensure_ascii=True, separators=(",", ":")).encode
_encoder = msgspec.json.Encoder()

ShowIn = Callable[[Tenant], Show]


def message(row: Row[Any], origin: str, show: ShowIn, base: str, called: Called = nameless) -> Message:
    """The message of one row; ``origin`` names the log in the world as its checkpoints do. Log and sequence
    number stand beside the body, so that what came twice, or never, can be seen without reading it."""
    log, seq, *rest = tuple(row)
    event = audit.Event(*rest)
    body = mapping.audit_event(mapping.Row(Tenant(log), seq, event), show(Tenant(log)), base, called)
    return Message(
        severity=_SEVERITY.get(event.outcome, CRITICAL),
        time=event.time,
        kind=KIND,
        data={"log": str(log), "seq": str(seq), "origin": origin},
        body=_ascii(body),
    )


def _ascii(body: dict[str, Any]) -> str:
    # Five times as fast, and right for all but who bears a name with an accent.
    encoded = _encoder.encode(body)
    return encoded.decode("ascii") if encoded.isascii() else _escaping(body)
