"""What counts when a job begins: read again only when something was decided, and only then."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from gateway.custody import rulebook
from gateway.custody.database import Database, Side
from gateway.custody.ids import Tenant
from gateway.custody.rulebook import Recall, Switch
from gateway.custody.settings import Storage
from tests.unit.gateway.custody.trails import store
from workers import shelf
from workers.engine.definitions import Knowledge
from workers.engine.knowledge import SHIPPED, KnowledgeRefused, load

HERE, THERE = Tenant(3), Tenant(4)
RULE = "acr-due"


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Knowledge:
    folder = tmp_path_factory.mktemp("knowledge")
    (folder / "cardiorenal-metabolic").symlink_to(SHIPPED / "cardiorenal-metabolic")
    return load(folder)


@pytest.fixture
def at(tmp_path: Path, known: Knowledge) -> Iterator[Any]:
    """A station with no more than is asked of it."""
    database = store(tmp_path)
    yield SimpleNamespace(clinic=SimpleNamespace(database=database), knowledge=known)
    database.close()


def decides(at: Any, *decisions: Any) -> None:
    database: Database = at.clinic.database
    with database.write() as conn:
        rulebook.change(conn)
        for one in decisions:
            if isinstance(one, Recall):
                rulebook.put_recall(conn, one, 7)
            else:
                rulebook.put_switch(conn, HERE, one, 7)


def on(at: Any, tenant: Tenant = HERE) -> set[str]:
    return {one.rule.id for one in shelf.in_force_for(at, tenant).knowledge.guidelines}


def test_before_any_decision_what_the_worker_began_with_counts(at: Any):
    assert shelf.whole(at) is at.knowledge
    assert shelf.in_force_for(at, HERE).knowledge is at.knowledge


def test_a_switch_counts_for_its_hospital_from_the_next_look_on(at: Any):
    assert RULE in on(at)
    decides(at, Switch(RULE, "off", {}, "tried"))
    assert RULE not in on(at)
    assert RULE in on(at, THERE)


def test_a_recall_counts_everywhere(at: Any, known: Knowledge):
    version = next(one.rule.version for one in known.guidelines if one.rule.id == RULE)
    decides(at, Recall(RULE, version, "why"))
    assert RULE not in on(at) | on(at, THERE)
    assert shelf.in_force_for(at, THERE).recalls == [Recall(RULE, version, "why", 7)]


def test_while_nothing_was_decided_nothing_is_read_or_put_together_anew(
    at: Any, monkeypatch: pytest.MonkeyPatch
):
    decides(at, Switch(RULE, "off", {}, "tried"))
    before = shelf.in_force_for(at, HERE)
    monkeypatch.setattr(rulebook, "packs", lambda _: pytest.fail("nothing has changed"))
    monkeypatch.setattr(rulebook, "switches", lambda *_: pytest.fail("nothing has changed"))
    assert shelf.in_force_for(at, HERE) is before


def test_law_12_a_decision_that_cannot_be_read_is_an_error_and_no_pass(at: Any):
    pack = rulebook.Pack("lifestyle", "2.0.0", b"nonsense", None, "unsigned")
    with at.clinic.database.write() as conn:
        rulebook.change(conn)
        rulebook.put_pack(conn, pack, 7)
    for _ in range(2):
        with pytest.raises(Exception, match="cannot be read"):
            shelf.in_force_for(at, HERE)


def test_a_worker_does_not_start_with_a_pack_that_is_not_sound(sqlite_storage: Storage, known: Knowledge):
    pack = rulebook.Pack("lifestyle", "2.0.0", b"nonsense", None, "unsigned")
    shelf.check(sqlite_storage, known)
    database = Database.open(sqlite_storage.database_url, Side.TRUSTED)
    with database.write() as conn:
        rulebook.put_pack(conn, pack, 7)
    database.close()
    with pytest.raises(KnowledgeRefused, match="cannot be read"):
        shelf.check(sqlite_storage, known)
