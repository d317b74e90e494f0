"""A patient is erased while everything runs: gone everywhere, at once, and nobody else notices."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from tests.acceptance.bundles import Sent
from tests.acceptance.careloom import Careloom
from tests.acceptance.clients import Client
from tests.acceptance.conftest import Admission, House

WORDS = ("--organization", "st-erasmus", "--reason", "Art. 17 GDPR, request 114", "--yes")


@pytest.fixture(scope="module")
def house(careloom: Careloom) -> House:
    return House(careloom, Client(careloom, "ehr", "st-erasmus"))


def erased(house: House, admission: Admission) -> dict:
    return house.careloom.json(
        "patient", "erase", *WORDS, "--json", admission.patient.removeprefix("Patient/")
    )


def test_law_6_an_erasure_beside_everything_that_runs(house: House, generated: Callable[..., Sent]):
    living = (sent for seed in range(3000, 3100) if (sent := generated(seed)).living)
    gone, stays = house.admits(next(living)), house.admits(next(living))
    house.waits_for_plans()
    (plan,) = house.hospital.current_plans(gone.patient)
    over = threading.Event()

    def comes_and_goes() -> None:
        while not over.is_set():
            house.hospital.request("GET", gone.patient)
            house.hospital.submits(gone.sent.body, key=gone.sent.key)

    visitor = threading.Thread(target=comes_and_goes)
    visitor.start()
    try:
        told = erased(house, gone)
    finally:
        over.set()
        visitor.join()
    assert told["keys"] == 2
    assert told["resources"] > len(gone.where)
    for reference in (*gone.where.values(), f"CarePlan/{plan['id']}"):
        if house.hospital.request("GET", reference).status_code == 200:
            assert reference.partition("/")[0] in SHARED, "only what others share is still there"
    assert house.hospital.request("GET", gone.patient).status_code == 410
    assert house.hospital.submits(gone.sent.body, key=gone.sent.key).status_code == 410
    house.admissions.remove(gone)
    house.waits_for_plans()
    assert house.hospital.plans(gone.patient) == []
    assert house.hospital.reads(stays.patient)
    assert erased(house, gone)["before"] is True
    assert house.careloom.json("audit", "verify", "--json")["ok"] is True


SHARED = {"Practitioner", "Organization", "Location", "Medication", "PractitionerRole"}
"""What lies with the tenant and names no patient."""
