"""The table of interactions: every row, every member, both ways round."""

from __future__ import annotations

import pytest

from workers.engine.dangers import pairs as table
from workers.engine.dangers.pairs import Pair, found, interact, members, pairs, whole

ROWS = pairs()


def test_there_are_the_fifteen_pairs_of_the_panel():
    assert [pair.number for pair in ROWS] == [str(number) for number in range(1, 16)]


@pytest.mark.parametrize("pair", ROWS, ids=lambda pair: pair.number)
def test_every_member_makes_the_pair_with_every_other_side_in_either_order(pair: Pair):
    for one in pair.objects:
        for other in pair.precipitants - {one}:
            assert pair.between(one, other)
            assert pair.between(other, one)
            assert pair in {row for row, _, _ in found([other, one])}
            assert interact(one, other)


@pytest.mark.parametrize("pair", ROWS, ids=lambda pair: pair.number)
def test_members_of_one_side_alone_make_no_pair(pair: Pair):
    for side, against in ((pair.objects, pair.precipitants), (pair.precipitants, pair.objects)):
        alone = side - against
        assert not any(pair.between(one, other) for one in alone for other in alone)
        assert not any(pair.between(one, one) for one in side)


@pytest.mark.parametrize("pair", ROWS, ids=lambda pair: pair.number)
def test_every_row_says_what_happens_and_on_whose_word(pair: Pair):
    assert pair.consequence.endswith(".")
    assert pair.effect
    assert pair.rule.source.url.startswith("https://doi.org/")
    assert pair.rule.source.date


def test_what_was_not_read_at_its_source_is_unconfirmed():
    confirmed = {pair.number for pair in ROWS if pair.rule.source.confirmed}
    assert confirmed == {"1", "2", "3", "14"}
    assert whole().source.confirmed


def test_what_stands_in_no_row_interacts_with_nothing():
    assert list(found(["metformin", "lisinopril", "atorvastatin"])) == []
    assert "metformin" not in members()


def test_a_name_that_no_other_table_has_stops_the_table(monkeypatch: pytest.MonkeyPatch):
    rows = ({**table.rows(table.TABLE)[0], "object_drugs": "amfetamin"},)
    monkeypatch.setattr(table, "rows", lambda _: rows)
    with pytest.raises(ValueError, match="names ingredients that no other table has"):
        pairs.__wrapped__()
