"""The invented trail has what officers look for, and is the same each time."""

from __future__ import annotations

from itertools import chain, pairwise

from bench import trail_events
from bench.trail_events import Cast, resource_id, transactions
from gateway.custody.ids import StoredId, Tenant
from gateway.fhir.balp import PATTERNS

PATIENTS = tuple(StoredId(bytes([number]) * 16) for number in range(20))
CAST = Cast(Tenant(5), PATIENTS, 1_700_000_000_000_000, 1_000_000)


def made(count: int) -> list[object]:
    return list(chain.from_iterable(transactions(CAST, count)))


def test_there_are_as_many_as_were_asked_for():
    assert [len(made(count)) for count in (1, 3, 4, 150, 1_001)] == [1, 3, 4, 150, 1_001]


def test_the_same_number_is_the_same_event():
    assert made(800)[:500] == made(500)


def test_time_goes_on():
    times = [event.time for event in made(3_000)]
    assert all(later - earlier > -100 for earlier, later in pairwise(times))
    assert abs(times[-1] - (CAST.start + 3_000 * CAST.step)) < 200 * CAST.step


def test_each_kind_is_one_that_the_product_writes():
    assert {event.kind for event in made(3_000)} <= PATTERNS.keys()


def test_what_is_rare_is_there_once_and_at_the_beginning():
    events = made(60_000)
    for name, value in (
        ("client_id", trail_events.RARE_CLIENT),
        ("user", trail_events.RARE_USER),
        ("address", trail_events.RARE_ADDRESS),
        ("purpose", trail_events.RARE_PURPOSE),
        ("outcome", trail_events.RARE_OUTCOME),
        ("action", trail_events.RARE_ACTION),
    ):
        assert [place for place, event in enumerate(events) if getattr(event, name) == value][1:] == []
        assert any(getattr(event, name) == value for event in events[:3]), name


def test_what_is_not_so_rare_is_there_too():
    events = made(60_000)
    assert {"0", "4", "8", "12"} == {event.outcome for event in events}
    assert 1 <= sum(event.purpose == trail_events.BREAK_GLASS for event in events) < 100
    assert len({event.client_id for event in events}) == 3 + len(trail_events.PARTNERS)
    assert {event.patient for event in events} >= set(PATIENTS)


def test_resources_of_a_chart_have_ids_of_their_own():
    ids = {resource_id(patient, number) for patient in PATIENTS for number in range(64)}
    assert len(ids) == 64 * len(PATIENTS)
    assert all(len(one) == 16 for one in ids)
