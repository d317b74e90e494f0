"""What can go wrong in custody, as a closed set: the docstring of each kind is its message.

Nobody's data and no id that was asked for are ever part of a message: logs copy errors.
"""

# ruff: noqa: N818 - each name reads as what happened
from __future__ import annotations

from dataclasses import dataclass

from gateway.custody.ids import StoredId, Tenant


@dataclass(frozen=True, slots=True)
class Unopened:
    """A stored version of which a cell does not open: what the trail is told of it, and nobody else."""

    tenant: Tenant
    compartment: StoredId
    type: str
    id: StoredId
    version: int


class CustodyError(Exception):
    """Custody could not do what it was asked to."""

    def __init__(self, text: str | None = None) -> None:
        super().__init__(text or (type(self).__doc__ or "").strip())


class Misconfigured(CustodyError):
    """The storage settings contradict one another."""


class Tampered(CustodyError):
    """A sealed cell does not open: it was changed, moved, or sealed under another key."""

    rows: tuple[Unopened, ...] = ()


class KeyGone(CustodyError):
    """The key of this record was destroyed, so nobody can open the record any more."""


class Erased(CustodyError):
    """This record was erased; nothing may be written in its place."""


class KeysUnreadable(CustodyError):
    """The root keys cannot be used as they lie there."""


class KeysAway(KeysUnreadable):
    """The key service cannot be asked at the moment; it is asked again with the next request."""


class StoreUnavailable(CustodyError):
    """The database cannot be used at the moment: it is missing, locked, full or not reachable."""


class NotPermitted(CustodyError):
    """This side of Careloom has no right to that table."""


class Conflict(CustodyError):
    """Another writer was faster; read the new state and try again."""


class LostLease(CustodyError):
    """The lease on this job ran out and another worker has it now."""
