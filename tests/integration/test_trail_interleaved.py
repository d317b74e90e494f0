"""Appends by several connections, in any order and at once: sequences stay dense and the tree verifies.

A stateful test draws the interleaving; a model in memory says what each log must hold afterwards. It runs on
both databases, because they keep writers apart by different means.
"""

from __future__ import annotations

import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import select

from gateway.custody import audit, checkpoint, merkle, verify
from gateway.custody.database import Database, Side
from gateway.custody.ids import SYSTEM, Tenant
from gateway.custody.providers.keyfile import RootSecrets
from gateway.custody.settings import Storage
from gateway.custody.signing import Signer
from gateway.custody.tables import audit_event
from tests.unit.gateway.custody.trails import event

CONNECTIONS = 3
LOGS = st.integers(0, 1)
BATCHES = st.lists(st.tuples(LOGS, st.integers(1, 5)), min_size=2, max_size=4)
numbers = count(1)
fresh_logs = count(100, 2)
"""One database serves all examples: each has two logs of its own."""


class RolledBack(Exception):  # noqa: N818 - it reads as what happened
    """Something else in the transaction failed."""


class Writers(RuleBasedStateMachine):
    """Several processes' worth of connections to one store."""

    storage: Storage

    def __init__(self) -> None:
        super().__init__()
        self.databases = [Database.open(self.storage.database_url, Side.TRUSTED) for _ in range(CONNECTIONS)]
        first = next(fresh_logs)
        self.logs = (Tenant(first), Tenant(first + 1))
        self.model: dict[Tenant, list[str]] = {log: [] for log in self.logs}
        self.folder = Path(tempfile.mkdtemp(prefix="careloom-notes-"))
        self.signer = Signer.of(RootSecrets(1, {1: bytes(range(32))}))

    def teardown(self) -> None:
        for database in self.databases:
            database.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _events(self, amount: int) -> list[audit.Event]:
        return [event(next(numbers)) for _ in range(amount)]

    @rule(which=st.integers(0, CONNECTIONS - 1), log=LOGS, amount=st.integers(0, 6))
    def append(self, which: int, log: int, amount: int) -> None:
        events = self._events(amount)
        with self.databases[which].write() as conn:
            audit.append(conn, self.logs[log], events)
        self.model[self.logs[log]] += _names(events)

    @rule(which=st.integers(0, CONNECTIONS - 1), log=LOGS, amount=st.integers(1, 4))
    def append_and_fail(self, which: int, log: int, amount: int) -> None:
        """A deed that fails afterwards takes its events with it (law 4)."""
        try:
            with self.databases[which].write() as conn:
                audit.append(conn, self.logs[log], self._events(amount))
                raise RolledBack
        except RolledBack:
            pass

    @rule(which=st.integers(0, CONNECTIONS - 1), amounts=st.tuples(st.integers(1, 3), st.integers(1, 3)))
    def append_to_both_logs_in_one_deed(self, which: int, amounts: tuple[int, int]) -> None:
        batches = [self._events(amount) for amount in amounts]
        with self.databases[which].write() as conn:
            for log, events in zip(self.logs, batches, strict=True):
                audit.append(conn, log, events)
        for log, events in zip(self.logs, batches, strict=True):
            self.model[log] += _names(events)

    @rule(batches=BATCHES)
    def append_at_once(self, batches: list[tuple[int, int]]) -> None:
        """All at the same time: each batch stays together, whichever comes first."""
        work = [(self.logs[log], self._events(amount)) for log, amount in batches]

        def do(number: int) -> None:
            log, events = work[number]
            with self.databases[number % CONNECTIONS].write() as conn:
                audit.append(conn, log, events)

        with ThreadPoolExecutor(len(work)) as pool:
            list(pool.map(do, range(len(work))))
        for log in self.logs:
            kept = self._kept(log)[len(self.model[log]) :]
            told = [_names(events) for of, events in work if of == log]
            assert sorted(kept) == sorted(name for batch in told for name in batch)
            for batch in told:
                at = kept.index(batch[0])
                assert kept[at : at + len(batch)] == batch
            self.model[log] += kept

    @rule()
    def sign(self) -> None:
        taken = checkpoint.take(self.databases[0], self.folder, self.signer, 1)
        assert all(one.size for one in taken)

    @invariant()
    def every_log_holds_what_was_committed_in_its_order(self) -> None:
        for log in self.logs:
            assert self._kept(log) == self.model[log]

    @invariant()
    def the_head_is_the_tree_over_the_rows(self) -> None:
        with self.databases[1].read() as conn:
            for log in self.logs:
                rows = conn.execute(_in_order(log)).all()
                head = audit.head_of(conn, log)
                assert [row.seq for row in rows] == list(range(head.size))
                assert head.root == merkle.tree_root([audit.leaf(tuple(row)) for row in rows])

    @invariant()
    def nothing_is_found_wrong(self) -> None:
        with self.databases[2].read() as conn:
            report = verify.verify(conn, checkpoint.witnesses(self.folder, self.signer))
        assert report.ok, report.faults

    def _kept(self, log: Tenant) -> list[str]:
        with self.databases[0].read() as conn:
            return [row.request_id for row in conn.execute(_in_order(log))]


def _names(events: list[audit.Event]) -> list[str]:
    return [str(one.request_id) for one in events]


def _in_order(log: Tenant) -> Any:
    return select(audit_event).where(audit_event.c.log == log).order_by(audit_event.c.seq)


def test_law_4_any_interleaving_of_writers_keeps_dense_logs_and_a_verifying_tree(storage: Storage) -> None:
    machine = type("WritersHere", (Writers,), {"storage": storage})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=8, stateful_step_count=8, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )


def test_a_proof_of_any_event_and_of_any_growth_holds_over_the_rows(storage: Storage) -> None:
    """What an auditor would check with nothing but a checkpoint in hand."""
    database = Database.open(storage.database_url, Side.TRUSTED)
    try:
        for step in (1, 2, 5, 3, 8):
            with database.write() as conn:
                audit.append(conn, SYSTEM, [event(next(numbers)) for _ in range(step)])
        with database.read() as conn:
            leaves = [audit.leaf(tuple(row)) for row in conn.execute(_in_order(SYSTEM))]
            head = audit.head_of(conn, SYSTEM)
    finally:
        database.close()
    for place, leaf in enumerate(leaves):
        proof = merkle.inclusion(leaves, place)
        assert merkle.included(leaf, place, head.size, proof, head.root)
        assert not merkle.included(leaf, (place + 1) % head.size, head.size, proof, head.root)
        assert not merkle.included(merkle.leaf_hash(b"forged"), place, head.size, proof, head.root)
    for size in range(1, head.size + 1):
        older = merkle.tree_root(leaves[:size])
        proof = merkle.consistency(leaves, size)
        assert merkle.consistent((size, older), (head.size, head.root), proof)
        forged = merkle.tree_root([merkle.leaf_hash(b"forged"), *leaves[1:size]])
        assert not merkle.consistent((size, forged), (head.size, head.root), proof)
