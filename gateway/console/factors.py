"""The second factor: one-time codes by time (RFC 6238: SHA-1, 30 seconds, 6 digits, as every app has them).

What: a secret per person, derived by HMAC from a seed in the table and a key of the identity side. Where: the
secret is nowhere; it is shown once, when somebody sets up their app. Rotation: a new one-time link is a new
seed. What an attacker gains who has the database: seeds, which are of no use without the key. A code counts
once: its time step must lie behind the last one's.
"""

from __future__ import annotations

import base64
import hmac

import pyotp
import segno

from gateway.console.sealing import Sealing
from gateway.custody.jobs import SECOND

ISSUER = "Careloom"
_SECRET_BYTES = 20
_STEP_SECONDS, _DIGITS = 30, 6
_AROUND = (0, -1, 1)
"""The step of now, and its neighbours: clocks differ, and people type slowly."""


def secret(sealing: Sealing, person_id: str, seed: bytes) -> str:
    """The secret of a person, in base32."""
    raw = hmac.digest(sealing.derived("second factor"), person_id.encode() + b"\0" + seed, "sha256")
    return base64.b32encode(raw[:_SECRET_BYTES]).decode()


def step_of(secret: str, code: str, now: int) -> int | None:
    """The time step that a code is of; None where it is of none around now."""
    digits = "".join(code.split())
    if not (digits.isascii() and digits.isdigit() and len(digits) == _DIGITS):
        return None
    codes = pyotp.TOTP(secret, digits=_DIGITS, interval=_STEP_SECONDS)
    here = now // SECOND // _STEP_SECONDS
    found = None
    for near in _AROUND:
        # All are tried: the time that it takes tells nothing.
        if hmac.compare_digest(codes.generate_otp(here + near), digits) and found is None:
            found = here + near
    return found


def address(secret: str, login: str) -> str:
    """What an app reads from the picture."""
    return pyotp.TOTP(secret, digits=_DIGITS, interval=_STEP_SECONDS).provisioning_uri(
        name=login, issuer_name=ISSUER
    )


def picture(address: str) -> str:
    """The QR code as inline SVG, dark on light in every theme."""
    return segno.make(address, error="m").svg_inline(
        border=3, omitsize=True, dark="#000", light="#fff", svgclass="qr"
    )
