"""The trail of a working day in a SIEM: what an officer sees, nobody named, and what is late is said."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bench.receiver import papers
from gateway import courier
from gateway.custody.identity.vault import open_vault
from gateway.custody.settings import Storage
from gateway.settings import Settings
from tests.actors import Hospital, town
from tests.integration.test_runtime_processes import until as eventually
from tests.integration.test_runtime_up import Up
from tests.integration.test_runtime_up import up as up
from tests.receivers import Siem

ANNA = {"resourceType": "Patient", "id": "mrn-1", "name": [{"family": "Erikadottir"}], "gender": "female"}


@pytest.fixture
def siem(tmp_path: Path) -> Iterator[Siem]:
    siem = Siem(papers(tmp_path))
    yield siem
    siem.stop()


def environ(storage: Storage, siem: Siem) -> dict[str, str]:
    return {
        "CARELOOM_DATA_DIR": str(storage.data_dir),
        "CARELOOM_DATABASE_URL": storage.database_url,
        "CARELOOM_KEYS_URL": storage.keys_url,
        "CARELOOM_SIEM_URL": f"syslog+tls://localhost:{siem.port}",
        "CARELOOM_SIEM_CA": str(siem.papers.ca),
    }


@pytest.fixture
def settings(storage: Storage, siem: Siem) -> Settings:
    return Settings.from_environ(environ(storage, siem))


def handed_on(storage: Storage, siem: Siem, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the courier does: one turn of its stream, over what its environment says."""
    for name, value in environ(storage, siem).items():
        monkeypatch.setenv(name, value)
    courier.office.cache_clear()
    vault = open_vault(storage)
    try:
        monkeypatch.setattr(courier, "open_vault", lambda _: vault)
        running = courier.stream()
        assert running is not None
        running.patience = replace(running.patience, quiet=0.0)
        assert running.turn(running.target.context(), threading.Event()) == 0.0
    finally:
        vault.close()
        courier.office.cache_clear()


def works(hospital: Hospital) -> None:
    hospital.puts(ANNA)
    hospital.reads("Patient/mrn-1")
    hospital.asks("GET", "Patient?family=Erikadottir&identifier=mrn-1")
    hospital.asks("GET", "Patient/erikadottir")


def test_law_2_a_siem_is_told_what_an_officer_sees_and_nobody_is_named(
    storage: Storage, settings: Settings, siem: Siem, monkeypatch: pytest.MonkeyPatch
):
    place = town(settings)
    hospital, officer = place.hospital(), place.officer()
    works(hospital)
    handed_on(storage, siem, monkeypatch)
    told = {body["id"]: body for body in siem.bodies()}
    shown = {event["id"]: event for event in officer.searches("AuditEvent?_count=100")}
    assert len(told) >= 4
    assert told.keys() <= shown.keys()
    assert {id_: shown[id_] for id_ in told} == told
    everything = "\n".join(siem.messages).lower()
    assert "erikadottir" not in everything
    assert "mrn-1" not in everything


def test_one_that_is_late_is_said_by_readyz_and_counted(settings: Settings, siem: Siem):
    def answers(late: int) -> tuple[dict[str, Any], str]:
        place = town(replace(settings, copies=replace(settings.copies, late_seconds=late)))
        ask = place.session()
        ready = ask.get(f"{place.base_url}/readyz", timeout=5)
        assert ready.status_code == 200
        return ready.json(), ask.get(f"{place.base_url}/metrics", timeout=5).text

    works(town(settings).hospital())
    assert answers(300)[0]["siem"] == "ok"
    time.sleep(1.1)
    told, metrics = answers(0)
    assert (told["siem"], told["status"]) == ("late", "degraded")
    waiting = [line for line in metrics.splitlines() if line.startswith("careloom_trail_waiting_events")]
    assert len(waiting) == 1
    assert int(waiting[0].rpartition(" ")[2]) >= 4


def test_without_a_siem_nothing_is_said_of_one(storage: Storage):
    place = town(Settings(storage))
    assert "siem" not in place.session().get(f"{place.base_url}/readyz", timeout=5).json()
    assert "careloom_trail" not in place.session().get(f"{place.base_url}/metrics", timeout=5).text


@pytest.mark.xdist_group("processes")
def test_a_whole_installation_sends_its_events_and_its_tree_heads(up: Up, siem: Siem):
    up.environ |= {
        "CARELOOM_SIEM_URL": f"syslog+tls://localhost:{siem.port}",
        "CARELOOM_SIEM_CA": str(siem.papers.ca),
        "CARELOOM_CHECKPOINTS": "file,syslog",
        "CARELOOM_CHECKPOINT_EVERY_SECONDS": "1",
    }
    siem.stop()
    process = up.start()
    siem.start()

    def kinds() -> set[str]:
        return {data["kind"] for data in siem.data()}

    eventually(lambda: kinds() == {"FHIR+AuditEvent", "tlog-checkpoint"}, 60, "events and tree heads")
    assert "system:start" in {
        body["meta"]["tag"][0]["code"] for body in siem.bodies() if body.get("resourceType") == "AuditEvent"
    }
    process.terminate()
    assert process.wait(10) == 0
    assert "Traceback" not in up.log.read_text()


def test_files_that_cannot_be_used_stop_the_start(up: Up, tmp_path: Path):
    up.environ |= {
        "CARELOOM_SIEM_URL": "syslog+tls://localhost",
        "CARELOOM_SIEM_CA": str(tmp_path / "none.pem"),
    }
    assert "CARELOOM_SIEM_CA" in up.refused()
    assert not (up.folder / "careloom.db").exists()
