"""By how many days dates are shifted for one patient before one partner.

The offset is made from a key of the tenant's identity side, so neither workers nor a thief of the clinical
keys can undo a shift; from the patient, so that all that is released of a patient moves together; and from
the partner's organization, so that two partners cannot tell by their dates that they hold the same patient.
What an attacker gains with one offset: the days of that patient before that partner, and of nobody else.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime

from gateway.custody.ids import TENANT_COMPARTMENT, StoredId, Tenant
from gateway.custody.keyring import derive
from gateway.instants import instant
from gateway.privacy.policy import Policy
from gateway.privacy.project import project
from gateway.privacy.terms import Terms

LONGEST = 365
_LABEL = "date-shift"


class Shifts:
    """The offsets of one tenant's patients before one partner."""

    def __init__(self, index_key: bytes, reader: Tenant) -> None:
        self._key = derive(index_key, _LABEL)
        self._reader = reader.to_bytes(8, "big")

    def days(self, compartment: StoredId) -> int | None:
        """From 1 to 365 days into the past; None for what belongs to no one patient."""
        if compartment == TENANT_COMPARTMENT:
            return None
        drawn = hmac.digest(self._key, compartment + self._reader, hashlib.sha256)
        return -1 - int.from_bytes(drawn[:8], "big") % LONGEST


def told(written: int, policy: Policy, terms: Terms) -> int:
    """When a version is said to have been written (microseconds): as its profile tells any other instant.

    An answer must bear some time; where the profile tells none, it is the first moment of the year.
    """
    real = instant(written)
    shown = project({"resourceType": "Basic", "meta": {"lastUpdated": real}}, policy, terms)
    moment = shown.get("meta", {}).get("lastUpdated")
    if moment == real:
        return written
    if moment is not None:
        return round(datetime.fromisoformat(moment).timestamp() * 1_000) * 1_000
    return int(datetime(int(real[:4]), 1, 1, tzinfo=UTC).timestamp()) * 1_000_000
