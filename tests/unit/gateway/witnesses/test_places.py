"""The places that the settings name, and what a syslog receiver is told of a checkpoint."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bench.receiver import papers
from gateway.copies import Copies
from gateway.custody import note
from gateway.custody.errors import Misconfigured
from gateway.custody.receivers import Cursor
from gateway.syslog.line import Target
from gateway.witnesses import places
from gateway.witnesses.notes import following
from gateway.witnesses.places import KIND, Syslog, made
from gateway.witnesses.s3 import Bucket
from tests.receivers import Siem
from tests.unit.gateway.custody.trails import HOSPITAL, START, Trail, event
from tests.unit.gateway.witnesses.buckets import NAME
from tests.unit.gateway.witnesses.buckets import client as client


def now() -> int:
    return START


def test_a_syslog_receiver_is_told_the_whole_note(tmp_path: Path):
    trail = Trail(tmp_path)
    trail.append(event(0), event(1))
    trail.sign()
    kept = following(trail.folder, trail.signer, Cursor(HOSPITAL))
    siem = Siem(papers(tmp_path))
    copies = Copies(siem=siem.target(), places=("syslog",))
    made(copies, "careloom.example.org", now)["syslog"].put(kept)
    siem.stop()
    (data,), (body,) = list(siem.data()), siem.bodies()
    origin = trail.signer.origin(HOSPITAL)
    assert (data["kind"], data["log"], data["size"], data["origin"]) == (KIND, "7", "2", origin)
    assert note.open_note(body["note"], origin, trail.signer.trusted) == kept[0].checkpoint
    assert (body["size"], body["root"]) == (2, kept[0].checkpoint.root.hex())


def test_each_place_is_what_its_name_says(client: Any):
    copies = Copies(siem=Target("siem.example.org"), places=("syslog", f"s3://{NAME}/a/b", f"s3://{NAME}"))
    found = made(copies, "-", now)
    assert isinstance(found["syslog"], Syslog)
    one, two = found[f"s3://{NAME}/a/b"], found[f"s3://{NAME}"]
    assert isinstance(one, Bucket)
    assert isinstance(two, Bucket)
    assert (one.bucket, one.prefix, two.prefix) == (NAME, "a/b", "")
    assert one.keep_until().year == 2029


def test_what_keeps_nothing_is_refused_at_start(client: Any, tmp_path: Path):
    places.check(Copies(places=(f"s3://{NAME}",)), now)
    client.create_bucket(Bucket="open")
    with pytest.raises(Misconfigured, match="object lock"):
        places.check(Copies(places=(f"s3://{NAME}", "s3://open/x")), now)
    with pytest.raises(Misconfigured, match="CARELOOM_SIEM_CA"):
        places.check(Copies(siem=Target("x", ca=tmp_path / "none.pem")), now)
