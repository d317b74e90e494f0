"""Processes die at the worst moment, the broker forgets: every acknowledged bundle ends in its one plan."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tests.acceptance.bundles import Sent, places
from tests.acceptance.careloom import Careloom, kill, until
from tests.acceptance.clients import Client
from tests.acceptance.conftest import Admission, House

PATIENTS = 4
ROUNDS = 4
Makes = Callable[[int, int], Sent]


@pytest.fixture(scope="module")
def shaken(careloom: Careloom) -> House:
    return House(careloom, Client(careloom, "ehr", "st-erdmuthe"))


@pytest.fixture
def arrivals(generated: Callable[..., Sent], seeds: Iterator[int]) -> list[Sent]:
    return [generated(next(seeds), 100) for _ in range(PATIENTS)]


@pytest.fixture(scope="module")
def seeds() -> Iterator[int]:
    return iter(range(1000, 2000))


def settled(house: House) -> None:
    """Every patient has exactly one plan, in its first version: none missing, none twice."""
    house.waits_for_plans()
    plans = [plan for plan in house.hospital.plans() if plan["status"] == "draft"]
    assert sorted(plan["subject"]["reference"] for plan in plans) == sorted(
        admission.patient for admission in house.admissions if admission.sent.living
    )
    assert {plan["meta"]["versionId"] for plan in plans} <= {"1"}
    for admission in house.admissions[-PATIENTS:]:
        derived = house.hospital.searches("Provenance", patient=admission.patient)
        targets = [target["reference"] for provenance in derived for target in provenance["target"]]
        assert len(targets) == len(set(targets))
    assert house.careloom.json("audit", "verify", "--json")["ok"] is True


def test_law_6_a_worker_killed_in_the_middle_of_a_job(shaken: House, generated: Makes, seeds: Iterator[int]):
    for _ in range(ROUNDS):
        shaken.admits(next(sent for seed in seeds if (sent := generated(seed, 400)).living))
        until(shaken.careloom.runs_a_job, 20, "the start of its job", pause=0.002)
        for pid in shaken.careloom.parts("worker"):
            kill(pid)
        settled(shaken)
        if shaken.careloom.attempts() > 1:
            return
    pytest.fail("no kill hit a job: this shows nothing")


def test_law_5_the_broker_forgets_everything(shaken: House, arrivals: list[Sent]):
    for sent in arrivals:
        shaken.admits(sent)
        shaken.careloom.forgets()
    settled(shaken)


def submits_until_it_is_told(house: House, sent: Sent) -> Admission:
    """As a sender should: the same key again until there is an answer."""

    def answered() -> requests.Response | None:
        try:
            answer = house.hospital.submits(sent.body, key=sent.key)
        except requests.RequestException:
            return None
        return answer if answer.status_code == 200 else None

    answer = until(answered, 40, "an answer", pause=0.2)
    admission = Admission(sent, answer.content, places(sent, answer.content))
    house.admissions.append(admission)
    return admission


def test_law_6_the_gateway_killed_while_bundles_arrive(shaken: House, arrivals: list[Sent]):
    killer = threading.Timer(0.15, lambda: [kill(pid) for pid in shaken.careloom.parts("gateway")])
    killer.start()
    for sent in arrivals:
        submits_until_it_is_told(shaken, sent)
    killer.join()
    settled(shaken)
    found = shaken.hospital.searches("Patient")
    assert len(found) == len(shaken.admissions), "a bundle was stored twice"


def test_law_6_one_of_several_gateways_killed_again_and_again_while_bundles_arrive(
    shaken: House, generated: Makes, seeds: Iterator[int]
):
    def all_serve() -> bool:
        try:
            told = requests.get(f"{shaken.careloom.base}/metrics", timeout=20).text
        except requests.RequestException:
            return False
        return len(re.findall(r"^careloom_gateway_serving{.*} 1$", told, re.MULTILINE)) == 2

    def kills() -> None:
        for turn in range(2):
            time.sleep(0.3)
            until(all_serve, 90, "both gateways")
            kill(shaken.careloom.parts("--passed")[turn])

    assert shaken.hospital.token
    killer = threading.Thread(target=kills)
    killer.start()
    with ThreadPoolExecutor(PATIENTS) as senders:
        while killer.is_alive():
            arrivals = [generated(next(seeds), 30) for _ in range(PATIENTS)]
            list(senders.map(lambda sent: submits_until_it_is_told(shaken, sent), arrivals))
    settled(shaken)
    assert len(shaken.hospital.searches("Patient")) == len(shaken.admissions), "a bundle was stored twice"


def test_law_6_everything_killed_and_started_again(shaken: House, arrivals: list[Sent]):
    for sent in arrivals:
        shaken.admits(sent)
    shaken.careloom.kill_everything()
    shaken.careloom.start()
    settled(shaken)


def test_law_5_the_gateway_goes_on_while_the_broker_is_down(shaken: House, arrivals: list[Sent]):
    shaken.careloom.silences()
    for sent in arrivals:
        shaken.admits(sent)
    settled(shaken)


def test_it_stops_with_its_children_when_it_is_told_to(shaken: House):
    assert shaken.careloom.stop() == 0
    shaken.careloom.start()
