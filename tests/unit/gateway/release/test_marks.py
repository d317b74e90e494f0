"""Marks of all sources in one order, in which no place is met twice."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gateway.custody.ids import StoredId, Tenant, WriteNo, write_no
from gateway.release.marks import End, Mark, Why, Window, merged, ordered

TENANTS = (Tenant(3), Tenant(4))


def version(time: int, tenant: Tenant, count: int) -> Mark:
    return Mark(time, write_no(tenant, count), tenant, "CarePlan")


def ended(time: int, tenant: Tenant, number: int) -> Mark:
    return End(Why.ERASED, time, tenant, None).of("CarePlan", StoredId(number.to_bytes(16)))


times, tenants = st.integers(0, 5), st.sampled_from(TENANTS)
versions = st.lists(st.builds(version, times, tenants, st.integers(1, 1 << 40)), unique=True)
ends = st.lists(st.builds(ended, times, tenants, st.integers(0, (1 << 128) - 1)), unique_by=lambda m: m.place)


def window(after: int | None = None) -> Window:
    return Window({tenant: WriteNo(0) for tenant in TENANTS}, after=after)


def newest(marks: list[Mark]) -> list[Mark]:
    return sorted(marks, key=lambda mark: mark.place, reverse=True)


@given(versions, ends)
def test_no_version_has_the_place_of_an_end(some: list[Mark], others: list[Mark]):
    places = [mark.place for mark in (*some, *others)]
    assert len(set(places)) == len(places)


@given(versions, ends, st.integers(1, 4))
def test_whoever_goes_on_after_each_page_meets_every_mark_once(
    some: list[Mark], others: list[Mark], count: int
):
    found: list[Mark] = []
    after = None
    while True:
        sources = [iter(newest(some)), iter(newest(others))]
        page = list(merged(sources, window(after)))[:count]
        if not page:
            break
        found += page
        after = page[-1].place
    assert found == newest([*some, *others])
    assert [mark.time for mark in found] == sorted((mark.time for mark in found), reverse=True)


@given(ends)
def test_marks_of_one_moment_are_put_into_their_order(marks: list[Mark]):
    by_time = sorted(marks, key=lambda mark: -mark.time)
    assert list(ordered(by_time)) == newest(marks)


def test_an_end_knows_of_what_and_whose_it_is():
    mark = End(Why.CONSENT, 7, TENANTS[0], StoredId(b"p" * 16)).of("Goal", StoredId(b"g" * 16))
    assert (mark.type, mark.id, mark.patient, mark.why) == ("Goal", b"g" * 16, b"p" * 16, Why.CONSENT)
