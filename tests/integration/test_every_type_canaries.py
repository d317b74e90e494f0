"""Resources of all 146 types, with a canary wherever R4 lets a text stand, through the whole installation.

They come over HTTP, are relayed, planned for, asked for by a partner under every profile. Then all that is
kept or said is searched: every column, every file with its write-ahead log, the broker, logs and metrics.
"""

from __future__ import annotations

import base64
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.custody import logs
from gateway.custody.settings import Storage
from gateway.custody.tables import data, keys
from gateway.privacy.policy import PROFILES
from gateway.run import processes
from mappers import lossless
from mappers.r4.model import MODEL
from tests.actors import Hospital, Partner, Town
from tests.canaries import WORD, valid
from tests.desk import diabetic, put
from tests.integration.test_day_canaries import cells, files, found_in
from tests.servers import redis_client

pytestmark = pytest.mark.xdist_group("processes")

NAME = "Quillfeather"
"""Stands for the canary: the search of a day's work knows it in every form."""
ASKED = ("CarePlan", "Goal", "Observation", "Patient", "Condition", "Provenance", "Basic", "Consent", "Media")
_BASE64 = base64.b64encode(WORD.encode()), base64.b64encode(NAME.encode())


def resource(kind: str) -> dict[str, Any]:
    text = lossless.dumps(valid(kind)).replace(WORD.encode(), NAME.encode()).replace(*_BASE64)
    body: dict[str, Any] = lossless.loads(text)
    return body


@pytest.fixture
def running(sqlite_storage: Storage, broker_url: str, tmp_path: Path) -> Iterator[Path]:
    """Relay and worker beside the gateway; the file that they log to."""
    environ = {
        **os.environ,
        "CARELOOM_DATA_DIR": str(sqlite_storage.data_dir),
        "CARELOOM_DATABASE_URL": sqlite_storage.database_url,
        "CARELOOM_KEYS_URL": sqlite_storage.keys_url,
        "CARELOOM_BROKER_URL": broker_url,
    }
    said = tmp_path / "processes.log"
    with said.open("ab") as log:
        begun = [
            subprocess.Popen(line, env=own, stdout=log, stderr=log, start_new_session=True)
            for line, own in (processes.relay(environ), processes.worker(environ, 1))
        ]
    yield said
    for process in begun:
        os.killpg(process.pid, signal.SIGTERM)
    for process in begun:
        process.wait(20)


def stored(hospital: Hospital) -> int:
    """How many of all types were taken in; each entry of the batch stands alone."""
    entries = [
        {"resource": body, "request": {"method": "PUT", "url": f"{body['resourceType']}/{body['id']}"}}
        for body in map(resource, sorted(MODEL.resources))
    ]
    answer = hospital.submits({"resourceType": "Bundle", "type": "batch", "entry": entries})
    assert answer.status_code == 200
    responses = answer.json()["entry"]
    refused = [one["response"] for one in responses if not one["response"]["status"].startswith("20")]
    assert not [one for one in refused if found_in(lossless.dumps(one.get("outcome", {})))]
    return len(responses) - len(refused)


def until_planned(partner: Partner, seconds: float = 60) -> None:
    """Until the partner finds a plan."""
    end = time.monotonic() + seconds
    while not partner.polls().json().get("entry"):
        assert time.monotonic() < end, "no plan was made"
        time.sleep(0.2)


def test_law_2_of_no_type_does_a_canary_lie_open(
    embedded: Town,
    sqlite_storage: Storage,
    broker_url: str,
    running: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    logs.configure("test")
    hospital = embedded.hospital("st-anna")
    assert stored(hospital) >= len(MODEL.resources) - 3
    entries = [put(one) for one in diabetic("mrn-quill")]
    assert hospital.submits({"resourceType": "Bundle", "type": "transaction", "entry": entries}).ok
    for profile in (None, *PROFILES):
        partner = embedded.partner(f"{profile}-gmbh", "st-anna", profile=profile)
        until_planned(partner)
        for kind in ASKED:
            answer = partner.asks("GET", kind)
            assert answer.status_code == 200, kind
            assert not found_in(f"{answer.text} {dict(answer.headers)}"), kind
    held = [*cells(sqlite_storage.database_url, data), *cells(sqlite_storage.keys_url, keys)]
    assert {where for where, _ in held} >= {"version.clinical", "withheld.sealed", "search_token.key"}
    held += files(sqlite_storage.data_dir)
    assert any(where.endswith("-wal") for where, _ in held)
    with redis_client(broker_url) as broker:
        held += [("broker", broker.dump(key)) for key in broker.scan_iter()]
    held += [("metrics", embedded.session().get(f"{embedded.base_url}/metrics", timeout=5).content)]
    said = capfd.readouterr()
    held += [("stdout", said.out), ("stderr", said.err), ("processes", running.read_bytes())]
    assert not [(where, found) for where, cell in held if (found := found_in(cell))]


def test_there_is_a_canary_at_most_places_of_every_type() -> None:
    """The search would find them: whoever sent them reads them back."""
    counts = {kind: lossless.dumps(resource(kind)).count(NAME.encode()) for kind in MODEL.resources}
    assert min(counts.values()) >= 1
    assert sum(counts.values()) > 2_000
    assert found_in(lossless.dumps(resource("Patient"))) == [NAME]
