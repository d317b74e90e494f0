"""The end of a plan whose patient died: nothing in it is to be done; what it said stays in its history."""

from __future__ import annotations

from mappers.fhir_building import built
from mappers.lossless import Json

ENDED = "This plan ended because the patient has died."
DIV = f'<div xmlns="http://www.w3.org/1999/xhtml"><p>{ENDED}</p></div>'
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


def _ended(activity: dict[str, Json]) -> dict[str, Json]:
    detail = activity.get("detail")
    if not detail or detail.get("status") not in OPEN:
        return activity
    return {**activity, "detail": {**detail, "status": "cancelled"}}
