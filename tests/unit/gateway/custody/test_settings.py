"""Where things are kept, read from the environment."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.custody.errors import Misconfigured
from gateway.custody.settings import Storage


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


@pytest.mark.parametrize(
    ("environ", "why"),
    [
        ({"CARELOOM_KEY_PROVIDER": "paper"}, "CARELOOM_KEY_PROVIDER"),
        ({"CARELOOM_DATABASE_URL": "mysql://here/careloom"}, "CARELOOM_DATABASE_URL must begin"),
        ({"CARELOOM_KEYS_URL": "sqlite://"}, "CARELOOM_KEYS_URL must begin"),
        ({"CARELOOM_DATABASE_URL": "sqlite:////x.db", "CARELOOM_KEYS_URL": "sqlite:////x.db"}, "another"),
        ({"CARELOOM_IDENTITY_KEY_FILE": "/k", "CARELOOM_CLINICAL_KEY_FILE": "/k"}, "three separate files"),
    ],
)
def test_what_contradicts_itself_is_refused(environ: dict[str, str], why: str) -> None:
    with pytest.raises(Misconfigured, match=why):
        Storage.from_environ(environ)
