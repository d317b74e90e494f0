"""Coverage: by what kind of cover care is paid, and from when to when; who it is is withheld."""

from __future__ import annotations

from mappers.context import Cover
from mappers.fhir_to_facts.dates import begun, over
from mappers.fhir_to_facts.gathered import Gathered
from mappers.fhir_to_facts.opened import Opened
from mappers.fhir_to_facts.tokens import tokens

STANDS = frozenset({"active", "cancelled"})


def read(opened: Opened, found: Gathered) -> None:
    body = opened.body
    if body.get("status") not in STANDS:
        found.set_aside(opened, "has a status that makes it no evidence")
        return
    dated = {"xPeriod": body.get("period") or {}}
    started, ended = begun(dated, "x"), over(dated, "x")
    if found.in_future(opened, "A cover", started):
        return
    found.covers.append(
        Cover(
            kinds=tokens(body.get("type")),
            active=not found.is_over(ended) and body["status"] == "active",
            started=started,
            ended=ended,
            evidence=opened.evidence,
        )
    )
