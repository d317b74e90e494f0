"""How far the receivers are, for people and programs; and what checkpoints and verification do with them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bench.receiver import papers
from gateway.cli.main import main
from gateway.custody import audit
from gateway.custody.database import Database, Side
from gateway.custody.ids import Tenant
from gateway.custody.settings import Storage
from tests.receivers import Siem
from tests.unit.gateway.custody.trails import event, owned
from tests.unit.gateway.witnesses.buckets import NAME
from tests.unit.gateway.witnesses.buckets import client as client

LOG = Tenant(2)


class House:
    """An installation with three events of long ago, and the settings that a test gives it."""

    def __init__(
        self, storage: Storage, capsys: pytest.CaptureFixture[str], patch: pytest.MonkeyPatch
    ) -> None:
        self.storage, self._capsys, self._patch = storage, capsys, patch
        self.database = Database.open(storage.database_url, Side.TRUSTED)
        with self.database.write() as conn:
            owned(conn, LOG)
        self.appends(3)

    def appends(self, count: int) -> None:
        with self.database.write() as conn:
            audit.append(conn, LOG, [event(number) for number in range(count)])

    def sets(self, **settings: str) -> None:
        for name, value in settings.items():
            self._patch.setenv(f"CARELOOM_{name}", value)

    def runs(self, *words: str) -> tuple[int, str, str]:
        status = main(["audit", *words, "--data-dir", str(self.storage.data_dir)])
        said = self._capsys.readouterr()
        return status, said.out, said.err


@pytest.fixture
def house(
    sqlite_storage: Storage, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[House]:
    # Whatever a command sets is put back.
    monkeypatch.setenv("CARELOOM_DATA_DIR", "elsewhere")
    house = House(sqlite_storage, capsys, monkeypatch)
    yield house
    house.database.close()


def test_what_was_never_signed_is_late_and_what_was_is_not(house: House):
    status, out, _ = house.runs("receivers", "--json")
    (row,) = json.loads(out)
    assert status == 1
    assert (row["receiver"], row["state"], row["waiting"]) == ("checkpoints:file", "late", 3)
    assert house.runs("checkpoint")[0] == 0
    status, out, _ = house.runs("receivers", "--json")
    (row,) = json.loads(out)
    assert status == 0
    assert (row["state"], row["waiting"], row["seconds"]) == ("ok", 0, 0)
    assert [(log["log"], log["taken"]) for log in row["logs"]] == [(LOG, 3)]
    assert house.runs("receivers")[1] == "checkpoints:file: ok, has everything\n"


def test_a_siem_that_was_sent_nothing_has_everything_before_it(house: House):
    house.sets(SIEM_URL="syslog+tls://siem.example.org")
    house.runs("checkpoint")
    status, out, _ = house.runs("receivers")
    assert status == 1
    assert "siem: late, 3 event(s) wait, the oldest for " in out


def test_a_checkpoint_goes_to_the_witnesses_at_once(house: House, client: Any):
    house.sets(CHECKPOINTS=f"file,s3://{NAME}/careloom")
    status, out, _ = house.runs("checkpoint", "--json")
    (row,) = json.loads(out)
    assert status == 0
    assert row["places"] == {f"s3://{NAME}/careloom": "taken"}
    assert len(client.list_objects_v2(Bucket=NAME)["Contents"]) == 1
    house.appends(1)
    assert f"s3://{NAME}/careloom: has every checkpoint" in house.runs("checkpoint")[1]
    told = json.loads(house.runs("receivers", "--json")[1])
    assert [(one["receiver"], one["state"]) for one in told] == [
        ("checkpoints:file", "ok"),
        (f"checkpoints:s3://{NAME}/careloom", "ok"),
    ]


def test_a_witness_that_is_away_is_said_and_keeps_nobody_from_signing(house: House, tmp_path: Path):
    siem = Siem(papers(tmp_path))
    siem.stop()
    house.sets(
        CHECKPOINTS="syslog", SIEM_URL=f"syslog+tls://localhost:{siem.port}", SIEM_CA=str(siem.papers.ca)
    )
    status, out, err = house.runs("checkpoint", "--json")
    assert status == 0
    assert json.loads(out)[0]["places"] == {"syslog": "waits"}
    assert "ConnectionRefusedError" in err
    told = {one["receiver"]: one for one in json.loads(house.runs("receivers", "--json")[1])}
    assert told["checkpoints:syslog"]["trouble"] == "ConnectionRefusedError"


def test_the_trail_is_verified_against_what_is_kept_outside(house: House, client: Any, tmp_path: Path):
    house.sets(CHECKPOINTS=f"s3://{NAME}/careloom")
    house.runs("checkpoint")
    folder = house.storage.data_dir / "checkpoints"
    shutil.copytree(folder, tmp_path / "copies")
    both = ("--witness", str(tmp_path / "copies"), "--witness", f"s3://{NAME}/careloom")
    assert house.runs("verify", *both)[0] == 0
    with house.database.write() as conn:
        for table in ("audit_event", "audit_head"):
            conn.exec_driver_sql(f"DELETE FROM {table}")
    shutil.rmtree(folder)
    house.appends(2)
    assert house.runs("checkpoint")[0] == 0
    assert house.runs("verify")[0] == 0
    for place in both[1::2]:
        status, _, err = house.runs("verify", "--witness", place)
        assert status == 1
        assert err.startswith("log 2, events 2 to 2: events are missing at the end")


def test_law_12_a_place_that_shows_nothing_is_an_error_and_no_proof(house: House, tmp_path: Path):
    house.runs("checkpoint")
    (tmp_path / "empty").mkdir()
    status, out, err = house.runs("verify", "--witness", str(tmp_path / "empty"))
    assert (status, out) == (1, "")
    assert "no checkpoint of this installation" in err
