"""A bucket of S3 with object lock: what is put there nobody deletes or alters before its day.

One object per checkpoint, named by origin and size, in mode COMPLIANCE, which no right of the account lifts.
A name is written once (``If-None-Match: *``). Where another checkpoint has it, the log was forked or a backup
was restored: then both are kept, the second with its time behind the size. Whoever reads back looks at
versions, because a delete marker hides an object that it cannot remove.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

import structlog

from gateway.custody.errors import Misconfigured
from gateway.syslog.line import Away
from gateway.witnesses.notes import Kept

_CONNECT_SECONDS, _READ_SECONDS, _ATTEMPTS = 3, 10, 2
_TAKEN = ("PreconditionFailed", "412")
_NO_LOCK = ("ObjectLockConfigurationNotFoundError", "ObjectLockConfigurationNotFound")
_LASTING = {
    "NoSuchBucket": "There is no bucket of this name.",
    "404": "There is no bucket of this name.",
    "InvalidBucketName": "That is no name of a bucket.",
    "AccessDenied": "This process may not see whether the bucket has object lock: allow its role "
    "s3:GetBucketObjectLockConfiguration, s3:PutObject, s3:PutObjectRetention, s3:GetObjectVersion and "
    "s3:ListBucketVersions.",
    "InvalidAccessKeyId": "AWS does not know the credentials of this process.",
    "SignatureDoesNotMatch": "AWS does not know the credentials of this process.",
}

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Bucket:
    """``client``: boto3's; ``keep_until``: the day before which nothing that is put now may be deleted."""

    client: Any
    bucket: str
    prefix: str
    keep_until: Callable[[], datetime]

    def check(self) -> None:
        """Refuse a bucket that keeps nothing: ``Misconfigured``. One that is away is asked when used."""
        from botocore import exceptions

        try:
            told = self.client.get_object_lock_configuration(Bucket=self.bucket)
        except exceptions.ClientError as error:
            code = _code(error)
            lasting = None if code in _NO_LOCK else _LASTING.get(code)
            if code not in _NO_LOCK and lasting is None:
                return
        except exceptions.NoCredentialsError:
            lasting = "This process has no credentials for AWS."
        except (exceptions.HTTPClientError, exceptions.ConnectionError):
            return
        else:
            if told.get("ObjectLockConfiguration", {}).get("ObjectLockEnabled") == "Enabled":
                return
            lasting = None
        lasting = lasting or "The bucket has no object lock: make one with it."
        raise Misconfigured(f"CARELOOM_CHECKPOINTS names s3://{self.bucket}. {lasting}")

    def put(self, notes: Sequence[Kept]) -> None:
        """Bring notes there; raises ``Away``."""
        with _asking():
            for kept in notes:
                self._put_one(kept)

    def _put_one(self, kept: Kept) -> None:
        at = kept.checkpoint
        key = "/".join(part for part in (self.prefix, at.origin, str(at.size)) if part)
        if self._written(key, kept.text) or self._text(key) == kept.text:
            return
        log.error("this place has another checkpoint of this size", log=kept.log, size=at.size)
        self._written(f"{key}-{at.time}", kept.text)

    def _written(self, key: str, text: str) -> bool:
        """Whether it was written; not where something of this name is."""
        from botocore.exceptions import ClientError

        body = text.encode()
        try:
            self.client.put_object(
                Bucket=self.bucket,
                Key=key,
                Body=body,
                IfNoneMatch="*",
                ContentType="text/plain; charset=utf-8",
                ChecksumAlgorithm="SHA256",
                ChecksumSHA256=base64.b64encode(sha256(body).digest()).decode(),
                ObjectLockMode="COMPLIANCE",
                ObjectLockRetainUntilDate=self.keep_until(),
            )
        except ClientError as error:
            if _code(error) not in _TAKEN:
                raise
            return False
        return True

    def _text(self, key: str, version: Mapping[str, str] | None = None) -> str:
        answer = self.client.get_object(Bucket=self.bucket, Key=key, **(version or {}))
        with answer["Body"] as body:
            return str(body.read().decode("utf-8", "replace"))

    def texts(self) -> Iterator[str]:
        """Everything that lies there, each version; raises ``Away``."""
        with _asking():
            pages = self.client.get_paginator("list_object_versions")
            folder = f"{self.prefix}/" if self.prefix else ""
            for page in pages.paginate(Bucket=self.bucket, Prefix=folder):
                for version in page.get("Versions", ()):
                    yield self._text(version["Key"], {"VersionId": version["VersionId"]})


def connect(endpoint: str | None) -> Any:
    """A client of boto3's, which knows from its own settings who it is; nothing is asked of S3 yet."""
    try:
        import boto3
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError
    except ImportError:
        raise Misconfigured(
            "CARELOOM_CHECKPOINTS=s3://… needs boto3: install careloom with its extra `aws`."
        ) from None
    patience = Config(
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=_READ_SECONDS,
        retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
    )
    try:
        return boto3.client("s3", endpoint_url=endpoint, config=patience)
    except (BotoCoreError, ValueError) as error:
        raise Misconfigured(f"S3 cannot be asked ({type(error).__name__}): see AWS_REGION.") from None


@contextmanager
def _asking() -> Iterator[None]:
    """Every failure as ``Away``, by its code or its kind: a text of S3's names the account."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        raise Away(_code(error)) from None
    except BotoCoreError as error:
        raise Away(type(error).__name__) from None


def _code(error: Any) -> str:
    code = str(error.response.get("Error", {}).get("Code", ""))
    return code if code.isalnum() else "Unknown"
