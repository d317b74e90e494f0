"""Plans are made while requests wait: nobody may ever be handed one that is not finished."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

from gateway.privacy.plans import Plans
from gateway.privacy.policy import load
from gateway.privacy.walk import Walk

RESOURCE = {
    "resourceType": "Patient",
    "id": "mrn-1",
    "name": [{"family": "Muster"}],
    "contained": [{"resourceType": "Organization", "id": "o", "name": "Muster's employer"}],
}


def test_law_2_a_plan_is_handed_out_whole_or_not_at_all():
    threads = 8
    for _ in range(10):
        plans, start = Plans(load("clinical")), Barrier(threads)

        def split(_: int, plans: Plans = plans, start: Barrier = start) -> Any:
            start.wait()
            walk = Walk(lambda kind, text: "pseudonym", {})
            return plans.resource("Patient").split(RESOURCE, walk)[0]

        with ThreadPoolExecutor(threads) as pool:
            halves = list(pool.map(split, range(threads)))
        assert all(half == halves[0] for half in halves)
        assert halves[0]["resourceType"] == "Patient"
        assert "Muster" not in str(halves)
