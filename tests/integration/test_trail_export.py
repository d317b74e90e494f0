"""An export of a real trail, of both databases, checked by the file beside it alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.custody import checkpoint, signing
from gateway.custody.database import Database, Side
from gateway.custody.export import writing
from gateway.custody.export.writing import CSV, NDJSON, Source, Wish
from gateway.custody.settings import Storage
from tests.actors import Town
from tests.unit.gateway.custody.export.folders import check, places

ANNA = {"resourceType": "Patient", "id": "mrn-1", "name": [{"family": "Muster"}], "gender": "female"}
NOW = 1_800_000_000_000_000


@pytest.fixture
def source(storage: Storage, here: Town) -> Source:
    hospital = here.hospital()
    hospital.puts(ANNA)
    for _ in range(5):
        hospital.reads("Patient/mrn-1")
    database = Database.open(storage.database_url, Side.TRUSTED)
    signer = signing.load(storage.key_paths.audit)
    return Source(database, storage.data_dir / checkpoint.FOLDER, signer)


@pytest.mark.parametrize("form", [NDJSON, CSV])
def test_it_is_whole_and_names_nobody(source: Source, tmp_path: Path, form: str):
    writing.export(source, tmp_path / "out", Wish(form=form), NOW, lambda _: None)
    found = check(tmp_path / "out")
    assert (found["ok"], found["faults"]) == (True, [])
    text = "".join(path.read_text("utf-8") for path in (tmp_path / "out").rglob("events.*"))
    assert "rest:read" in text
    assert not any(word in text for word in ("Muster", "mrn-1"))


def test_what_was_altered_in_the_database_is_found_in_the_export(source: Source, tmp_path: Path):
    checkpoint.take(source.database, source.witnesses, source.signer, NOW)
    with source.database.write() as conn:
        conn.exec_driver_sql("UPDATE audit_event SET action = 'D' WHERE log = 1 AND seq = 4")
    writing.export(source, tmp_path / "out", Wish(), NOW, lambda _: None)
    assert places(check(tmp_path / "out")) == [(4, 4)]
