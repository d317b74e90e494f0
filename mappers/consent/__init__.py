"""What a patient's Consents say to one request: read, matched, combined. Pure, and the same for both zones.

The gateway reads a Consent whole and workers its clinical half. What cannot be read or told makes a deny
count and a permit not, so that who sees less is never freer.
"""

from __future__ import annotations

from mappers.consent.deciding import bounds, decide
from mappers.consent.reading import known_to, lookups, reached, read, unread
from mappers.consent.subject import subject
from mappers.consent.values import (
    Consent,
    Decision,
    Default,
    Effect,
    Request,
    Span,
    Subject,
    Surroundings,
)

__all__ = [
    "Consent",
    "Decision",
    "Default",
    "Effect",
    "Request",
    "Span",
    "Subject",
    "Surroundings",
    "bounds",
    "decide",
    "known_to",
    "lookups",
    "reached",
    "read",
    "subject",
    "unread",
]
