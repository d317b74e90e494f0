"""Use case: to whom was a patient's record disclosed, as 45 CFR §164.528 asks. The trail alone answers."""

from __future__ import annotations

from gateway.disclosures.service import Accounting, Asked, Disclosures

__all__ = ["Accounting", "Asked", "Disclosures"]
