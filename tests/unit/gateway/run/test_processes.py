"""What each process is given."""

from __future__ import annotations

import pytest

from gateway.run import processes

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


@pytest.mark.parametrize("count", [1, 4])
def test_the_worker_has_as_many_processes_as_asked(count: int) -> None:
    command, environ = processes.worker(EVERYTHING, count)
    assert command[command.index("--concurrency") + 1] == str(count)
    assert environ["REMAP_SIGTERM"] == "SIGQUIT"


def test_the_trusted_parts_get_everything() -> None:
    for environ in (processes.gateway(EVERYTHING, "::1", 1)[1], processes.courier(EVERYTHING)[1]):
        assert EVERYTHING.items() <= environ.items()
