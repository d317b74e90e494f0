"""After a day of work nothing of anybody lies open: every column, every file, every line that was said.

Canaries stand where names, numbers and free text stand, in what is stored, in what is refused, in urls, in
keys of requests and in the words of errors. Then everything that Careloom keeps is searched for them.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
import structlog
from sqlalchemy import MetaData, select, update

from gateway import delivery, housekeeping
from gateway.custody import jobs, logs
from gateway.custody.database import Database, Side
from gateway.custody.jobs import SECOND
from gateway.custody.opening import open_clinic
from gateway.custody.settings import Storage
from gateway.custody.tables import client, data, keys
from gateway.delivery import Office
from gateway.privacy import policy
from gateway.release import Release
from mappers import lossless
from tests.actors import Hospital, Town
from tests.desk import erasing
from workers import plan, reading, station
from workers.station import Station

NAMES = ("Quillfeather", "Zebulonia", "Vexwort")
NUMBERS = ("MRN-77310042", "+15550190042", "1961-04-17")
WORDS = ("skydiving incident", "Lobelia", "white villa", "Ann Example", "kitten-key", "nobody-of-this-name")
CANARIES = (*NAMES, *NUMBERS, *WORDS, "mrn-quill", "obs-quill", "note-quill")
SYSTEM = "urn:oid:1.3.6.1.4.1.99999.1.1"


def patient() -> dict[str, Any]:
    return {
        "resourceType": "Patient",
        "id": "mrn-quill",
        "text": {
            "status": "generated",
            "div": '<div xmlns="http://www.w3.org/1999/xhtml">Quillfeather</div>',
        },
        "identifier": [{"system": SYSTEM, "value": "MRN-77310042"}],
        "name": [{"family": "Quillfeather", "given": ["Zebulonia"]}],
        "telecom": [{"system": "phone", "value": "+15550190042"}],
        "address": [{"line": ["the white villa"], "city": "Vexwort"}],
        "gender": "female",
        "birthDate": "1961-04-17",
        "contact": [{"name": {"text": "Lobelia"}}],
        "extension": [{"url": "urn:hospital:remark", "valueString": "skydiving incident"}],
    }


def condition() -> dict[str, Any]:
    clinical = "http://terminology.hl7.org/CodeSystem/condition-clinical"
    return {
        "resourceType": "Condition",
        "clinicalStatus": {"coding": [{"system": clinical, "code": "active"}]},
        "code": {
            "coding": [{"system": "http://snomed.info/sct", "code": "44054006", "display": "Lobelia"}],
            "text": "skydiving incident",
        },
        "subject": {"reference": "Patient/mrn-quill", "display": "Zebulonia Quillfeather"},
        "note": [{"text": "Ann Example called from the white villa"}],
    }


def value() -> dict[str, Any]:
    quantity = {"value": lossless.loads(b"9.1"), "unit": "%", "code": "%"}
    return {
        "resourceType": "Observation",
        "id": "obs-quill",
        "identifier": [{"system": SYSTEM, "value": "MRN-77310042"}],
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "4548-4"}], "text": "Lobelia"},
        "subject": {"reference": "Patient/mrn-quill"},
        "effectiveDateTime": "2026-01-03",
        "valueQuantity": {**quantity, "system": "http://unitsofmeasure.org"},
    }


def note() -> dict[str, Any]:
    text = base64.b64encode(b"Quillfeather, of the white villa").decode()
    return {
        "resourceType": "DocumentReference",
        "id": "note-quill",
        "status": "current",
        "description": "skydiving incident",
        "subject": {"reference": "Patient/mrn-quill"},
        "content": [{"attachment": {"contentType": "text/plain", "data": text, "title": "Lobelia"}}],
    }


@dataclass
class Day:
    """An installation, who works in it, and what it gives back."""

    storage: Storage
    town: Town
    office: Office
    worker: Station

    def bundle(self, hospital: Hospital) -> requests.Response:
        """Stored under an Idempotency-Key, conditional on a medical record number."""
        entries = [
            {"resource": patient(), "request": {"method": "PUT", "url": "Patient/mrn-quill"}},
            {
                "resource": condition(),
                "request": {
                    "method": "POST",
                    "url": "Condition",
                    "ifNoneExist": f"identifier={SYSTEM}|MRN-77310042",
                },
            },
            {"resource": value(), "request": {"method": "PUT", "url": "Observation/obs-quill"}},
            {"resource": note(), "request": {"method": "PUT", "url": "DocumentReference/note-quill"}},
            {"request": {"method": "GET", "url": "Patient/mrn-quill"}},
        ]
        body = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
        return hospital.submits(body, key="kitten-key-Quillfeather")

    def works(self) -> None:
        for job_id in self.due("plan"):
            plan.do(self.worker, job_id)

    def due(self, kind: str) -> list[bytes]:
        with self.office.vault.database.read() as conn:
            return [job.id for job in jobs.due(conn, self.office.clock(), 50) if job.kind == kind]


@pytest.fixture
def day(storage: Storage, here: Town) -> Iterator[Day]:
    logs.configure("test")
    later = 0

    def clock() -> int:
        return station.microseconds() + later

    assert here.app is not None
    vault = here.app.extensions["careloom_vault"]
    release = Release(vault, policy.load("partner-limited"), clock, os.urandom)
    clinic = open_clinic(storage)
    yield Day(
        storage,
        here,
        Office(storage, vault, release, clock, os.urandom, erasing(vault, release, clock)),
        Station(clinic, station.load_knowledge(), clock, os.urandom),
    )
    clinic.close()
    structlog.reset_defaults()


def refused(hospital: Hospital) -> set[int]:
    """Requests that cannot be served, each with a canary in another place."""
    broken = {**patient(), "gender": "Quillfeather", "Zebulonia": "Lobelia"}
    answers = [
        hospital.puts({**broken, "id": "mrn-quill"}),
        hospital.asks("GET", "Patient/nobody-of-this-name"),
        hospital.asks("GET", "Patient?Quillfeather=Zebulonia"),
        hospital.asks("GET", "Quillfeather/mrn-quill"),
        hospital.asks("POST", "", {"resourceType": "Bundle", "type": "Quillfeather"}),
        hospital.puts(patient(), If_Match='W/"7"'),
        hospital.submits(
            {"resourceType": "Bundle", "type": "transaction", "entry": []}, "kitten-key-Quillfeather"
        ),
        hospital.asks("PATCH", "Patient/mrn-quill", {"Quillfeather": 1}),
    ]
    for answer in answers:
        assert not found_in(answer.content), answer.text
    return {answer.status_code for answer in answers}


def found_in(cell: Any) -> list[str]:
    """The canaries that stand in a cell, whatever it holds."""
    if isinstance(cell, str):
        cell = cell.encode()
    if not isinstance(cell, bytes | bytearray | memoryview):
        cell = str(cell).encode()
    low = bytes(cell).lower()
    return [word for word in CANARIES if any(form in low for form in forms(word))]


def forms(word: str) -> tuple[bytes, ...]:
    """How a word may lie about: plain, as hexadecimal digits, in UTF-16, and in base64 at any offset."""
    plain = word.lower().encode()
    raw = word.encode()
    padded = (base64.b64encode(b"\0" * shift + raw)[4 if shift else 0 : -4] for shift in range(3))
    return (plain, raw.hex().encode(), plain.decode().encode("utf-16-le"), *(p.lower() for p in padded))


def cells(url: str, tables: MetaData) -> Iterator[tuple[str, Any]]:
    """Every cell of every table."""
    database = Database.open(url, Side.TRUSTED)
    try:
        with database.read() as conn:
            for name, table in tables.tables.items():
                for row in conn.execute(select(table)):
                    yield from ((f"{name}.{column}", cell) for column, cell in row._mapping.items())
    finally:
        database.close()


def files(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield path.name, path.read_bytes()


def test_law_2_nothing_of_anybody_lies_open_after_a_day(
    day: Day, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    hospital, partner = day.town.hospital(), day.town.partner("app-gmbh", "st-anna")
    assert day.bundle(hospital).status_code == 200
    assert day.bundle(hospital).status_code == 200
    assert refused(hospital) == {400, 404, 412, 422}
    for query in (
        "Patient?family=Quillfeather",
        f"Patient?identifier={SYSTEM}|MRN-77310042",
        "Patient?phone=%2B15550190042",
        "Patient?birthdate=1961-04-17",
        "Observation?subject=Patient/mrn-quill&code=http://loinc.org|4548-4",
    ):
        assert len(hospital.searches(query)) == 1, query
    assert hospital.reads("Patient/mrn-quill")["name"][0]["family"] == "Quillfeather"
    _a_worker_fails_and_recovers(day, monkeypatch)
    _a_delivery_fails(day)
    polled = partner.polls()
    assert polled.json()["entry"]
    assert not found_in(polled.content)
    assert hospital.asks("DELETE", "DocumentReference/note-quill").status_code in (200, 204)
    for chore in housekeeping.CHORES:
        chore.do(day.office)

    held = [*cells(day.storage.database_url, data), *cells(day.storage.keys_url, keys)]
    assert {where.partition(".")[0] for where, _ in held} >= {
        "version",
        "withheld",
        "link",
        "idempotency",
        "identity_token",
        "search_token",
        "job",
        "audit_event",
        "clinical_key",
    }
    held += files(day.storage.data_dir)
    session = day.town.session()
    held += [("metrics", session.get(f"{day.town.base_url}/metrics", timeout=5).content)]
    said = capfd.readouterr()
    held += [("stdout", said.out), ("stderr", said.err)]
    assert not [(where, found) for where, cell in held if (found := found_in(cell))]


def _a_worker_fails_and_recovers(day: Day, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ValueError("Zebulonia Quillfeather, MRN-77310042")

    with monkeypatch.context() as patch:
        patch.setattr(plan.apply, "plan", broken)
        day.works()
    with day.office.vault.database.write() as conn:
        conn.execute(
            update(data.tables["job"]).where(data.tables["job"].c.error.is_not(None)).values(not_before=0)
        )
    day.works()
    assert day.due("push")


def _a_delivery_fails(day: Day) -> None:
    def away(_url: str, _body: bytes) -> None:
        raise requests.ConnectionError("Ann Example at the white villa")

    with day.office.vault.database.write() as conn:
        conn.execute(
            update(client).where(client.c.role == "ehr").values(fhir_endpoint="https://ehr.test/fhir")
        )
    for job_id in day.due("push"):
        delivery.do(day.office, job_id, away)


def test_the_search_for_canaries_finds_one_in_every_form() -> None:
    for text in (
        "x Quillfeather y",
        "QUILLFEATHER",
        "quillfeather".encode("utf-16-le"),
        b"Quillfeather".hex(),
    ):
        assert found_in(text) == ["Quillfeather"]
    for shift in range(3):
        assert found_in(base64.b64encode(b"x" * shift + b"Quillfeather and more")) == ["Quillfeather"]
    assert not found_in("nothing") + found_in(None) + found_in(7)


def test_law_3_what_a_worker_can_open_names_nobody(day: Day) -> None:
    """Everything that the clinical side reads, with every key that it has."""
    assert day.bundle(day.town.hospital()).status_code == 200
    (job_id,) = day.due("plan")
    now = day.office.clock()
    with day.worker.clinic.database.write() as conn:
        claim = jobs.claim(conn, job_id, now, 60 * SECOND)
    assert claim is not None
    known = reading.read(day.worker.clinic, claim, now)
    assert {opened.type for opened in known.sent} >= {"Patient", "Condition", "Observation"}
    for opened in known.sent:
        assert not found_in(lossless.dumps(dict(opened.body)))
    (person,) = [opened.body for opened in known.sent if opened.type == "Patient"]
    assert person["birthDate"] == "1961-04"
