"""What an erasure leaves in the trail: that it began and why, each version that was written anew, its end.

Events name pseudonyms, and counts. The reason stands there for ever, so ``reasons`` looks at it first.
"""

from __future__ import annotations

from dataclasses import dataclass

from msgspec.structs import replace

from gateway.custody.audit import Event
from gateway.custody.ids import StoredId, Tenant
from gateway.custody.operator import By
from gateway.custody.records import Ref, StoredVersion
from gateway.trace import MINOR, SUCCESS

PATIENT = "Patient"


@dataclass(frozen=True, slots=True)
class Trail:
    """The events of one erasure."""

    tenant: Tenant
    patient: StoredId
    now: int

    def begun(self, reason: str, by: By) -> Event:
        """Somebody had the patient erased."""
        return replace(
            self._event("begin", "D", (PATIENT, self.patient)), user=by.user, detail=f"{by}: {reason}"
        )

    def refused(self, by: By, why: str) -> Event:
        """Somebody wanted to, and it was not done: their record was looked at all the same."""
        event = self._event("refuse", "D", (PATIENT, self.patient))
        return replace(event, outcome=MINOR, status=409, user=by.user, detail=f"{by}: {why}")

    def rewritten(self, row: StoredVersion, digest: bytes) -> Event:
        """A version that names them was written anew: the digest is that of what lies there now."""
        return replace(self._event("rewrite", "U", (row.type, row.id)), version=row.version, digest=digest)

    def dropped(self, ref: Ref, version: int | None = None) -> Event:
        """A resource that is not in their compartment went with them: all of it, or one version."""
        return replace(self._event("delete", "D", ref), version=version)

    def ended(self, counts: str) -> Event:
        """Nothing of the patient is left."""
        return replace(self._event("end", "D", (PATIENT, self.patient)), detail=counts)

    def _event(self, deed: str, action: str, ref: Ref) -> Event:
        return Event(
            time=self.now,
            kind=f"erasure:{deed}",
            action=action,
            outcome=SUCCESS,
            status=200,
            organization=self.tenant,
            type=ref[0],
            id=ref[1],
            patient=self.patient,
        )
