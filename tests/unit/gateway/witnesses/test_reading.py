"""A fork, or a truncation, together with rewritten files is found by what is kept outside."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from gateway.custody import checkpoint, verify
from gateway.custody.providers.keyfile import RootSecrets
from gateway.custody.receivers import Cursor
from gateway.custody.signing import Signer
from gateway.witnesses import reading
from gateway.witnesses.notes import following
from gateway.witnesses.reading import NoWitness
from tests.unit.gateway.custody.trails import HOSPITAL, START, Trail, event
from tests.unit.gateway.witnesses.buckets import NAME, bucket
from tests.unit.gateway.witnesses.buckets import client as client


@pytest.fixture
def trail(tmp_path: Path) -> Trail:
    """Ten events, signed after four and at the end, with copies in a folder."""
    trail = Trail(tmp_path)
    trail.append(*map(event, range(4)))
    trail.sign(START + 1)
    trail.append(*map(event, range(4, 10)))
    trail.sign(START + 2)
    shutil.copytree(trail.folder, tmp_path / "copies")
    return trail


def report(trail: Trail, place: str) -> verify.Report:
    own = checkpoint.witnesses(trail.folder, trail.signer)
    outside = reading.witnesses(place, None, trail.signer)
    with trail.database.read() as conn:
        return verify.verify(conn, checkpoint.beside(own, outside))


def copies(trail: Trail) -> str:
    return str(trail.folder.parent / "copies")


def rewritten(trail: Trail, *numbers: int) -> None:
    """Another history, head and files made to fit: by somebody who holds the database and the key."""
    trail.tamper("DELETE FROM audit_event")
    trail.tamper("DELETE FROM audit_head")
    shutil.rmtree(trail.folder)
    for number in numbers:
        trail.append(event(number))
    trail.sign(START + 3)


def test_what_is_kept_outside_agrees_with_what_was_not_touched(trail: Trail):
    found = report(trail, copies(trail))
    assert found.ok
    assert found.checkpoints == 2


def test_a_fork_with_rewritten_files_is_found_by_the_copies_alone(trail: Trail):
    rewritten(trail, *range(4), 99, *range(5, 10))
    assert trail.report().ok
    (fault,) = report(trail, copies(trail)).faults
    assert (fault.log, fault.first, fault.last) == (HOSPITAL, 0, 9)


def test_a_truncation_with_rewritten_files_is_found_by_the_copies_alone(trail: Trail):
    rewritten(trail, *range(7))
    assert trail.report().ok
    (fault,) = report(trail, copies(trail)).faults
    assert (fault.first, fault.last, fault.what) == (7, 9, "events are missing at the end")


def test_deleted_files_are_made_up_for(trail: Trail):
    trail.tamper("DELETE FROM audit_event")
    trail.tamper("DELETE FROM audit_head")
    shutil.rmtree(trail.folder)
    assert trail.report().ok
    assert not report(trail, copies(trail)).ok


def test_a_bucket_is_as_good_as_a_folder(trail: Trail, client: Any):
    bucket(client).put(following(trail.folder, trail.signer, Cursor(HOSPITAL)))
    assert report(trail, f"s3://{NAME}/careloom/").ok
    rewritten(trail, *range(7))
    assert not report(trail, f"s3://{NAME}/careloom").ok


def test_a_copy_of_a_bucket_is_as_good_as_the_bucket(trail: Trail, tmp_path: Path):
    for kept in following(trail.folder, trail.signer, Cursor(HOSPITAL)):
        path = tmp_path / "synced" / kept.checkpoint.origin / str(kept.checkpoint.size)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(kept.text, "utf-8")
    rewritten(trail, *range(7))
    assert not report(trail, str(tmp_path / "synced")).ok


def test_a_copy_that_was_edited_is_told(trail: Trail):
    path = Path(copies(trail)) / f"{HOSPITAL}.log"
    path.write_text(path.read_text("utf-8").replace("\n4\n", "\n5\n"), "utf-8")
    (fault,) = report(trail, copies(trail)).faults
    assert "do not bear our signature" in fault.what


def test_law_12_a_place_with_nothing_of_ours_shows_nothing(trail: Trail, tmp_path: Path, client: Any):
    (tmp_path / "empty").mkdir()
    other = Signer.of(RootSecrets(1, {1: bytes(range(1, 33))}))
    for place, signer in (
        (str(tmp_path / "empty"), trail.signer),
        (str(tmp_path / "nowhere"), trail.signer),
        (copies(trail), other),
        (f"s3://{NAME}", trail.signer),
        ("s3://nowhere", trail.signer),
    ):
        with pytest.raises(NoWitness):
            reading.witnesses(place, None, signer)


@pytest.mark.parametrize("envelope", ["{}", '{{"message": {}}}', '[{{"event": {{"raw": {}}}}}]'])
def test_notes_are_read_back_from_what_a_siem_kept(trail: Trail, tmp_path: Path, envelope: str):
    kept = following(trail.folder, trail.signer, Cursor(HOSPITAL, 0, 0, 0))
    assert len(kept) == 2
    lines = []
    for one in kept:
        body = json.dumps({"origin": "o", "size": one.checkpoint.size, "note": one.text})
        line = f"<85>1 2026-03-02T09:30:00Z h careloom - tlog-checkpoint - {body}"
        lines.append(line if envelope == "{}" else envelope.format(json.dumps(line)))
    (tmp_path / "siem").mkdir()
    (tmp_path / "siem" / "messages").write_text("\n".join(["noise", '{"note": 1}', *lines]), "utf-8")
    found = reading.witnesses(str(tmp_path / "siem"), None, trail.signer)
    assert [one.size for one in found[HOSPITAL].checkpoints] == [4, 10]
