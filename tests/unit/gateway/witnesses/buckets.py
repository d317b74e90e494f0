"""S3 in this process (moto), with a bucket that has object lock."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from typing import Any

import pytest
from moto import mock_aws

from gateway.witnesses import s3
from gateway.witnesses.s3 import Bucket

NAME = "notes"
UNTIL = datetime(2040, 1, 1, tzinfo=UTC)


@cache
def _client() -> Any:
    # To make one takes a second, and each goes through whatever mock is on.
    return s3.connect(None)


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name, value in {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    with mock_aws():
        client = _client()
        client.create_bucket(Bucket=NAME, ObjectLockEnabledForBucket=True)
        yield client


def bucket(client: Any, prefix: str = "careloom", name: str = NAME) -> Bucket:
    return Bucket(client, name, prefix, lambda: UNTIL)
