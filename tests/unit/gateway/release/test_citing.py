"""Following canonicals: what is asked of rows, and what decides on an opened resource."""

from __future__ import annotations

from typing import Any

from gateway.release.citing import AT_ONCE, Citing, Published, citing, published
from mappers.r4.search import Side

A, B = "http://a.example/l", "http://b.example/l"


def library(url: str | None = A, version: str | None = None) -> dict[str, Any]:
    made = {"resourceType": "Library", "url": url, "version": version}
    return {key: value for key, value in made.items() if value is not None}


def rests_on(*canonicals: str) -> dict[str, Any]:
    return {"resourceType": "ActivityDefinition", "library": list(canonicals)}


def one(*names: tuple[str, str | None]) -> Published:
    (made,) = published(("Library", name) for name in names)
    return made


def cites(*definitions: tuple[str, tuple[str, str | None]]) -> Citing:
    (made,) = citing("ActivityDefinition", "depends-on", definitions)
    return made


def test_a_definition_is_looked_for_by_its_urls_without_versions():
    (query,) = one((B, "2"), (A, "1"), (A, None)).queries()
    assert (query.side, query.tokens, query.everything) == (Side.CLINICAL, (("url", A), ("url", B)), False)


def test_a_version_counts_where_it_is_named():
    exact, any_ = one((A, "1")), one((A, None))
    assert [exact.holds(library(A, version), 0) for version in ("1", "2", None)] == [True, False, False]
    assert [any_.holds(library(A, version), 0) for version in ("1", "2", None)] == [True, True, True]
    assert not any_.holds(library(B), 0)
    assert not any_.holds(library(None), 0), "who does not say what it is, is it not"


def test_definitions_of_several_types_are_several_searches():
    asked = list(published([("Library", (A, None)), ("Measure", (A, None)), ("Library", (A, None))]))
    assert asked == [
        Published("Library", frozenset({(A, None)})),
        Published("Measure", frozenset({(A, None)})),
    ]
    assert list(published([])) == []


def test_so_many_names_are_asked_for_at_once():
    names = [("Library", (f"{A}/{n}", None)) for n in range(AT_ONCE + 1)]
    assert [len(part.names) for part in published(names)] == [AT_ONCE, 1]
    parts = list(citing("ActivityDefinition", "depends-on", names))
    assert [len(part.queries()[0].tokens) for part in parts] == [2 * AT_ONCE, 2]


def test_who_cites_is_looked_for_at_each_place_of_the_parameter():
    (query,) = cites(("Library", (A, "1"))).queries()
    assert query.side is Side.CLINICAL
    assert {url for _, url in query.tokens} == {A}
    assert {name for name, _ in query.tokens} == {"composed-of", "depends-on"}


def test_who_names_another_version_or_another_type_cites_something_else():
    asked = cites(("Library", (A, "1")))
    assert asked.holds(rests_on(f"{A}|1"), 0)
    assert asked.holds(rests_on(B, A), 0), "without a version it may be any"
    assert not asked.holds(rests_on(f"{A}|2"), 0)
    assert not asked.holds(rests_on(B), 0)
    assert not asked.holds(rests_on(), 0)
    assert not cites(("Measure", (A, "1"))).holds(rests_on(A), 0), "a library is cited there"
    assert not cites(("Library", (A, None))).holds(rests_on(f"{A}|1"), 0), "it says no version"
