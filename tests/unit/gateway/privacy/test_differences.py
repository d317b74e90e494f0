"""What somebody changed in a policy is shown, what tells more first, and none of that is missed."""

from __future__ import annotations

from importlib.resources import files

import pytest

from gateway.privacy.check import check
from gateway.privacy.differences import _TELLS, Differences, Way, differences, shipped_for
from gateway.privacy.generalise import GENERALISERS, MEASURES
from gateway.privacy.policy import CLINICAL, SHIPPED, Verb, load, parse


def changed(name: str, before: str, after: str) -> Differences:
    """How a shipped policy with one text changed differs from itself."""
    text = files("gateway.privacy").joinpath("policies", f"{name}.toml").read_text("utf-8")
    assert text.count(before) == 1
    mine = parse(text.replace(before, after), "mine")
    return differences(mine, check(mine), name)


@pytest.mark.parametrize("name", SHIPPED)
def test_what_ships_differs_in_nothing_from_itself(name: str) -> None:
    policy = load(name)
    assert shipped_for(policy) == name
    assert differences(policy, check(policy), name).rows == ()


def test_a_release_of_another_name_is_compared_with_the_default_profile() -> None:
    mine = parse('name = "mine"\nkind = "release"\n[types]\ndate = "year"\n', "mine")
    assert shipped_for(mine) == "partner-limited"
    named = parse('name = "clinical"\nkind = "release"\n[types]\ndate = "year"\n', "mine")
    assert shipped_for(named) == "partner-limited"
    split = parse('name = "partner-limited"\nkind = "split"\n[types]\nboolean = "keep"\n', "mine")
    assert shipped_for(split) == CLINICAL


@pytest.mark.parametrize(
    ("name", "before", "after", "path", "way"),
    [
        (CLINICAL, '\nstring = "withhold"\n', '\nstring = "keep"\n', "Account.name", Way.LOOSER),
        (CLINICAL, '\nboolean = "keep"\n', '\nboolean = "withhold"\n', "Patient.active", Way.TIGHTER),
        (CLINICAL, '\nstring = "withhold"\n', '\nstring = "mask"\n', "Account.name", Way.OTHER),
        ("partner-shifted", '\ndate = "shift-day"\n', '\ndate = "shift"\n', "Goal.statusDate", Way.LOOSER),
        ("partner-safe-harbor", 'instant = "withhold"', 'instant = "shift"', "Meta.lastUpdated", Way.LOOSER),
        ("partner-safe-harbor", 'Address = "withhold"\n', "", "Patient.address", Way.LOOSER),
        ("partner-safe-harbor", '["21611-9", ', "[", "21611-9", Way.LOOSER),
    ],
)
def test_each_change_is_shown_as_what_it_is(name: str, before: str, after: str, path: str, way: Way) -> None:
    found = changed(name, before, after)
    assert {row.way for row in found.rows} == {way}
    assert [row for row in found.rows if path in row.path]
    assert found.count(way) == len(found.rows)


def test_looser_rows_stand_first() -> None:
    text = files("gateway.privacy").joinpath("policies", "clinical.toml").read_text("utf-8")
    text = text.replace('\nboolean = "keep"\n', '\nboolean = "withhold"\n')
    mine = parse(text.replace('\nstring = "withhold"\n', '\nstring = "keep"\n'), "mine")
    found = differences(mine, check(mine), CLINICAL)
    ways = [row.way for row in found.rows]
    assert ways == sorted(ways, key=list(Way).index)
    assert set(ways) == {Way.LOOSER, Way.TIGHTER}
    assert str(found).startswith("547 elements are kept that the shipped policy clinical withholds")


def test_an_extension_that_is_let_in_is_looser() -> None:
    text = files("gateway.privacy").joinpath("policies", "clinical.toml").read_text("utf-8")
    mine = parse(text.replace("\n[extensions]\n", '\n[extensions]\n"urn:mine" = {}\n'), "mine")
    (row,) = differences(mine, check(mine), CLINICAL).rows
    assert (row.type, row.path, row.way, row.uncovers) == ("[extension]", "urn:mine", Way.LOOSER, True)


def test_every_action_that_a_policy_may_name_has_its_height() -> None:
    """What had none would count as kept: never as tighter than it is, but wrongly as looser."""
    verbs = {verb.value for verb in Verb} - {"generalise", "keep-matching"}
    how = {f"generalise {name}" for name in (*GENERALISERS, *MEASURES)}
    assert verbs | how | {"keep-matching"} <= _TELLS.keys()
