"""Counts of what became of proposals: once each, by the last word; what only lies there is ignored."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from gateway.custody.database import Database
from gateway.custody.deciding import ENOUGH, IGNORED, Decision, Rate, count, rates
from gateway.custody.ids import Tenant
from gateway.custody.tables import rule_decision
from tests.unit.gateway.custody.trails import store

ANNA, BERTA = Tenant(3), Tenant(4)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = store(tmp_path)
    yield made
    made.close()


def said(outcome: str, mark: int = 1, rule: str = "statin", reason: str = "") -> Decision:
    return Decision(bytes([mark]) * 16, rule, "1.0.0", outcome, reason)


def told(database: Database, *decisions: Decision, tenant: Tenant = ANNA, now: int = 1) -> list[Decision]:
    with database.write() as conn:
        return count(conn, tenant, decisions, now)


def counts(database: Database, now: int = 2) -> dict[tuple[int, str], dict[str, int]]:
    with database.read() as conn:
        return {(one.tenant, one.rule): dict(one.counts) for one in rates(conn, now)}


def test_a_proposal_counts_once_and_its_last_word_counts(database: Database) -> None:
    for outcome in ("open", "open", "accepted", "accepted"):
        told(database, said(outcome))
    assert counts(database) == {(ANNA, "statin"): {"accepted": 1}}
    told(database, said("declined", reason="not-now"))
    with database.read() as conn:
        (rate,) = rates(conn, 2)
    assert (dict(rate.counts), dict(rate.reasons)) == ({"declined": 1}, {"not-now": 1})


def test_only_news_is_told_and_what_was_decided_is_not_open_again(database: Database) -> None:
    assert told(database, said("declined")) == [said("declined")]
    assert told(database, said("declined")) == []
    assert told(database, said("open")) == []
    assert told(database, said("moot")) == []
    assert counts(database) == {(ANNA, "statin"): {"declined": 1}}


def test_what_its_evidence_left_counts_as_nothing_and_may_come_back(database: Database) -> None:
    told(database, said("open"))
    told(database, said("moot"))
    assert counts(database) == {}
    told(database, said("open"))
    assert counts(database) == {(ANNA, "statin"): {"open": 1}}


def test_what_nobody_decided_about_for_a_month_is_ignored(database: Database) -> None:
    told(database, said("open"))
    assert counts(database, IGNORED) == {(ANNA, "statin"): {"open": 1}}
    assert counts(database, IGNORED + 1) == {(ANNA, "statin"): {"ignored": 1}}


def test_hospitals_and_rules_are_counted_apart(database: Database) -> None:
    told(database, said("accepted"), said("declined", 2), said("open", 3, "hba1c"))
    told(database, said("declined"), tenant=BERTA)
    assert counts(database) == {
        (ANNA, "hba1c"): {"open": 1},
        (ANNA, "statin"): {"accepted": 1, "declined": 1},
        (BERTA, "statin"): {"declined": 1},
    }
    with database.read() as conn:
        assert [one.rule for one in rates(conn, 2, ANNA, ["hba1c"])] == ["hba1c"]


def test_a_row_names_no_patient_and_no_act() -> None:
    assert set(rule_decision.c.keys()) == {
        "tenant",
        "mark",
        "rule",
        "version",
        "outcome",
        "reason",
        "since",
    }
    assert "patient" not in str(select(rule_decision))


def test_a_rate_needs_enough_decisions_and_is_over_above_its_limit() -> None:
    few = Rate(ANNA, "statin", "1", {"declined": ENOUGH - 1})
    assert (few.overridden, few.is_over(70)) == (None, False)
    edge = Rate(ANNA, "statin", "1", {"declined": 14, "accepted": 6, "ignored": 100})
    assert (edge.overridden, edge.is_over(70), edge.is_over(69)) == (70, False, True)
