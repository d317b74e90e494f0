"""Law 6: what was acknowledged is there after ``kill -9``, and what was not is there whole or not at all."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections import Counter

from sqlalchemy import func, select

from gateway.custody import audit, records
from gateway.custody.cipher import Place, unseal
from gateway.custody.identity.vault import open_vault
from gateway.custody.ids import StoredId, Tenant, parse_pseudonym
from gateway.custody.settings import Storage
from gateway.custody.tables import audit_event, record, search_token, version

HERE = Tenant(1)
ROWS_EACH = 5

WRITER = """
import os, sys
from gateway.custody.cipher import Place, seal
from gateway.custody.identity.vault import open_vault
from gateway.custody.ids import StoredId, Tenant, pseudonym
from gateway.custody.records import CLINICAL_COLUMN, Write, record_writes
from gateway.custody.settings import Storage

vault = open_vault(Storage.from_environ(os.environ))
here = Tenant(1)
while True:
    patient = StoredId(os.urandom(16))
    key = vault.clinical.ensure(here, [patient])[patient]
    place = Place(here, patient, "Patient", patient, 1, CLINICAL_COLUMN)
    sealed = seal(key, place, b"kept", os.urandom(16))
    tokens = [os.urandom(12) for _ in range(5)]
    with vault.database.write() as conn:
        write = Write("Patient", patient, 1, patient, "ehr", False, sealed, b"d" * 32, tokens)
        record_writes(conn, here, [write], 1)
    print(pseudonym(patient), flush=True)
"""


def _acknowledged_before_kill(storage: Storage, count: int) -> list[StoredId]:
    stored = [parse_pseudonym(line.strip()) for line in _told_before_kill(WRITER, storage, count)]
    return [one for one in stored if one is not None]


def _told_before_kill(script: str, storage: Storage, count: int) -> list[str]:
    """The whole lines that a process printed before it was killed, which was after so many."""
    environ = {
        "CARELOOM_DATA_DIR": str(storage.data_dir),
        "CARELOOM_DATABASE_URL": storage.database_url,
        "CARELOOM_KEYS_URL": storage.keys_url,
        "PYTHONPATH": ":".join(sys.path),
    }
    writer = subprocess.Popen([sys.executable, "-c", script], env=environ, stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    told = [writer.stdout.readline() for _ in range(count)]
    writer.send_signal(signal.SIGKILL)
    told += writer.stdout.read().splitlines(keepends=True)
    writer.wait(10)
    writer.stdout.close()
    return [line for line in told if line.endswith("\n")]


def test_law_6_what_was_acknowledged_outlives_a_killed_process(storage: Storage) -> None:
    acknowledged: list[StoredId] = []
    for count in (3, 20):
        acknowledged += _acknowledged_before_kill(storage, count)
    vault = open_vault(storage)
    keys = vault.clinical.fetch(HERE, acknowledged)
    with vault.database.read() as conn:
        found = records.load_all(conn, HERE, [("Patient", one) for one in acknowledged])
        kept = {table: conn.scalar(select(func.count()).select_from(table)) for table in (record, version)}
        tokens = conn.scalar(select(func.count()).select_from(search_token))
        last = records.latest(conn, HERE)
    assert len(found) == len(acknowledged) >= 23
    for stored in found.values():
        place = Place(HERE, stored.id, "Patient", stored.id, 1, records.CLINICAL_COLUMN)
        assert unseal(keys[stored.id], place, stored.clinical or b"") == b"kept"
    # At most one per kill was committed and not yet acknowledged; none is there in part.
    assert len(acknowledged) <= kept[record] == kept[version] <= len(acknowledged) + 2
    assert tokens == kept[record] * ROWS_EACH
    assert last & 0xFFFFFFFF == kept[record]
    vault.close()


READERS = """
import os, threading
from gateway.custody.audit import Event
from gateway.custody.identity.vault import open_vault
from gateway.custody.ids import Tenant
from gateway.custody.settings import Storage

vault = open_vault(Storage.from_environ(os.environ))

def reads(name):
    count = 0
    while True:
        count += 1
        asked = f"{name}-{count}"
        event = Event(1, "rest:read", "R", "0", 200, client_id="c", request_id=asked)
        vault.appender.append({Tenant(1): [event]})
        os.write(1, (asked + chr(10)).encode())

for name in range(8):
    threading.Thread(target=reads, args=(name,), daemon=True).start()
threading.Event().wait()
"""


def test_law_4_no_read_was_answered_before_its_event_was_on_the_disk(storage: Storage) -> None:
    answered: list[str] = []
    for count in (5, 60):
        answered += _told_before_kill(READERS, storage, count)
    vault = open_vault(storage)
    with vault.database.read() as conn:
        kept = list(conn.scalars(select(audit_event.c.request_id).where(audit_event.c.log == HERE)))
        size = audit.head_of(conn, HERE).size
    vault.close()
    asked = [line.strip() for line in answered]
    assert len(asked) >= 65
    missing = Counter(asked) - Counter(kept)
    assert not missing
    # What was written and not yet answered: at most what eight threads waited for, at each kill.
    assert len(kept) == size <= len(asked) + 2 * 8
