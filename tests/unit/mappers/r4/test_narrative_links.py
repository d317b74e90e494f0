"""Links of a narrative lead to the entries that they name, and nothing else of it is touched."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappers.r4.narrative_links import relinked, relinking

KNOWN = {"urn:uuid:a": "Patient/1", "http://ehr/Binary/2?x=1&y=2": "Binary/2"}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('<a href="urn:uuid:a">x</a>', '<a href="Patient/1">x</a>'),
        ("<a href='urn:uuid:a'>x</a>", "<a href='Patient/1'>x</a>"),
        ('<a\n class="q"  href = "urn:uuid:a" >x</a>', '<a\n class="q"  href = "Patient/1" >x</a>'),
        ('<img alt="a > b" src="urn:uuid:a"/>', '<img alt="a > b" src="Patient/1"/>'),
        ('<a href="http://ehr/Binary/2?x=1&amp;y=2">&#160;&amp;</a>', '<a href="Binary/2">&#160;&amp;</a>'),
        (
            '<a href="urn:uuid:a">1</a><a href="urn:uuid:a">2</a>',
            '<a href="Patient/1">1</a><a href="Patient/1">2</a>',
        ),
    ],
)
def test_a_link_to_an_entry_leads_to_it(before: str, after: str) -> None:
    assert relinked(f"<div>{before}</div>", KNOWN) == f"<div>{after}</div>"


@pytest.mark.parametrize(
    "text",
    [
        "<p>urn:uuid:a</p>",
        '<a href="urn:uuid:b">x</a>',
        '<a href="urn:uuid:a#part">x</a>',
        '<a href="#urn:uuid:a">x</a>',
        '<a name="urn:uuid:a">x</a>',
        """<a title='href="urn:uuid:a"'>x</a>""",
        '<abbr href="urn:uuid:a">x</abbr>',
        '<p title="urn:uuid:a" id="href">href="urn:uuid:a"</p><a/>',
        '<!-- <a href="urn:uuid:a"> --><a/>',
        '<![CDATA[<a href="urn:uuid:a">]]><a/>',
    ],
)
def test_what_is_no_link_to_an_entry_stays(text: str) -> None:
    assert relinked(text, KNOWN) == text


@given(st.text(alphabet="<a >hrefsc=\"'!-/urn:uid", max_size=80))
def test_where_nothing_is_named_no_character_changes(text: str) -> None:
    assert relinked(text, {"urn:oid:9": "Patient/9"}) == text


def test_a_hostile_text_is_gone_through_once() -> None:
    text = "<a " * 100_000
    assert relinked(text, KNOWN) == text


def test_without_entries_there_is_nothing_to_turn() -> None:
    assert relinking({}) is None
