"""Stored answers: the same bytes back, sealed, and once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import insert, select

from gateway.custody import tables
from gateway.custody.errors import Conflict, KeyGone
from gateway.custody.identity import idempotency
from gateway.custody.identity.idempotency import Record
from gateway.custody.identity.vault import Vault, open_vault
from gateway.custody.ids import TENANT_COMPARTMENT, Tenant
from gateway.custody.settings import Storage

ANSWER = b'{"resourceType":"Bundle","entry":[{"response":{"location":"Patient/mrn-4711/_history/1"}}]}'
RECORD = Record("c1", "order 7", bytes(32), 200, ANSWER, 1000)


@pytest.fixture
def vault(storage: Storage) -> Iterator[Vault]:
    vault = open_vault(storage)
    with vault.database.write() as conn:
        conn.execute(
            insert(tables.client).values(
                client_id="c1", name="n", role="ehr", organization=4, scope="s", jwks="{}", created=0
            )
        )
        idempotency.store(conn, vault, RECORD)
    yield vault
    vault.close()


def test_the_same_key_finds_the_same_bytes(vault: Vault) -> None:
    with vault.database.read() as conn:
        assert idempotency.lookup(conn, vault, "c1", "order 7") == RECORD
        assert idempotency.lookup(conn, vault, "c1", "order 8") is None
        assert idempotency.lookup(conn, vault, "c2", "order 7") is None


def test_law_6_a_second_answer_to_one_key_is_a_conflict(vault: Vault) -> None:
    with pytest.raises(Conflict), vault.database.write() as conn:
        idempotency.store(conn, vault, RECORD)


def test_law_2_neither_answer_nor_key_lies_there_to_be_read(vault: Vault) -> None:
    with vault.database.read() as conn:
        row = conn.execute(select(tables.idempotency)).one()
    lying = b"|".join(cell if isinstance(cell, bytes) else str(cell).encode() for cell in row)
    assert b"mrn-4711" not in lying
    assert b"order 7" not in lying


def test_an_answer_without_its_key_cannot_be_opened(vault: Vault) -> None:
    vault.identity.destroy(Tenant(4), TENANT_COMPARTMENT)
    with pytest.raises(KeyGone), vault.database.read() as conn:
        idempotency.lookup(conn, vault, "c1", "order 7")


def test_old_answers_are_forgotten(vault: Vault) -> None:
    with vault.database.write() as conn:
        assert idempotency.forget(conn, 1000) == 0
        assert idempotency.forget(conn, 1001) == 1


def test_a_client_that_is_not_registered_has_answers_too(vault: Vault) -> None:
    record = Record("c9", "k", bytes(32), 404, b"{}", 1)
    with vault.database.write() as conn:
        idempotency.store(conn, vault, record)
        assert idempotency.lookup(conn, vault, "c9", "k") == record
