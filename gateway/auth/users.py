"""Who the human behind a client is, as its assertion says: UDAP's extension ``hl7-b2b``.

Nobody but the client vouches for it, so it counts only for clients that are trusted to say so. Break-glass
(purpose ``BTG``) is given to clients that have leave for it, and never without a reason. What is kept goes
into the trail for good: a user is an id and not a sentence, a reason is one of a few.

Source: HL7 FHIR UDAP Security IG, B2B Authorization Extension Object (version "1").
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gateway.auth.oauth import TokenRefused

EXTENSION = "hl7-b2b"
OWN_EXTENSION = "careloom"
BREAK_GLASS = "BTG"

_PURPOSE_SYSTEMS = ("urn:oid:2.16.840.1.113883.5.8", "http://terminology.hl7.org/CodeSystem/v3-ActReason")
_CODES = """
BTG CAREMGT CLINTRCH CLMATTCH COC COVAUTH COVERAGE DISASTER DONAT ELIGDTRM ELIGVER ENROLLM ERTREAT
ETREAT FAMRQT FRAUD GOV HACCRED HCOMPL HDECD HDIRECT HDM HLEGAL HMARKT HOPERAT HOUTCOMS HPAYMT
HPRGRP HQUALIMP HRESCH HSYSADMIN HTEST MEMADMIN MILCDM PATADMIN PATRQT PATSFTY PERFMSR POPHLTH
PRECLINTRCH PUBHLTH PWATRNY RECORDMGT REMITADV SUPNWK SYSDEV THREAT TRAIN TRANSRCH TREAT
"""
PURPOSES = frozenset(_CODES.split())
"""Codes of v3-PurposeOfUse."""

_USER = re.compile(r"[A-Za-z0-9._@:/|#-]{1,128}")
REASONS = frozenset(
    ("unconscious", "emergency", "unable-to-consent", "danger-to-life", "public-health", "other-see-record")
)
"""Why the glass may be broken. What is more to say belongs into the patient's record, not into the trail."""


@dataclass(frozen=True, slots=True)
class Trust:
    """What a client may say of itself: who its users are, and that it breaks the glass."""

    users: bool = False
    break_glass: bool = False


NO_TRUST = Trust()


@dataclass(frozen=True, slots=True)
class Human:
    """A person who works through a client, and what for; all absent where a machine acts by itself."""

    user: str | None = None
    purpose: str | None = None
    reason: str | None = None


def human(claims: Mapping[str, Any], trust: Trust) -> Human:
    """Whom an assertion names. Raises ``TokenRefused``; of a client that is not trusted nothing is taken."""
    extensions = claims.get("extensions", {})
    if not isinstance(extensions, dict):
        raise _refusal("extensions must be an object")
    if EXTENSION not in extensions or not trust.users:
        return Human()
    said = extensions[EXTENSION]
    if not isinstance(said, dict) or said.get("version") != "1":
        raise _refusal(f"{EXTENSION} must be an object of version 1")
    purpose = _purpose(said.get("purpose_of_use"))
    return Human(_user(said), purpose, _reason(extensions.get(OWN_EXTENSION), purpose, trust))


def _user(said: Mapping[str, Any]) -> str | None:
    """The user's id, after the organization that knows it by this id."""
    if "subject_id" not in said:
        return None
    organization = said.get("organization_id")
    parts = [said["subject_id"], *([] if organization is None else [organization])]
    if not all(isinstance(part, str) and _USER.fullmatch(part) for part in parts):
        raise _refusal("subject_id and organization_id are ids of at most 128 letters, digits and ._@:/|#-")
    return "|".join(reversed(parts))


def _purpose(said: object) -> str:
    if not isinstance(said, list) or len(said) != 1 or not isinstance(said[0], str):
        raise _refusal("purpose_of_use must name one purpose: ask for a token for each")
    system, separator, code = said[0].rpartition("#")
    if (separator and system not in _PURPOSE_SYSTEMS) or code not in PURPOSES:
        raise _refusal("purpose_of_use must be a code of v3-PurposeOfUse")
    return code


def _reason(own: object, purpose: str, trust: Trust) -> str | None:
    if purpose != BREAK_GLASS:
        return None
    if not trust.break_glass:
        raise TokenRefused("unauthorized_client", "this client has no leave to break the glass")
    reason = own.get("reason") if isinstance(own, dict) else None
    if not isinstance(reason, str) or reason not in REASONS:
        raise _refusal(
            f"BTG needs a reason in extensions.careloom.reason: one of {', '.join(sorted(REASONS))}"
        )
    return reason


def _refusal(text: str) -> TokenRefused:
    return TokenRefused("invalid_request", text)
