"""The bundles that answers are made of."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from gateway.auth.actor import Actor
from gateway.fhir.asked import Parameters, Services
from gateway.fhir.page_links import Place

_NAME = re.compile(r"[A-Za-z0-9_-]{1,40}(?:[:.][A-Za-z0-9_-]{1,40}){0,6}")
PAGE = "_page"
"""The parameter that holds a sealed place; the link that bears it says nothing to anybody else."""


def bundle(
    kind: str, total: int | None, links: Sequence[dict[str, str]], entries: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    made: dict[str, Any] = {"resourceType": "Bundle", "type": kind}
    if total is not None:
        made["total"] = total
    made["link"] = list(links)
    if entries:
        made["entry"] = list(entries)
    return made


def self_link(services: Services, path: str, parameters: Parameters) -> dict[str, str]:
    query = f"?{urlencode(parameters)}" if parameters else ""
    return {"relation": "self", "url": f"{services.settings.fhir_base}/{path}{query}"}


def next_link(services: Services, actor: Actor, path: str, place: Place) -> dict[str, str]:
    sealed = services.pages.seal(actor, path, place)
    return {"relation": "next", "url": f"{services.settings.fhir_base}/{path}?{PAGE}={sealed}"}


def dropped(names: Sequence[str]) -> str:
    """What a lenient search did not honour, with modifiers and chains. What has not the form of a parameter's
    name is not repeated."""
    shown = [name if _NAME.fullmatch(name) else "(unreadable)" for name in names]
    return f"These parameters are not known for this type and were left out: {', '.join(shown)}."


def note_entry(texts: Sequence[str]) -> dict[str, Any]:
    """What a search has to say beside its hits."""
    issues = [{"severity": "warning", "code": "not-supported", "diagnostics": text} for text in texts]
    return {
        "resource": {"resourceType": "OperationOutcome", "issue": issues},
        "search": {"mode": "outcome"},
    }
