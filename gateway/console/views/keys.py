"""Keys and policy: how old each root key is and what hangs on it, and what the policies decide."""

from __future__ import annotations

from typing import Any

from gateway.console.asked import Answer, Desk, Shown, Visit
from gateway.console.policies import judged
from gateway.custody import rotation
from gateway.custody.errors import CustodyError

_DAY = 86_400 * 1_000_000
OLD_DAYS = 365
"""A root key is usually changed once a year (NIST SP 800-57 part 1, 5.3.6 names one to two years)."""


def show(desk: Desk, visit: Visit) -> Answer:
    """Versions of the root keys, and the form of both policies."""
    settings = desk.settings
    values = {
        "sides": [(side, _versions(ring, visit.now)) for side, ring in _rings(desk).items()],
        "old": OLD_DAYS,
        "policies": [
            ("What is kept and what is withheld", judged(settings.policy)),
            ("What a partner is given", judged(settings.release_policy)),
        ],
    }
    return Shown("keys.html", values)


def _rings(desk: Desk) -> dict[str, Any]:
    return {"clinical": desk.vault.clinical, "identity": desk.vault.identity}


def _versions(ring: Any, now: int) -> list[dict[str, Any]] | None:
    """The versions of a root, newest first; None where the keys are out of reach."""
    try:
        found = rotation.status(ring.store, ring.roots)
    except CustodyError:
        return None
    rows = [
        {
            "version": one.version,
            "current": one.current,
            "data_keys": one.data_keys,
            "made": one.made,
            "days": None if one.made is None else (now - one.made) // _DAY,
            "may_go": one.may_be_destroyed,
        }
        for one in found
    ]
    return sorted(rows, key=lambda row: -int(row["version"]))
