"""How long a clinician waits for cards: a real ``careloom up``, called as an EHR calls it, over HTTP.

Each call brings the whole chart of an invented patient; for the hooks of orders the patient's own medicines
are the drafts. The first call of each service, which loads the rules, is not counted.
"""

from __future__ import annotations

import tempfile
import time
import uuid
from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from bench.figures import quantile
from bench.ingest import UNLIMITED
from bench.pusher import NotAccepted
from gateway.cds_hooks.catalogue import PREFETCH, SERVICES, Service
from gateway.demo.client import Resource
from gateway.demo.patients import load_bundle
from gateway.demo.server import careloom_up
from gateway.demo.session import enter
from mappers import lossless
from mappers.r4.references import rewrite

_SEED = 3
"""Of the stories that patients are made by, one with several diseases and medicines."""


@dataclass(frozen=True, slots=True)
class Waited:
    """One service: how many cards a call gave, and the seconds of each call."""

    service: str
    cards: int
    seconds: tuple[float, ...]

    @property
    def p50(self) -> float:
        return quantile(self.seconds, 0.5)

    @property
    def p95(self) -> float:
        return quantile(self.seconds, 0.95)


def cds(resources: int, calls: int, today: date, data_dir: Path | None = None) -> list[Waited]:
    """So many calls of each service with so many resources. Raises ``NotAccepted``."""
    chart = settled(load_bundle(_SEED, resources, today))
    with (
        tempfile.TemporaryDirectory(prefix="careloom-bench-", dir=data_dir) as folder,
        careloom_up(Path(folder), settings=UNLIMITED) as server,
    ):
        hospital = enter(server, "ehr", "bench")
        found = []
        for service in SERVICES.values():
            body = lossless.dumps(call(service, chart))
            seconds, cards = [], 0
            for number in range(calls + 1):
                began = time.perf_counter()
                answer = hospital.cards(service.id, body)
                if answer.status_code != 200:
                    raise NotAccepted(f"{service.id} was answered {answer.status_code}")
                if number:
                    seconds.append(time.perf_counter() - began)
                cards = len(answer.json()["cards"])
            found.append(Waited(service.id, cards, tuple(seconds)))
        return found


def settled(bundle: Resource) -> list[Resource]:
    """The resources of a transaction, the patient first, which point at one another by type and id."""
    named = [{**e["resource"], "id": e["resource"].get("id", f"r{n}")} for n, e in enumerate(bundle["entry"])]
    ids = {
        entry["fullUrl"]: f"{one['resourceType']}/{one['id']}"
        for entry, one in zip(bundle["entry"], named, strict=True)
    }
    return [rewrite(one, lambda text: ids.get(text, text)) for one in named]


def call(service: Service, chart: list[Resource]) -> dict[str, Any]:
    """A call that brings a chart."""
    person = chart[0]
    by_type: dict[str, list[Resource]] = defaultdict(list)
    for one in chart[1:]:
        by_type[one["resourceType"]].append(one)
    prefetch = {
        name: person if name == "patient" else _searchset(by_type[query.partition("?")[0]])
        for name, query in PREFETCH.items()
    }
    context = {"userId": "Practitioner/bench", "patientId": person["id"]}
    if service.orders:
        drafts = [
            {**one, "id": f"draft-{one['id']}", "status": "draft"} for one in by_type["MedicationRequest"]
        ]
        context["draftOrders"] = _searchset(drafts)
        context["selections"] = [f"MedicationRequest/{one['id']}" for one in drafts]
    return {
        "hook": service.hook,
        "hookInstance": str(uuid.uuid4()),
        "context": context,
        "prefetch": prefetch,
    }


def _searchset(resources: list[Resource]) -> Resource:
    return {"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": one} for one in resources]}
