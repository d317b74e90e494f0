"""Values are parted at their marks, in one pass, as R4 escapes them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappers.r4.search_terms import plain, split

MARKS = ",|$"
TEXTS = st.text("\\,|$a\n\u00e4", max_size=40)


def letter_by_letter(text: str, separator: str) -> list[str]:
    """The plain reading of the rule, which costs a copy for each letter."""
    parts, escaped = [""], False
    for letter in text:
        if letter == separator and not escaped:
            parts.append("")
        else:
            parts[-1] += letter
        escaped = letter == "\\" and not escaped
    return parts


class Counted(str):
    """A text that knows how many letters were copied out of it."""

    copied = 0

    def __getitem__(self, place):  # type: ignore[no-untyped-def]
        part = super().__getitem__(place)
        Counted.copied += len(part)
        return part


@given(TEXTS, st.sampled_from(MARKS))
def test_a_text_is_parted_as_the_rule_reads(text: str, separator: str):
    assert split(text, separator) == letter_by_letter(text, separator)


@given(TEXTS, st.sampled_from(MARKS))
def test_no_letter_is_lost(text: str, separator: str):
    assert separator.join(split(text, separator)) == text


@pytest.mark.parametrize("text", ["x" * 10_000, "," * 10_000, "\\," * 5_000, "\\\\," * 3_000])
def test_each_letter_is_copied_once_at_most(text: str):
    Counted.copied = 0
    split(Counted("\\|" + text), ",")
    assert 0 < Counted.copied <= len(text) + 2


def test_escapes_stay_until_they_are_taken_away():
    assert split(r"a\,b,c\|d", ",") == [r"a\,b", r"c\|d"]
    assert [plain(part) for part in split(r"a\,b,c\|d", ",")] == ["a,b", "c|d"]
    assert split("", ",") == [""]
