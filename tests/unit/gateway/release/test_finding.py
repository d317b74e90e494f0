"""Rows propose and the opened resource decides; pages stay whole over tenants and while writes go on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.custody.ids import WriteNo
from gateway.custody.records import StoredVersion
from gateway.release import finding
from gateway.release.asking import May
from gateway.release.chaining import Grammar
from gateway.release.finding import Budget, Finder, Limits, Reader, Scope, Spent, Window
from gateway.release.paging import Found, Paging
from gateway.release.tenants import TenantView
from tests.desk import ST_ANNA, ST_BERTA, Desk, ehr, observation, patient, unknown_meaning

GRAMMAR = Grammar(May(True, lambda type_: True, lambda type_, name: False))


@pytest.fixture
def desk(small_desk: Desk) -> Desk:
    """Five patients in one hospital, three in another."""
    for tenant, count in ((ST_ANNA, 5), (ST_BERTA, 3)):
        small_desk.puts(*(patient(f"mrn-{number}") for number in range(count)), actor=ehr(tenant))
    return small_desk


def scope(desk: Desk, tenant: Any = ST_ANNA, visible: Callable[[StoredVersion], bool] | None = None) -> Scope:
    (whole,) = TenantView(desk.vault, tenant).reader(lambda type_, right: True).scopes
    return Scope(tenant, whole.name, whole.seen, visible)


def finder(desk: Desk, *scopes: Scope, limits: Limits = finding.LIMITS) -> Finder:
    def present(rows: Any) -> list[dict[str, Any]]:
        return [body for row in rows for body in TenantView(desk.vault, row.tenant).present([row])]

    return Finder(desk.vault, Reader(scopes, True, lambda type_, right: True, present), limits)


def search(
    desk: Desk, *scopes: Scope, query: Any = (), type_: str = "Patient", limits: Limits = finding.LIMITS
) -> Paging:
    criteria = tuple(GRAMMAR.criterion(type_, name, value) for name, value in query)
    return Paging(finder(desk, *scopes, limits=limits), type_, criteria)


def pages(
    desk: Desk, count: int, *scopes: Scope, query: Any = (), limits: Limits = finding.LIMITS
) -> list[Found]:
    asked, found, position = search(desk, *scopes, query=query, limits=limits), [], None
    while not found or position is not None:
        found.append(asked.page(position, count))
        position = found[-1].following
    return found


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    count=st.integers(1, 9),
    batch=st.integers(1, 4),
    hidden=st.sets(st.integers(0, 4)),
    opened=st.integers(2, 9),
)
def test_pages_of_any_size_hold_everything_visible_once(
    desk: Desk, count: int, batch: int, hidden: set[int], opened: int
):
    unseen = {desk.id_of(f"Patient/mrn-{number}") for number in hidden}
    scopes = [scope(desk, ST_BERTA), scope(desk, ST_ANNA, lambda row: row.id not in unseen)]
    query = [("birthdate:missing", "false")]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(finding, "BATCH", batch)
        found = pages(desk, count, *scopes, query=query, limits=Limits(opened=opened))
    rows = [row for page in found for row in page.rows]
    assert len(rows) == len({row.write_no for row in rows}) == 8 - len(hidden)
    assert [row.write_no for row in rows] == sorted((row.write_no for row in rows), reverse=True)
    assert all(len(page.rows) <= count for page in found)


def test_pages_are_full_while_the_budget_lasts(desk: Desk):
    scopes = [scope(desk, ST_BERTA), scope(desk, ST_ANNA)]
    assert [len(page.rows) for page in pages(desk, 3, *scopes)] == [3, 3, 2]


def test_a_total_is_told_where_it_costs_nothing(desk: Desk):
    assert pages(desk, 5, scope(desk))[0].total == 5
    assert [page.total for page in pages(desk, 2, scope(desk))] == [5, 5, 5]
    hidden = scope(desk, visible=lambda row: row.id != desk.id_of("Patient/mrn-0"))
    assert [page.total for page in pages(desk, 2, hidden)] == [None, None]
    assert pages(desk, 5, hidden)[0].total == 4


def test_what_is_written_after_the_first_page_is_not_on_the_next(desk: Desk):
    asked = search(desk, scope(desk))
    first = asked.page(None, 2)
    desk.puts(patient("late"))
    rest = asked.page(first.following, 50)
    assert desk.id_of("Patient/late") not in {row.id for row in (*first.rows, *rest.rows)}
    assert len(first.rows) + len(rest.rows) == 5


def test_what_is_changed_after_the_first_page_is_shown_where_it_was(desk: Desk):
    asked = search(desk, scope(desk), query=[("gender", "female")])
    first = asked.page(None, 2)
    desk.puts(patient("mrn-1", active=True), patient("mrn-2", gender="male"), patient("mrn-4", active=True))
    rest = asked.page(first.following, 50)
    assert [row.id for row in rest.rows] == [desk.id_of("Patient/mrn-1"), desk.id_of("Patient/mrn-0")]
    assert [row.version for row in rest.rows] == [2, 1]


def test_old_versions_and_deletions_are_not_found(desk: Desk):
    desk.puts(patient("mrn-0", gender="other"))
    desk.intake.delete(ehr(), "Patient", "mrn-1")
    (page,) = pages(desk, 50, scope(desk), query=[("gender", "female")])
    assert {row.id for row in page.rows} == {desk.id_of(f"Patient/mrn-{n}") for n in (2, 3, 4)}


def test_who_is_asked_for_by_id_must_meet_every_other_parameter_too(desk: Desk):
    for gender, count in (("female", 1), ("male", 0)):
        (page,) = pages(desk, 5, scope(desk), query=[("_id", "mrn-2"), ("gender", gender)])
        assert len(page.rows) == count
    (page,) = pages(desk, 5, scope(desk), query=[("_id", "mrn-2"), ("_id", "mrn-3")])
    assert page.rows == ()


def test_an_invisible_row_was_never_there(desk: Desk):
    (page,) = pages(desk, 50, scope(desk, visible=lambda row: False))
    assert (page.rows, page.total) == ((), 0)


def test_what_has_no_clinical_half_is_found_like_all_else(desk: Desk):
    desk.puts(unknown_meaning(observation("o1", "Patient/mrn-1")))
    for query, count in (
        ([("_id", "o1")], 1),
        ([("_id", "o2")], 0),
        ([("status", "final")], 1),
        ([("date", "2025-11-03")], 1),
        ([("date", "2025-11-04")], 0),
        ([("subject", "Patient/mrn-1")], 1),
        ([("value-quantity", "9.1")], 1),
    ):
        found = search(desk, scope(desk), query=query, type_="Observation").page(None, 5)
        assert len(found.rows) == count, query


def test_no_more_is_opened_than_the_budget_has(desk: Desk):
    asked, opened = finder(desk, scope(desk)), []
    whole = asked.reader.scopes[0].seen

    def seen(rows: Any) -> Any:
        opened.extend(rows)
        return whole(rows)

    one = scope(desk)
    counting = finder(desk, Scope(one.tenant, one.name, seen))
    criteria = [GRAMMAR.criterion("Patient", "birthdate:missing", "true")]
    with pytest.raises(Spent):
        list(counting.hits("Patient", criteria, Window(counting.ceilings()), 1, Budget(3)))
    assert len(opened) == 3


def test_what_a_reader_never_sees_shortens_no_page(desk: Desk):
    one = scope(desk)
    seen = {desk.id_of("Patient/mrn-0"), desk.id_of("Patient/mrn-4")}
    kind = Scope(one.tenant, one.name, one.seen, None, of_kind=lambda rows: [r for r in rows if r.id in seen])
    query = [("birthdate:missing", "false")]
    (page,) = pages(desk, 5, kind, query=query, limits=Limits(opened=2))
    assert {row.id for row in page.rows} == seen
    first, second = pages(desk, 5, kind, query=query, limits=Limits(opened=1))
    assert (len(first.rows), len(second.rows)) == (1, 1)


def test_what_needs_no_opening_costs_no_budget(desk: Desk):
    asked = finder(desk, scope(desk))
    assert len(list(asked.hits("Patient", [], Window(asked.ceilings()), 50, Budget(0)))) == 5


def test_a_tenant_without_a_ceiling_is_not_searched(desk: Desk):
    asked = finder(desk, scope(desk), scope(desk, ST_BERTA))
    window = Window({ST_ANNA: asked.ceilings()[ST_ANNA]})
    assert {hit.row.tenant for hit in asked.hits("Patient", [], window, 50, Budget(9))} == {ST_ANNA}
    assert list(asked.hits("Patient", [], Window({ST_ANNA: WriteNo(0)}), 50, Budget(9))) == []


def test_law_12_no_scope_finds_nothing(desk: Desk):
    assert search(desk).page(None, 5) == Found((), 0, None)
