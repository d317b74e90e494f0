"""What is put into a bucket stays as it was put, and a bucket that would not keep it is refused."""

from __future__ import annotations

import base64
from hashlib import sha256
from pathlib import Path
from typing import Any

import botocore.exceptions as aws
import pytest
import structlog

from gateway.custody import note
from gateway.custody.errors import Misconfigured
from gateway.custody.note import Checkpoint
from gateway.custody.receivers import Cursor
from gateway.syslog.line import Away
from gateway.witnesses.notes import Kept, following
from tests.unit.gateway.custody.trails import HOSPITAL, START, Trail, event
from tests.unit.gateway.witnesses.buckets import NAME, UNTIL, bucket
from tests.unit.gateway.witnesses.buckets import client as client


@pytest.fixture
def kept(tmp_path: Path) -> list[Kept]:
    trail = Trail(tmp_path)
    for number in range(3):
        trail.append(event(number))
        trail.sign(START + number)
    return following(trail.folder, trail.signer, Cursor(HOSPITAL))


def keys(client: Any) -> list[str]:
    return sorted(one["Key"] for one in client.list_objects_v2(Bucket=NAME).get("Contents", ()))


def failing(client: Any, call: str, error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(**_: object) -> None:
        raise error

    monkeypatch.setattr(client, call, fail)


def refused(code: str) -> aws.ClientError:
    return aws.ClientError(
        {"Error": {"Code": code, "Message": "arn:aws:iam::123456789012:user/x"}}, "PutObject"
    )


def test_one_object_per_checkpoint_named_by_origin_and_size(client: Any, kept: list[Kept]):
    bucket(client).put(kept)
    origin = kept[0].checkpoint.origin
    assert keys(client) == [f"careloom/{origin}/{size}" for size in (1, 2, 3)]
    for one in kept:
        answer = client.get_object(Bucket=NAME, Key=f"careloom/{origin}/{one.checkpoint.size}")
        assert answer["Body"].read().decode() == one.text
    bucket(client, prefix="").put(kept[:1])
    assert f"{origin}/1" in keys(client)


def test_each_object_is_locked_and_its_checksum_is_kept(client: Any, kept: list[Kept]):
    bucket(client).put(kept[:1])
    key = keys(client)[0]
    told = client.head_object(Bucket=NAME, Key=key, ChecksumMode="ENABLED")
    assert told["ObjectLockMode"] == "COMPLIANCE"
    assert told["ObjectLockRetainUntilDate"] == UNTIL
    assert told["ChecksumSHA256"] == base64.b64encode(sha256(kept[0].text.encode()).digest()).decode()
    version = told["VersionId"]
    with pytest.raises(aws.ClientError, match="AccessDenied"):
        client.delete_object(Bucket=NAME, Key=key, VersionId=version)


def test_what_was_put_before_is_there_once(client: Any, kept: list[Kept]):
    bucket(client).put(kept)
    bucket(client).put(kept)
    versions = client.list_object_versions(Bucket=NAME)["Versions"]
    assert len(versions) == 3


def test_an_existing_object_is_never_written_over(client: Any, kept: list[Kept]):
    bucket(client).put(kept[:1])
    first = keys(client)[0]
    at = kept[0].checkpoint
    other = Checkpoint(at.origin, at.size, (b"x" * 32,), at.time + 5)
    forged = Kept(HOSPITAL, other, "another history\n", 0)
    with structlog.testing.capture_logs() as lines:
        bucket(client).put([forged])
    assert keys(client) == [first, f"{first}-{other.time}"]
    assert client.get_object(Bucket=NAME, Key=first)["Body"].read().decode() == kept[0].text
    assert [(line["log_level"], line["size"]) for line in lines] == [("error", 1)]
    assert len(client.list_object_versions(Bucket=NAME)["Versions"]) == 2


def test_what_a_delete_marker_hides_is_read_all_the_same(client: Any, kept: list[Kept]):
    bucket(client).put(kept)
    for key in keys(client):
        client.delete_object(Bucket=NAME, Key=key)
    assert keys(client) == []
    assert sorted(bucket(client).texts()) == sorted(one.text for one in kept)


def test_only_what_lies_below_the_prefix_is_read(client: Any, kept: list[Kept]):
    bucket(client).put(kept[:1])
    bucket(client, prefix="careloom-2").put(kept[1:])
    assert list(bucket(client).texts()) == [kept[0].text]


# --- at start -----------------------------------------------------------------------------------------------


def test_a_bucket_with_object_lock_is_taken(client: Any):
    bucket(client).check()


def test_a_bucket_without_object_lock_is_refused(client: Any):
    client.create_bucket(Bucket="open")
    with pytest.raises(Misconfigured, match="object lock"):
        bucket(client, name="open").check()


def test_a_bucket_that_is_not_there_is_refused(client: Any):
    with pytest.raises(Misconfigured, match="no bucket"):
        bucket(client, name="nowhere").check()


def test_one_that_may_not_be_asked_is_refused(client: Any, monkeypatch: pytest.MonkeyPatch):
    failing(client, "get_object_lock_configuration", refused("AccessDenied"), monkeypatch)
    with pytest.raises(Misconfigured, match="GetBucketObjectLockConfiguration"):
        bucket(client).check()
    failing(client, "get_object_lock_configuration", aws.NoCredentialsError(), monkeypatch)
    with pytest.raises(Misconfigured, match="credentials"):
        bucket(client).check()


@pytest.mark.parametrize(
    "error",
    [
        refused("SlowDown"),
        aws.EndpointConnectionError(endpoint_url="x"),
        aws.ReadTimeoutError(endpoint_url="x"),
    ],
)
def test_one_that_is_away_at_start_may_come_back(
    client: Any, monkeypatch: pytest.MonkeyPatch, error: Exception
):
    failing(client, "get_object_lock_configuration", error, monkeypatch)
    bucket(client).check()


# --- when it goes wrong -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (refused("SlowDown"), "SlowDown"),
        (refused("AccessDenied"), "AccessDenied"),
        (refused("x\ny"), "Unknown"),
        (aws.EndpointConnectionError(endpoint_url="https://secret"), "EndpointConnectionError"),
    ],
)
def test_law_2_what_fails_is_away_by_its_code_alone(
    client: Any, kept: list[Kept], monkeypatch: pytest.MonkeyPatch, error: Exception, told: str
):
    failing(client, "put_object", error, monkeypatch)
    with pytest.raises(Away) as raised:
        bucket(client).put(kept)
    assert str(raised.value) == told


def test_what_is_read_back_is_verified_like_any_note(client: Any, kept: list[Kept], tmp_path: Path):
    bucket(client).put(kept)
    (tmp_path / "again").mkdir()
    signer = Trail(tmp_path / "again").signer
    opened = [
        note.open_note(text, kept[0].checkpoint.origin, signer.trusted) for text in bucket(client).texts()
    ]
    assert sorted(one.size for one in opened) == [1, 2, 3]
