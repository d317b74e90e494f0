"""Who may touch which table is written down for every table."""

from __future__ import annotations

import importlib
from pathlib import Path

from gateway.custody import migrations
from gateway.custody.migrations import Store, newest
from gateway.custody.tables import IDENTITY_KEY_TABLES, IDENTITY_TABLES, WORKER_RIGHTS, data, keys

NAMES = {table.name for metadata in (data, keys) for table in metadata.sorted_tables}


def test_law_12_every_table_is_in_exactly_one_hand() -> None:
    withheld = {*IDENTITY_TABLES, *IDENTITY_KEY_TABLES}
    assert withheld | WORKER_RIGHTS.keys() == NAMES
    assert not withheld & WORKER_RIGHTS.keys()
    assert all(WORKER_RIGHTS.values())


def test_law_3_the_workers_side_deletes_nothing() -> None:
    assert not [table for table, verbs in WORKER_RIGHTS.items() if "DELETE" in verbs]


def test_the_revisions_together_grant_what_is_written_down() -> None:
    granted: dict[str, frozenset[str]] = {}
    for store in Store:
        package = f"gateway.custody.migrations.{store.value}"
        names = sorted(path.stem for path in (Path(migrations.__file__).parent / store.value).glob("0*.py"))
        revisions = [importlib.import_module(f"{package}.{name}") for name in names]
        assert revisions[-1].revision == newest(store)
        for revision in revisions:
            rights = getattr(revision, "_WORKER_RIGHTS", {})
            granted |= {table: frozenset(verbs.split(", ")) for table, verbs in rights.items()}
    assert granted == WORKER_RIGHTS
