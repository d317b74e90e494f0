"""Summaries fit into their 140 characters, and what is offered is what a plan understands."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gateway.cds_hooks.cards import SUMMARY, override_reasons, shortened
from mappers.recommendations_to_careplan.reasons import REASON_SYSTEM, reason_of

WORDS = st.lists(st.text("abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=30), min_size=1, max_size=40)


@given(WORDS)
def test_a_summary_is_short_and_begins_like_the_title(words: list[str]):
    title = " ".join(words)
    told = shortened(title)
    assert len(told) <= SUMMARY
    assert told == title or (told.endswith("…") and title.startswith(told[:-1]))


def test_a_title_without_blanks_is_cut_too():
    assert shortened("x" * 500) == "x" * (SUMMARY - 1) + "…"


def test_each_reason_that_is_offered_is_one_that_a_plan_counts():
    for one in override_reasons():
        line = {"detail": {"statusReason": {"coding": [{"system": one["system"], "code": one["code"]}]}}}
        assert one["system"] == REASON_SYSTEM
        assert reason_of(line) == one["code"]
        assert one["display"]
    assert "done-by-data" not in {one["code"] for one in override_reasons()}, "Careloom's own"
