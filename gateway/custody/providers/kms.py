"""What is asked of AWS KMS, and what its answers mean: one key for one side, every failure a typed one.

A failure says what to do and holds neither keys nor what KMS was sent. What may pass by itself is
``KeysAway``; all else is ``KeysUnreadable`` and stays so until somebody acts. Nothing goes on without an
answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from gateway.custody.errors import KeysAway, KeysUnreadable, Misconfigured
from gateway.custody.roots import ROOT_BYTES
from gateway.custody.settings import KmsKeys

Answer = Mapping[str, Any]

_CONNECT_SECONDS, _READ_SECONDS, _ATTEMPTS = 2, 5, 3

_NOT_ITS_OWN = ("IncorrectKeyException", "InvalidCiphertextException")
_PASSING = frozenset(
    {
        "ThrottlingException",
        "Throttling",
        "TooManyRequestsException",
        "LimitExceededException",
        "KMSInternalException",
        "DependencyTimeoutException",
        "KeyUnavailableException",
        "InternalFailure",
        "ServiceUnavailable",
        "RequestTimeout",
    }
)
_NOT_THERE = "{0} names a key that AWS KMS does not have in this account and region: correct it."
_RESTING = "The key that {0} names is disabled or waits for its deletion in AWS KMS: enable it again."
_NOT_ALLOWED = "AWS KMS does not let this process use the key that {0} names: allow its role to."
_STRANGER = "AWS does not know the credentials of this process, or they have expired: renew them."
_LASTING = {
    "AccessDeniedException": _NOT_ALLOWED,
    "DisabledException": _RESTING,
    "KMSInvalidStateException": _RESTING,
    "NotFoundException": _NOT_THERE,
    "InvalidArnException": _NOT_THERE,
    "InvalidKeyUsageException": "The key that {0} names is not one for encryption: name a symmetric one.",
    "UnrecognizedClientException": _STRANGER,
    "InvalidClientTokenId": _STRANGER,
    "ExpiredTokenException": _STRANGER,
    "SignatureDoesNotMatch": _STRANGER,
}
_FOREIGN = (
    "None of the keys that {0} names sealed this root key: name the earlier key after the new one and a "
    "comma, or restore the key store that belongs to this installation."
)


class Fresh(NamedTuple):
    """A root key that KMS drew: open, sealed, and the name of the key that sealed it."""

    secret: bytes
    sealed: bytes
    sealed_by: str


class Kms:
    """The keys of KMS for one side. ``client``: boto3's; ``keys``: the first seals, all of them open."""

    def __init__(self, client: Any, keys: tuple[str, ...], side: str) -> None:
        self._client, self._keys, self._side = client, keys, side
        self._setting = f"CARELOOM_{side.upper()}_KMS_KEY"
        if not keys:
            raise Misconfigured(f"CARELOOM_KEY_PROVIDER=aws-kms needs {self._setting}.")

    def draw(self, version: int) -> Fresh:
        """A new root key, sealed for this version of this side and nothing else."""
        context = self._context(version)
        told = self._answer(
            self._client.generate_data_key,
            {"KeyId": self._keys[0], "NumberOfBytes": ROOT_BYTES, "EncryptionContext": context},
        )
        if told is None:
            raise KeysUnreadable(_NOT_THERE.format(self._setting))
        return Fresh(told["Plaintext"], told["CiphertextBlob"], told["KeyId"])

    def open(self, version: int, sealed: bytes, sealed_by: str) -> bytes:
        """The root key that was sealed for this version of this side, by the key of this name or another."""
        asked = {"CiphertextBlob": sealed, "EncryptionContext": self._context(version)}
        # KMS would find the key by itself, and take one that anybody made: so it is told which.
        named = tuple(key for key in self._keys if sealed_by == key or sealed_by.endswith(f"/{key}"))
        for key in named or self._keys:
            told = self._answer(self._client.decrypt, {"KeyId": key, **asked})
            if told is not None:
                secret: bytes = told["Plaintext"]
                return secret
        raise KeysUnreadable(_FOREIGN.format(self._setting))

    def _context(self, version: int) -> dict[str, str]:
        return {"careloom-side": self._side, "careloom-version": str(version)}

    def _answer(self, ask: Callable[..., Answer], asked: Mapping[str, Any]) -> Answer | None:
        """What KMS says; None where this key is not the one."""
        from botocore import exceptions

        try:
            return ask(**asked)
        except exceptions.ClientError as error:
            code = error.response.get("Error", {}).get("Code", "")
            if code in _NOT_ITS_OWN:
                return None
            raise self._refusal(code) from None
        except (exceptions.HTTPClientError, exceptions.ConnectionError):
            raise KeysAway("AWS KMS cannot be reached at the moment.") from None
        except exceptions.BotoCoreError as error:
            # Its text may name a profile or a file; its kind is enough to look it up.
            raise KeysUnreadable(f"AWS KMS cannot be asked ({type(error).__name__}).") from None

    def _refusal(self, code: str) -> KeysUnreadable:
        if code in _PASSING:
            return KeysAway(f"AWS KMS does not answer at the moment ({code}).")
        lasting = _LASTING.get(code, "AWS KMS refuses the key that {0} names (" + code + ").")
        return KeysUnreadable(lasting.format(self._setting))


def connect(keys: KmsKeys) -> Any:
    """A client of boto3's, which knows from its own settings who it is; nothing is asked of KMS yet."""
    try:
        import boto3
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError
    except ImportError:
        raise Misconfigured(
            "CARELOOM_KEY_PROVIDER=aws-kms needs boto3: install careloom with its extra `aws`."
        ) from None
    patience = Config(
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=_READ_SECONDS,
        retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
    )
    try:
        region = _region(keys.clinical[0]) or keys.region
        return boto3.client("kms", region_name=region, endpoint_url=keys.endpoint, config=patience)
    except (BotoCoreError, ValueError) as error:
        raise Misconfigured(f"AWS KMS cannot be asked ({type(error).__name__}): see AWS_REGION.") from None


def _region(key: str) -> str | None:
    """Where a key lives, if its name says so: ``arn:aws:kms:REGION:ACCOUNT:key/ID``."""
    parts = key.split(":")
    return parts[3] if parts[0] == "arn" and len(parts) > 3 else None
