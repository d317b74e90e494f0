"""What is passed arrives as it was, and what nobody passed is refused."""

from __future__ import annotations

import pytest

from gateway.run.passed import Passed
from gateway.run.trouble import Trouble

GIVEN = Passed(number=1, count=3, board=5, pulse=9, listening=(4, 7), silent=30)


@pytest.mark.parametrize("given", [GIVEN, Passed(0, 1, 3, 4, (5,))])
def test_it_is_one_word_and_comes_back_as_it_was(given: Passed):
    assert len(given.word().split()) == 1
    assert Passed.read(given.word()) == given


def test_people_count_from_one():
    assert GIVEN.name == "gateway 2 of 3"


@pytest.mark.parametrize("word", ["", "1,2", "a,b,c,d,e,f", "1,2,3,4,,6", GIVEN.word() + ",7"])
def test_what_no_supervisor_wrote_is_refused(word: str):
    with pytest.raises(Trouble, match="--passed"):
        Passed.read(word)
