"""The end of a plan: its patient died, or does not consent to it, or its record went into another. What it
said stays in its history.

A plan that is withdrawn keeps what a clinician made of it: lines that are decided, or not ours. Open lines go
altogether: to cancel one is how a clinician declines it, and it would not come back with the consent. That of
a record that went into another keeps its lines as they were, for the day on which the two are parted.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mappers.fhir_building import built
from mappers.lossless import Json
from mappers.recommendations_to_careplan.decided import OPEN_ENDED, UNDECIDED, act_of

ENDED = "This plan ended because the patient has died."
DIV = f'<div xmlns="http://www.w3.org/1999/xhtml"><p>{ENDED}</p></div>'
WITHDRAWN = "This plan was withdrawn: the patient does not consent to automated recommendations."
WITHDRAWN_DIV = f'<div xmlns="http://www.w3.org/1999/xhtml"><p>{WITHDRAWN}</p></div>'
MERGED = "This plan ended because its record was merged into another; the plan of that record goes on."
MERGED_DIV = f'<div xmlns="http://www.w3.org/1999/xhtml"><p>{MERGED}</p></div>'
OVER = frozenset({"revoked", "completed", "entered-in-error"})
OPEN = frozenset({"not-started", "scheduled", "in-progress", "on-hold", "unknown"})


def completed(careplan: dict[str, Json]) -> dict[str, Json]:
    """The plan of somebody who died; completing it again changes nothing."""
    activities = [_ended(activity) for activity in careplan.get("activity", ())]
    return built(
        {
            **careplan,
            "status": "completed",
            "text": {"status": "generated", "div": DIV},
            "activity": activities,
        }
    )


def withdrawn(careplan: dict[str, Json]) -> dict[str, Json]:
    """The plan of somebody who declines one; withdrawing it again changes nothing."""
    if careplan["status"] == "completed":
        return careplan
    lines = [
        one for one in careplan.get("activity", ()) if act_of(one) is None or _status(one) not in UNDECIDED
    ]
    carried_on = any(act_of(one) is None or _status(one) in OPEN_ENDED for one in lines)
    concerns = {f"For: {one['detail'].get('code', {}).get('text')}" for one in lines if act_of(one)}
    goals = {one["reference"] for line in lines for one in line.get("detail", {}).get("goal", ())}
    return built(
        {
            **careplan,
            "status": careplan["status"] if carried_on else "revoked",
            "text": {"status": "generated", "div": WITHDRAWN_DIV},
            "activity": lines,
            "addresses": None,
            "goal": [one for one in careplan.get("goal", ()) if one["reference"] in goals],
            "supportingInfo": [
                one for one in careplan.get("supportingInfo", ()) if one.get("display") in concerns
            ],
            "note": [{"text": WITHDRAWN}],
        }
    )


def is_withdrawn(careplan: Mapping[str, Any]) -> bool:
    """Whether a worker withdrew a plan, which no clinician revoked."""
    told = any(one.get("text") == WITHDRAWN for one in careplan.get("note", ()))
    return told and careplan.get("status") == "revoked"


def merged(careplan: dict[str, Json]) -> dict[str, Json]:
    """The plan of a record that went into another: revoked, its lines as they were; what is over stays."""
    if careplan["status"] in OVER:
        return careplan
    return {**careplan, "status": "revoked", "text": {"status": "generated", "div": MERGED_DIV}}


def _status(activity: Mapping[str, Any]) -> str | None:
    found: str | None = activity.get("detail", {}).get("status")
    return found


def _ended(activity: dict[str, Json]) -> dict[str, Json]:
    detail = activity.get("detail")
    if not detail or detail.get("status") not in OPEN:
        return activity
    return {**activity, "detail": {**detail, "status": "cancelled"}}
