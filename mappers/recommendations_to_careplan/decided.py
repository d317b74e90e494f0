"""A plan that clinicians have decided about: whose line is whose, what it stands at, and how it is told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from mappers.lossless import Json
from mappers.recommendations import Plan
from mappers.recommendations_to_careplan import narrative
from mappers.recommendations_to_careplan.writer import ACT

UNDECIDED = frozenset({"not-started", "unknown"})
OPEN_ENDED = frozenset({"scheduled", "in-progress", "on-hold"})
DECLINED = frozenset({"cancelled", "stopped", "entered-in-error"})
DONE = frozenset({"completed"})


def act_of(line: Mapping[str, Any]) -> str | None:
    """The act that a line of a plan proposes; None for a line that is not ours."""
    uris = line.get("detail", {}).get("instantiatesUri", ())
    return next((uri for uri in uris if isinstance(uri, str) and uri.startswith(ACT)), None)


def retold(plan: Plan, careplan: Mapping[str, Any]) -> dict[str, Json]:
    """The narrative of a plan in which decisions stand: they are told as such and not proposed again."""
    lines = careplan["activity"]
    still = {act_of(one) for one in lines if one.get("detail", {}).get("status") in UNDECIDED}
    proposed = tuple(one for one in plan.activities if f"{ACT}{one.act.key}" in still)
    draft = careplan["status"] == "draft"
    told = narrative.div(replace(plan, activities=proposed), tuple(_decisions(lines)), draft=draft)
    return {"status": "generated", "div": told}


def _decisions(lines: list[Mapping[str, Any]]) -> Iterator[str]:
    for line in lines:
        detail = line.get("detail", {})
        if act_of(line) is not None and detail.get("status") not in UNDECIDED:
            yield f"{detail['code']['text']}: {detail['status']}"
