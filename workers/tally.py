"""What became of each proposal, for the counts by rule: worked out from the plan before and the plan after.

A proposal is one act, by one rule, on one evidence. Accepted is what is under way or done, and what stood in
a plan that was accepted whole; declined is what a clinician took out or cancelled. What goes because its
evidence changed is moot.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from hmac import digest
from typing import Any

import structlog
from sqlalchemy import Connection

from gateway.custody import deciding
from gateway.custody.deciding import Decision
from gateway.custody.ids import StoredId
from gateway.custody.jobs import Claim
from mappers import lossless
from mappers.recommendations_to_careplan import DECLINED, DONE, OPEN_ENDED, act_of, reason_of
from mappers.recommendations_to_careplan.writer import RULE_SYSTEM
from workers import outcome
from workers.decisions import base_of, evidence
from workers.reading import Derived
from workers.station import Station
from workers.weaving import Woven

Body = Mapping[str, Any]
MARK_BYTES = 16
_RULE = f"{RULE_SYSTEM}:"
log = structlog.get_logger()


def tallied(at: Station, claim: Claim, woven: Woven) -> list[Decision]:
    """What this plan says about its proposals, against what was counted before."""
    was = woven.standing.get(outcome.ref(woven.plan))
    key = at.clinic.clinical.index_key(claim.tenant)
    return decisions(woven.plan, was, lambda text: _mark(key, claim.patient, text))


def keep(conn: Connection, claim: Claim, found: Sequence[Decision], now: int, over: int) -> None:
    """Count them; a rule that is declined too often by this says so in the log."""
    news = deciding.count(conn, claim.tenant, found, now) if found else []
    declined = sorted({one.rule for one in news if one.outcome == "declined"})
    for rate in deciding.rates(conn, now, claim.tenant, declined) if declined else ():
        if rate.is_over(over):
            percent = round(rate.overridden or 0)
            log.warning("rule_overridden", rule=rate.rule, version=rate.version, percent=percent)


def decisions(plan: Body, was: Derived | None, mark: Any) -> list[Decision]:
    """One for each rule behind each line that stands, stood, or was taken out."""
    base = None if was is None else base_of(was)
    whole = was is not None and was.theirs is not None and base is not None and base["status"] == "active"
    before = dict(_told(base, whole)) if base is not None else {}
    now = dict(_told(plan, whole=False))
    merged = {key: ("moot", "") if said[0] == "open" else said for key, said in before.items()}
    for key, said in now.items():
        merged[key] = before[key] if said[0] == "open" and before.get(key, said)[0] == "accepted" else said
    return [
        Decision(mark("|".join(map(str, key))), key[1], key[2], said, reason)
        for key, (said, reason) in merged.items()
    ]


def _told(plan: Body, whole: bool) -> Iterator[tuple[tuple[str, str, str, str], tuple[str, str]]]:
    """By act, rule, version and evidence: what a plan says of it, and for which reason."""
    for line in plan.get("activity", ()):
        act, detail = act_of(line), line.get("detail", {})
        if act is None:
            continue
        rests_on = sha256(lossless.dumps(sorted(evidence(line, plan)[3]))).hexdigest()
        for canonical in detail.get("instantiatesCanonical", ()):
            rule, _, version = canonical.removeprefix(_RULE).partition("|")
            yield (act, rule, version, rests_on), _outcome(line, whole)


def _outcome(line: Body, whole: bool) -> tuple[str, str]:
    status = line["detail"].get("status")
    if status in DECLINED:
        return "declined", reason_of(line)
    return ("accepted" if whole or status in OPEN_ENDED | DONE else "open"), ""


def _mark(key: bytes, patient: StoredId, text: str) -> bytes:
    return digest(key, b"decision" + patient + text.encode(), "sha256")[:MARK_BYTES]
