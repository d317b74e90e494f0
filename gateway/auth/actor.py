"""Who asks: the value that every use case decides by, made once per request from a token."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from gateway.auth.scopes import LETTERS, TRAIL, Right, Scopes
from gateway.custody.ids import Tenant


class Role(Enum):
    """What a client is to Careloom; fixed when it is registered."""

    EHR = "ehr"
    PARTNER = "partner"
    OFFICER = "officer"


_EVERYTHING = Scopes((Right("*", LETTERS),))
_READING = Scopes((Right("*", "rs"),))
_TRAIL = Scopes((Right(TRAIL, "rs"),))

CEILING = {Role.EHR: _EVERYTHING, Role.PARTNER: _READING, Role.OFFICER: _TRAIL}
"""The most that each role can ever be given: only officers see the trail, partners never write."""


@dataclass(frozen=True, slots=True)
class Actor:
    """One client in one request. ``organization`` is the tenant of an EHR; a partner reads ``grants``."""

    client_id: str
    role: Role
    organization: Tenant
    scopes: Scopes
    address: str
    request_id: str
    user: str | None = None
    purpose: str | None = None
    grants: tuple[Tenant, ...] = ()
