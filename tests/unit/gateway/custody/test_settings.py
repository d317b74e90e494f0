"""Where things are kept, read from the environment."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.custody.errors import Misconfigured
from gateway.custody.settings import KmsKeys, Storage


def test_nothing_set_means_embedded() -> None:
    storage = Storage.from_environ({})
    folder = Path("careloom-data").absolute()
    assert storage.data_dir == folder
    assert storage.database_url == f"sqlite:///{folder}/careloom.db"
    assert storage.keys_url == f"sqlite:///{folder}/keys.db"
    assert (storage.broker_url, storage.worker_database_url, storage.key_provider) == (None, None, "file")
    assert storage.key_paths.clinical == folder / "keys" / "clinical.key"


def test_what_is_set_to_nothing_is_not_set() -> None:
    names = ("DATA_DIR", "DATABASE_URL", "KEYS_URL", "BROKER_URL", "WORKER_DATABASE_URL", "KEY_PROVIDER")
    assert Storage.from_environ({f"CARELOOM_{name}": "" for name in names}) == Storage.from_environ({})


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_every_spelling_of_postgresql_is_psycopg_3(scheme: str) -> None:
    storage = Storage.from_environ({"CARELOOM_DATABASE_URL": f"{scheme}://me@here/careloom"})
    assert storage.database_url == "postgresql+psycopg://me@here/careloom"


def test_key_files_can_lie_elsewhere() -> None:
    storage = Storage.from_environ({"CARELOOM_CLINICAL_KEY_FILE": "/run/secrets/clinical"})
    assert storage.key_paths.clinical == Path("/run/secrets/clinical")
    assert storage.key_paths.identity.name == "identity.key"


def test_keys_of_kms_are_named_newest_first() -> None:
    told = {
        "CARELOOM_KEY_PROVIDER": "aws-kms",
        "CARELOOM_CLINICAL_KMS_KEY": "alias/new, alias/old",
        "CARELOOM_IDENTITY_KMS_KEY": "alias/identity",
        "CARELOOM_KMS_ENDPOINT": "https://vpce.example",
        "AWS_DEFAULT_REGION": "eu-west-1",
    }
    keys = KmsKeys(("alias/new", "alias/old"), ("alias/identity",), "eu-west-1", "https://vpce.example")
    assert Storage.from_environ(told).kms == keys
    assert Storage.from_environ({**told, "AWS_REGION": "eu-central-1"}).kms.region == "eu-central-1"


def test_the_key_files_that_must_be_there_are_those_of_the_provider(tmp_path: Path) -> None:
    told = {"CARELOOM_DATA_DIR": str(tmp_path), "CARELOOM_CLINICAL_KMS_KEY": "alias/clinical"}
    assert [path.name for path in Storage.from_environ(told).key_files] == [
        "clinical.key",
        "identity.key",
        "audit.key",
    ]
    sealed = Storage.from_environ({**told, "CARELOOM_KEY_PROVIDER": "aws-kms"})
    assert [path.name for path in sealed.key_files] == ["audit.key"]
    # What was used before KMS goes on unwrapping, so it must still be in order.
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "identity.key").touch()
    assert [path.name for path in sealed.key_files] == ["identity.key", "audit.key"]


@pytest.mark.parametrize(
    ("environ", "why"),
    [
        ({"CARELOOM_KEY_PROVIDER": "paper"}, "CARELOOM_KEY_PROVIDER"),
        ({"CARELOOM_DATABASE_URL": "mysql://here/careloom"}, "CARELOOM_DATABASE_URL must begin"),
        ({"CARELOOM_KEYS_URL": "sqlite://"}, "CARELOOM_KEYS_URL must begin"),
        ({"CARELOOM_DATABASE_URL": "sqlite:////x.db", "CARELOOM_KEYS_URL": "sqlite:////x.db"}, "another"),
        ({"CARELOOM_IDENTITY_KEY_FILE": "/k", "CARELOOM_CLINICAL_KEY_FILE": "/k"}, "three separate files"),
        ({"CARELOOM_KEY_PROVIDER": "aws-kms"}, "needs CARELOOM_CLINICAL_KMS_KEY"),
        ({"CARELOOM_KEY_PROVIDER": "aws-kms", "CARELOOM_CLINICAL_KMS_KEY": " , "}, "needs CARELOOM_CLINICAL"),
        (
            {"CARELOOM_CLINICAL_KMS_KEY": "alias/one", "CARELOOM_IDENTITY_KMS_KEY": "alias/two, alias/one"},
            "two separate keys",
        ),
    ],
)
def test_what_contradicts_itself_is_refused(environ: dict[str, str], why: str) -> None:
    with pytest.raises(Misconfigured, match=why):
        Storage.from_environ(environ)
