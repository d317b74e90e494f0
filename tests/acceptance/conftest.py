"""One installation per form for all acceptance tests: the embedded one, and one on servers by url."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pytest

from gateway.custody.migrations import Store
from gateway.demo.patients import load_bundle
from tests.acceptance.bundles import Sent, places, synthea
from tests.acceptance.careloom import Careloom, until
from tests.acceptance.clients import Client
from tests.conftest import ROOT
from tests.databases import Databases

PLAN_SECONDS = 90.0
FORMS = ("embedded", pytest.param("servers", marks=pytest.mark.servers))


@pytest.fixture(scope="session")
def server_settings(postgres_databases: Databases, broker_server: str) -> Iterator[dict]:
    """The settings of an installation whose data, keys and broker are servers."""
    with postgres_databases.lent() as urls:
        yield {
            "CARELOOM_DATABASE_URL": urls[Store.DATA],
            "CARELOOM_KEYS_URL": urls[Store.KEYS],
            "CARELOOM_BROKER_URL": broker_server,
        }


@dataclass
class Admission:
    """One patient who went in: what was sent, what was answered, where each resource lies."""

    sent: Sent
    answer: bytes
    where: dict[str, str]

    @property
    def patient(self) -> str:
        return next(reference for reference in self.where.values() if reference.startswith("Patient/"))


@dataclass
class House:
    """A running Careloom with a hospital, and what the hospital sent."""

    careloom: Careloom
    hospital: Client
    admissions: list[Admission] = field(default_factory=list)

    def admits(self, sent: Sent) -> Admission:
        answer = self.hospital.submits(sent.body, key=sent.key)
        assert answer.status_code == 200, (sent.name, answer.text[:2000])
        admission = Admission(sent, answer.content, places(sent, answer.content))
        self.admissions.append(admission)
        return admission

    def waits_for_plans(self, seconds: float = PLAN_SECONDS) -> None:
        """Until every living patient has a plan and nothing is left to do."""
        living = {a.patient for a in self.admissions if a.sent.living}
        until(lambda: living <= self.planned(), seconds, "a plan for every living patient", pause=0.5)
        until(lambda: not self.careloom.open_jobs(), seconds, "the end of all work", pause=0.5)
        assert self.careloom.dead_jobs() == []

    def planned(self) -> set[str]:
        plans = self.hospital.plans()
        return {plan["subject"]["reference"] for plan in plans if plan["status"] in ("draft", "active")}


@pytest.fixture(scope="session")
def today() -> date:
    return date.today()


@pytest.fixture(scope="session")
def generated(today: date) -> Callable[[int, int], Sent]:
    """One synthetic patient's transaction by its seed."""

    def make(seed: int, entries: int = 60) -> Sent:
        return Sent(f"generated-{seed}", json.dumps(load_bundle(seed, entries, today)).encode())

    return make


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Careloom]]:
    """Installations in folders of their own; whatever still runs at the end is stopped."""
    made: list[Careloom] = []

    def install(**settings: str) -> Careloom:
        made.append(Careloom(tmp_path_factory.mktemp("careloom") / "data", settings))
        return made[-1]

    yield install
    for careloom in made:
        careloom.kill_everything()


@pytest.fixture(scope="session", params=FORMS)
def careloom(request: pytest.FixtureRequest, installed: Callable[..., Careloom]) -> Careloom:
    """One running installation per form."""
    settings = {} if request.param == "embedded" else request.getfixturevalue("server_settings")
    return installed(**settings).start()


@pytest.fixture(scope="session")
def house(careloom: Careloom) -> House:
    return House(careloom, Client(careloom, "ehr", "st-anna"))


@pytest.fixture(scope="session")
def full_house(house: House, generated: Callable[..., Sent], shared_bundles: list[Sent]) -> House:
    for sent in [generated(seed) for seed in range(1, 9)] + shared_bundles:
        house.admits(sent)
    house.waits_for_plans()
    return house


@pytest.fixture(scope="session")
def shared_bundles() -> list[Sent]:
    """Real Synthea bundles, where the reference data lie beside the checkout; else none."""
    folder = Path(os.environ.get("CARELOOM_TEST_SHARED_DATA", ROOT.parent / "shared" / "data"))
    return synthea(folder) if folder.is_dir() else []
