"""Which links unite, by example and by law: order decides nothing, and no contradiction is united."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappers.merging import Decision, Record, State, contradictions, decided, links, record

US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-birthsex"
ANN = Record("1961-04-17", "female", None, False)
MAN = Record("1961-04-17", "male", None, False)
YEAR = Record("1961", None, None, False)
Told = set[tuple[bytes, bytes]]


def names(text: str) -> Told:
    """``"a>b b>c"``: who goes into whom."""
    pairs = (one.encode().split(b">") for one in text.split())
    return {(one, other) for one, other in pairs}


def states(told: str, **records: Record) -> dict[str, str]:
    """What became of each link: ``united:c`` (its survivor), ``blocked:sex`` (its reason), or ``waiting``."""
    found = decided({name.encode(): one for name, one in records.items()}, names(told))
    return {b">".join(link).decode(): said(decision) for link, decision in found.items()}


def said(decision: Decision) -> str:
    more = decision.survivor.decode() if decision.survivor is not None else decision.reason
    return decision.state.value + (f":{more}" if more else "")


def test_a_record_goes_into_the_one_that_replaces_it():
    assert states("a>b", a=ANN, b=ANN) == {"a>b": "united:b"}


def test_the_end_of_the_chain_survives():
    assert states("a>b b>c d>c", a=ANN, b=ANN, c=ANN, d=ANN) == dict.fromkeys(
        ["a>b", "b>c", "d>c"], "united:c"
    )


@pytest.mark.parametrize("there", ["a", "b"])
def test_a_link_waits_for_a_record_that_is_not_there(there: str):
    assert states("a>b", **{there: ANN}) == {"a>b": "waiting"}


def test_a_chain_unites_as_far_as_it_stands():
    assert states("a>b b>c", a=ANN, b=ANN) == {"a>b": "united:b", "b>c": "waiting"}
    assert states("a>b b>c", a=ANN, c=ANN) == {"a>b": "waiting", "b>c": "waiting"}


@pytest.mark.parametrize(
    ("one", "other", "reason"),
    [
        (ANN, MAN, "sex"),
        (Record("1961", None, "M", False), Record("1961", None, "F", False), "sex"),
        (Record("1961-04", "female", None, False), Record("1961-05", "female", None, False), "birth date"),
        (Record("1961-04-17", None, None, False), Record("1961-04-18", None, None, False), "birth date"),
        (Record("1961", "male", None, False), Record("1962", "female", None, False), "birth date, sex"),
        (Record("1961", None, None, True), Record("1961", None, None, False), "death"),
    ],
)
def test_what_contradicts_blocks_and_is_named(one: Record, other: Record, reason: str):
    assert states("a>b", a=one, b=other) == {"a>b": f"blocked:{reason}"}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (ANN, YEAR),
        (YEAR, Record("1961-04", "other", None, False)),
        (Record(None, None, None, False), MAN),
        (Record("1961", "unknown", None, False), MAN),
        (Record("1961", "other", None, False), MAN),
        (Record("1961", "male", "UNK", False), Record("1961", "male", "F", False)),
        (Record("1961", None, None, False), Record("1961", None, None, True)),
        (Record("1961", None, None, True), Record("1961", None, None, True)),
    ],
)
def test_what_is_not_told_or_dies_later_contradicts_nothing(one: Record, other: Record):
    assert states("a>b", a=one, b=other) == {"a>b": "united:b"}


def test_who_goes_into_two_is_a_conflict_even_while_one_is_not_there():
    assert states("a>b a>c", a=ANN, b=ANN, c=ANN) == dict.fromkeys(["a>b", "a>c"], "blocked:fork")
    assert states("a>b a>c", a=ANN, b=ANN) == dict.fromkeys(["a>b", "a>c"], "blocked:fork")


def test_a_chain_that_is_told_twice_is_no_fork():
    assert set(states("a>b b>c a>c", a=ANN, b=ANN, c=ANN).values()) == {"united:c"}
    assert states("a>b b>c a>c", a=ANN, c=ANN)["a>c"] == "united:c"
    cut = states("a>b b>c a>c", a=YEAR, b=ANN, c=MAN)
    assert cut == {"a>b": "blocked:fork", "a>c": "blocked:fork", "b>c": "blocked:sex"}


def test_a_circle_is_a_conflict_and_what_goes_into_it_is_none():
    circle = states("a>b b>c c>a d>a", a=ANN, b=ANN, c=ANN, d=ANN)
    assert circle.pop("d>a") == "united:a"
    assert set(circle.values()) == {"blocked:cycle"}
    assert states("a>a", a=ANN) == {"a>a": "blocked:cycle"}


def test_a_wrong_link_keeps_only_the_wrong_record_out():
    group = states("a>b x>b y>x", a=ANN, b=ANN, x=MAN, y=MAN)
    assert group == {"a>b": "united:b", "x>b": "blocked:sex", "y>x": "united:x"}
    far = states("a>b m>b x>m", a=ANN, b=ANN, m=YEAR, x=MAN)
    assert far == {"a>b": "united:b", "m>b": "united:b", "x>m": "blocked:sex"}


def test_of_two_that_contradict_each_other_neither_joins():
    april, may = Record("1961-04", None, None, False), Record("1961-05", None, None, False)
    assert set(states("a>c b>c", a=april, b=may, c=YEAR).values()) == {"blocked:birth date"}
    assert states("a>b b>c", a=april, b=YEAR, c=may) == {"a>b": "blocked:birth date", "b>c": "united:c"}


# --- laws ------------------------------------------------------------------------------------------------

IDS = [bytes([65 + n]) for n in range(6)]
some_records = st.builds(
    Record,
    st.sampled_from([None, "1961", "1961-04", "1961-05", "1961-04-17"]),
    st.sampled_from([None, "female", "male", "unknown"]),
    st.sampled_from([None, "F", "M"]),
    st.booleans(),
)
people = st.dictionaries(st.sampled_from(IDS), some_records)
graphs = st.sets(st.tuples(st.sampled_from(IDS), st.sampled_from(IDS)), max_size=8)


@given(people, graphs, st.permutations(IDS))
def test_law_7_neither_order_nor_names_decide(known: dict[bytes, Record], told: Told, order: list[bytes]):
    renamed = dict(zip(IDS, order, strict=True))
    others = {renamed[one]: found for one, found in reversed(known.items())}
    there = decided(others, {(renamed[one], renamed[other]) for one, other in told})
    for (one, other), decision in decided(known, told).items():
        survivor = None if decision.survivor is None else renamed[decision.survivor]
        assert there[renamed[one], renamed[other]] == Decision(decision.state, decision.reason, survivor)


@given(people, graphs)
def test_every_link_is_decided_once_and_nobody_is_united_with_a_contradiction(
    known: dict[bytes, Record], told: Told
):
    found = decided(known, told)
    assert found.keys() == told
    groups: dict[bytes, set[bytes]] = {}
    of: dict[bytes, set[bytes]] = {}
    for (one, other), decision in found.items():
        assert (decision.survivor is not None) == (decision.state is State.UNITED)
        assert (decision.reason is not None) == (decision.state is State.BLOCKED)
        if decision.survivor is not None:
            groups.setdefault(decision.survivor, {decision.survivor}).update((one, other))
            of.setdefault(one, set()).add(decision.survivor)
            # Who survives goes into nobody.
            assert all(found[link].survivor is None for link in told if link[0] == decision.survivor)
    assert all(len(survivors) == 1 for survivors in of.values())
    for survivor, group in groups.items():
        assert group <= known.keys()
        assert not any(contradictions(known[one], known[other]) for one, other in combinations(group, 2))
        assert known[survivor].deceased or not any(known[one].deceased for one in group)


# --- what a Patient says ---------------------------------------------------------------------------------


def person(**more: Any) -> dict[str, Any]:
    return {"resourceType": "Patient", "id": "a", **more}


def test_what_tells_people_apart_is_read_from_a_patient():
    sex = {"url": US_CORE, "valueCode": "F"}
    whole = person(birthDate="1961-04-17", gender="female", extension=[sex], deceasedDateTime="2020")
    assert record(whole) == Record("1961-04-17", "female", "F", True)
    assert record(person(deceasedBoolean=False)) == Record(None, None, None, False)


def test_links_count_between_patients_and_only_those_that_replace():
    def link(kind: str, **other: Any) -> dict[str, Any]:
        return {"type": kind, "other": other}

    told = [
        link("replaced-by", reference="Patient/b"),
        link("replaces", reference="Patient/c/_history/2"),
        link("seealso", reference="Patient/d"),
        link("refer", reference="Patient/e"),
        link("replaced-by", reference="RelatedPerson/f"),
        link("replaced-by", reference="https://elsewhere.example/fhir/Patient/g"),
        link("replaced-by", identifier={"value": "h"}),
    ]
    assert list(links(person(link=told))) == [("replaced-by", "b"), ("replaces", "c")]
    assert list(links(person())) == []
