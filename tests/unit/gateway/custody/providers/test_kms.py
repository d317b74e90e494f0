"""What is asked of AWS KMS, and what becomes of each of its answers. The client here is one of ours."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from botocore import exceptions
from botocore.exceptions import ClientError

from gateway.custody.errors import CustodyError, KeysAway, KeysUnreadable, Misconfigured
from gateway.custody.providers.kms import Kms, connect
from gateway.custody.settings import KmsKeys

NEW, OLD = "arn:aws:kms:eu-central-1:1:key/new", "arn:aws:kms:eu-central-1:1:key/old"
SECRET = b"root key of thirty-two bytes ...."


class Client:
    """Answers as it was told to, by key, and remembers what it was asked."""

    def __init__(self, **answers: Any) -> None:
        self.answers, self.asked = answers, []

    def decrypt(self, **asked: Any) -> dict[str, Any]:
        return self._answer("Decrypt", asked)

    def generate_data_key(self, **asked: Any) -> dict[str, Any]:
        return self._answer("GenerateDataKey", asked)

    def _answer(self, verb: str, asked: dict[str, Any]) -> dict[str, Any]:
        self.asked.append(asked)
        answer = self.answers.get(asked["KeyId"].rpartition("/")[2], SECRET)
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, str):
            text = f"KMS said something of {asked['KeyId']} that a log should not hold"
            raise ClientError({"Error": {"Code": answer, "Message": text}}, verb)
        return {"Plaintext": answer, "CiphertextBlob": b"sealed", "KeyId": asked["KeyId"]}


def test_a_root_is_drawn_by_the_first_key_for_its_side_and_version() -> None:
    client = Client()
    fresh = Kms(client, (NEW, OLD), "identity").draw(3)
    assert fresh == (SECRET, b"sealed", NEW)
    assert client.asked == [
        {
            "KeyId": NEW,
            "NumberOfBytes": 32,
            "EncryptionContext": {"careloom-side": "identity", "careloom-version": "3"},
        }
    ]


@pytest.mark.parametrize("sealed_by", [OLD, "arn:aws:kms:eu-central-1:1:key/behind-an-alias"])
def test_a_root_is_opened_by_the_key_that_sealed_it_and_by_none_that_is_not_named(sealed_by: str) -> None:
    client = Client(new="IncorrectKeyException")
    assert Kms(client, (NEW, OLD), "clinical").open(1, b"sealed", sealed_by) == SECRET
    assert {asked["KeyId"] for asked in client.asked} <= {NEW, OLD}
    assert client.asked[-1] == {
        "KeyId": OLD,
        "CiphertextBlob": b"sealed",
        "EncryptionContext": {"careloom-side": "clinical", "careloom-version": "1"},
    }


def test_a_key_that_is_named_by_its_id_is_known_by_its_arn() -> None:
    client = Client()
    Kms(client, ("new", "old"), "clinical").open(1, b"sealed", OLD)
    assert [asked["KeyId"] for asked in client.asked] == ["old"]


@pytest.mark.parametrize("code", ["IncorrectKeyException", "InvalidCiphertextException"])
def test_a_root_that_none_of_the_keys_sealed_says_so(code: str) -> None:
    kms = Kms(Client(new=code, old=code), (NEW, OLD), "clinical")
    with pytest.raises(KeysUnreadable, match="None of the keys that CARELOOM_CLINICAL_KMS_KEY names"):
        kms.open(1, b"sealed", "another")


PASSING = [
    "ThrottlingException",
    "LimitExceededException",
    "KMSInternalException",
    "DependencyTimeoutException",
    "KeyUnavailableException",
    exceptions.EndpointConnectionError(endpoint_url="https://kms.example"),
    exceptions.ConnectTimeoutError(endpoint_url="https://kms.example"),
    exceptions.ReadTimeoutError(endpoint_url="https://kms.example"),
    exceptions.SSLError(endpoint_url="https://kms.example", error="x"),
]
LASTING = [
    ("AccessDeniedException", "does not let this process use the key that CARELOOM_IDENTITY_KMS_KEY names"),
    ("DisabledException", "is disabled or waits for its deletion"),
    ("KMSInvalidStateException", "is disabled or waits for its deletion"),
    ("NotFoundException", "names a key that AWS KMS does not have"),
    ("InvalidKeyUsageException", "name a symmetric one"),
    ("UnrecognizedClientException", "does not know the credentials"),
    ("ExpiredTokenException", "does not know the credentials"),
    ("SomethingNewException", "SomethingNewException"),
    (exceptions.NoCredentialsError(), "NoCredentialsError"),
    (exceptions.ProfileNotFound(profile="hospital"), "ProfileNotFound"),
]


@pytest.mark.parametrize("answer", PASSING, ids=str)
def test_what_may_pass_by_itself_is_told_apart(answer: Any) -> None:
    for ask in _both(answer):
        with pytest.raises(KeysAway):
            ask()


@pytest.mark.parametrize(("answer", "advice"), LASTING, ids=lambda told: str(told)[:30])
def test_what_somebody_has_to_mend_says_what(answer: Any, advice: str) -> None:
    for ask in _both(answer):
        with pytest.raises(KeysUnreadable, match=advice) as refused:
            ask()
        assert not isinstance(refused.value, KeysAway)


@pytest.mark.parametrize("answer", [*PASSING, *(answer for answer, _ in LASTING)], ids=str)
def test_no_answer_of_kms_is_repeated(answer: Any) -> None:
    for ask in _both(answer):
        with pytest.raises(CustodyError) as refused:
            ask()
        told = str(refused.value)
        assert not [
            word for word in ("log should not hold", "sealed bytes", NEW, "kms.example") if word in told
        ]
        # What KMS said would stand below it in a traceback.
        assert refused.value.__suppress_context__


def _both(answer: Any) -> Any:
    kms = Kms(Client(new=answer), (NEW,), "identity")
    return (lambda: kms.draw(1), lambda: kms.open(1, b"sealed bytes", NEW))


def test_law_12_a_side_without_a_key_is_refused() -> None:
    with pytest.raises(Misconfigured, match="CARELOOM_IDENTITY_KMS_KEY"):
        Kms(Client(), (), "identity")


# --- the client ------------------------------------------------------------------------------------------


def test_the_region_of_a_key_is_the_one_that_its_name_says() -> None:
    assert connect(KmsKeys((NEW,), ())).meta.region_name == "eu-central-1"
    assert connect(KmsKeys((NEW,), (), region="us-east-1")).meta.region_name == "eu-central-1"
    assert connect(KmsKeys(("alias/careloom",), (), region="us-east-1")).meta.region_name == "us-east-1"


def test_the_endpoint_and_the_patience_are_ours() -> None:
    made = connect(KmsKeys((NEW,), (), endpoint="http://127.0.0.1:4566"))
    assert made.meta.endpoint_url == "http://127.0.0.1:4566"
    patience = made.meta.config
    assert (patience.connect_timeout, patience.read_timeout) == (2, 5)
    assert patience.retries["total_max_attempts"] == 3


def test_no_region_is_one_clear_error(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    with pytest.raises(Misconfigured, match="AWS_REGION"):
        connect(KmsKeys(("alias/careloom",), ()))


def test_without_boto3_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "boto3", None)
    with pytest.raises(Misconfigured, match="extra `aws`"):
        connect(KmsKeys((NEW,), ()))
