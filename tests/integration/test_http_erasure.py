"""An erasure beside a running gateway: what its clients are told from that moment on."""

from __future__ import annotations

import os
from typing import Any

import pytest

from gateway.cli import main as root
from gateway.custody import jobs
from gateway.custody.opening import open_clinic
from gateway.custody.settings import Storage
from mappers import lossless
from tests.actors import Hospital, Town
from tests.desk import bundle, diabetic, observation, patient, put
from workers import plan, station


def erase(storage: Storage, id_: str, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """The command, with its own connections and nothing of the gateway's caches."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CARELOOM_DATA_DIR", str(storage.data_dir))
        patch.setenv("CARELOOM_DATABASE_URL", storage.database_url)
        patch.setenv("CARELOOM_KEYS_URL", storage.keys_url)
        words = ["patient", "erase", "--organization", "st-anna", "--reason", "DSR 114", "--yes", "--json"]
        assert root.main([*words, id_]) == 0
    told: dict[str, Any] = lossless.loads(capsys.readouterr().out.encode())
    return told


def works(storage: Storage) -> None:
    """Every plan that is due."""
    clinic = open_clinic(storage)
    now = station.microseconds()
    at = station.Station(clinic, station.load_knowledge(), lambda: now, os.urandom)
    try:
        with clinic.database.read() as conn:
            due = [job.id for job in jobs.due(conn, now, 100) if job.kind == "plan"]
        for job_id in due:
            plan.do(at, job_id)
    finally:
        clinic.close()


def gone(hospital: Hospital, method: str, path: str, body: Any = None) -> None:
    answer = hospital.asks(method, path, body)
    assert answer.status_code == 410, (method, path, answer.text)
    told = lossless.loads(answer.content)
    assert told["issue"][0]["code"] == "deleted"
    assert "anna" not in answer.text


def test_the_ehr_is_told_410_from_that_moment_on(
    storage: Storage, here: Town, capsys: pytest.CaptureFixture[str]
) -> None:
    hospital, officer = here.hospital(), here.officer()
    sent = [*diabetic("anna"), patient("berta")]
    assert hospital.submits(bundle(*map(put, sent)), key="k-1").status_code == 200
    assert hospital.reads("Patient/anna") == hospital.reads("Patient/anna"), "its keys are cached"
    assert erase(storage, "anna", capsys)["keys"] == 2
    for path in ("Patient/anna", "Patient/anna/_history/1", "Patient/anna/_history", "Condition/anna-dm"):
        gone(hospital, "GET", path)
    gone(hospital, "PUT", "Patient/anna", patient("anna"))
    gone(hospital, "PUT", "Observation/new", observation("new", "Patient/anna"))
    gone(hospital, "POST", "Observation", observation("x", "Patient/anna"))
    gone(hospital, "DELETE", "Patient/anna")
    gone(hospital, "POST", "", bundle(put(observation("anna-a1c", "Patient/berta"))))
    assert hospital.submits(bundle(*map(put, sent)), key="k-1").status_code == 410
    assert hospital.searches("Patient?name=Hopkins") == [hospital.reads("Patient/berta")]
    assert hospital.puts(patient("berta", gender="other")).status_code == 200
    kinds = [event["subtype"][-1]["code"] for event in officer.searches("AuditEvent")]
    assert {"erasure:begin", "erasure:end"} <= set(kinds)


def test_a_partner_finds_the_plan_no_more_and_is_told_that_it_is_gone(
    storage: Storage, here: Town, capsys: pytest.CaptureFixture[str]
) -> None:
    hospital = here.hospital()
    partner = here.partner("app-gmbh", "st-anna")
    hospital.submits(bundle(*map(put, diabetic("anna"))))
    works(storage)
    (shown,) = lossless.loads(partner.polls().content)["entry"]
    etag = partner.polls().headers.get("ETag", "")
    erase(storage, "anna", capsys)
    answer = partner.polls(etag)
    assert answer.status_code == 200, "what was found has changed"
    assert lossless.loads(answer.content).get("entry", []) == []
    assert partner.asks("GET", f"CarePlan/{shown['resource']['id']}").status_code == 410
