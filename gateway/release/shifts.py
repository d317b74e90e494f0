"""By how many days dates are shifted for one patient before one partner.

The offset is made from a key of the tenant's identity side, so neither workers nor a thief of the clinical
keys can undo a shift; from the patient, so that all that is released of a patient moves together; and from
the partner's organization, so that two partners cannot tell by their dates that they hold the same patient.
What an attacker gains with one offset: the days of that patient before that partner, and of nobody else.
"""

from __future__ import annotations

import hashlib
import hmac

from gateway.custody.ids import TENANT_COMPARTMENT, StoredId, Tenant
from gateway.custody.keyring import derive

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
