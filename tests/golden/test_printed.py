"""The ten plans of ``docs/plans.md`` are those that the engine gives today, and can be read in a minute."""

from __future__ import annotations

import re

import pytest

from tests.golden import printed
from tests.way import Way

MINUTE = 270
"""Words: what a person reads in a minute or little more."""


def test_the_page_shows_the_plans_that_the_engine_gives() -> None:
    assert "".join(printed.written()) == printed.PAGE.read_text("utf-8"), "python -m tests.golden.printed"


@pytest.mark.parametrize("one", printed.everybody(), ids=lambda one: one.who)
def test_what_a_clinician_must_read_takes_a_minute(way: Way, one: printed.Person) -> None:
    above = re.sub("<[^>]+>", " ", printed.div(way, one).partition("<b>Basis")[0])
    assert 10 < len(above.split()) <= MINUTE


def test_the_last_shows_that_more_is_kept(way: Way) -> None:
    last = printed.everybody()[-1]
    answer = printed.answered(way, last)
    assert answer.kept
    assert f"{len(answer.kept)} more" in printed.div(way, last)
