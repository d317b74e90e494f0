"""What each process is given."""

from __future__ import annotations

import pytest

from gateway.run import processes
from gateway.run.passed import Passed

EVERYTHING = {
    "PATH": "/bin",
    "CARELOOM_DATA_DIR": "/data",
    "CARELOOM_DATABASE_URL": "postgresql://gateway@db/data",
    "CARELOOM_WORKER_DATABASE_URL": "postgresql://worker@db/data",
    "CARELOOM_KEYS_URL": "postgresql://keys@db/keys",
    "CARELOOM_BROKER_URL": "redis://broker",
    "CARELOOM_CLINICAL_KEY_FILE": "/keys/clinical.key",
    "CARELOOM_IDENTITY_KEY_FILE": "/keys/identity.key",
    "CARELOOM_AUDIT_KEY_FILE": "/keys/audit.key",
    "CARELOOM_KEY_PROVIDER": "aws-kms",
    "CARELOOM_CLINICAL_KMS_KEY": "alias/clinical",
    "CARELOOM_IDENTITY_KMS_KEY": "alias/identity",
    "AWS_REGION": "eu-central-1",
    "AWS_PROFILE": "gateway",
    "AWS_ROLE_ARN": "arn:aws:iam::1:role/gateway",
    "AWS_SECRET_ACCESS_KEY": "identity too",
    "SOMEBODYS_SECRET": "x",
}


def test_law_3_neither_worker_nor_relay_is_told_of_the_identity_key() -> None:
    for _, environ in (processes.worker(EVERYTHING, 1), processes.relay(EVERYTHING)):
        assert "identity" not in " ".join([*environ, *environ.values()]).lower()
        assert "CARELOOM_AUDIT_KEY_FILE" not in environ
        assert "SOMEBODYS_SECRET" not in environ


def test_workers_with_a_login_of_their_own_are_not_told_of_the_gateways() -> None:
    assert "CARELOOM_DATABASE_URL" not in processes.worker(EVERYTHING, 1)[1]
    without = {k: v for k, v in EVERYTHING.items() if k != "CARELOOM_WORKER_DATABASE_URL"}
    assert processes.worker(without, 1)[1]["CARELOOM_DATABASE_URL"] == "postgresql://gateway@db/data"


def test_the_relay_gets_no_key_and_no_key_store() -> None:
    assert not {name for name in processes.relay(EVERYTHING)[1] if "KEY" in name}


def test_law_3_the_worker_is_told_of_the_clinical_key_of_kms_alone() -> None:
    given = processes.worker(EVERYTHING, 1)[1]
    assert given["CARELOOM_CLINICAL_KMS_KEY"] == "alias/clinical"
    assert given["AWS_PROFILE"] == "gateway"
    assert not {"CARELOOM_IDENTITY_KMS_KEY", "AWS_SECRET_ACCESS_KEY"} & given.keys()


def test_law_3_a_worker_with_a_profile_of_its_own_is_not_told_of_the_gateways_role() -> None:
    given = processes.worker({**EVERYTHING, "CARELOOM_WORKER_AWS_PROFILE": "worker"}, 1)[1]
    assert given["AWS_PROFILE"] == "worker"
    assert given["AWS_REGION"] == "eu-central-1"
    assert "gateway" not in " ".join(value for name, value in given.items() if name.startswith("AWS_"))


def test_the_relay_is_told_of_no_role() -> None:
    assert not [name for name in processes.relay(EVERYTHING)[1] if name.startswith("AWS_")]


@pytest.mark.parametrize("count", [1, 4])
def test_the_worker_has_as_many_processes_as_asked(count: int) -> None:
    command, environ = processes.worker(EVERYTHING, count)
    assert command[command.index("--concurrency") + 1] == str(count)
    assert environ["REMAP_SIGTERM"] == "SIGQUIT"


def test_the_trusted_parts_get_everything() -> None:
    passed = Passed(0, 1, 3, 4, (5,))
    for environ in (processes.gateway(EVERYTHING, passed)[1], processes.courier(EVERYTHING)[1]):
        assert EVERYTHING.items() <= environ.items()
