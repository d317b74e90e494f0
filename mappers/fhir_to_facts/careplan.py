"""CarePlan: a plan of others, by category and period, so that ours can stand beside it. Never our own."""

from __future__ import annotations

from mappers.context import CareElsewhere
from mappers.fhir_to_facts.dates import begun, over
from mappers.fhir_to_facts.gathered import Gathered
from mappers.fhir_to_facts.opened import Opened
from mappers.fhir_to_facts.tokens import tokens

STANDS = frozenset({"active", "on-hold", "completed", "unknown"})
INTENTS = frozenset({"plan", "order"})
PERIOD = "period"


def read(opened: Opened, found: Gathered) -> None:
    body = opened.body
    if body.get("status") not in STANDS or body.get("intent") not in INTENTS:
        found.set_aside(opened, "is not a plan that stands")
        return
    dated = {"xPeriod": body.get(PERIOD) or {}}
    started, ended = begun(dated, "x"), over(dated, "x")
    if found.in_future(opened, "A care plan", started):
        return
    found.care_elsewhere.append(
        CareElsewhere(
            categories=tokens(*body.get("category", ())),
            active=not found.is_over(ended) and body["status"] in {"active", "unknown"},
            started=started,
            ended=ended,
            evidence=opened.evidence,
        )
    )
