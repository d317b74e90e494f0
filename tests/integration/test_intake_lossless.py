"""Law 1 through the whole house: what an EHR sends of any type is what it reads, finds, and read before."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from gateway.intake.versions import content
from mappers import lossless
from mappers.lossless import same
from mappers.r4.model import MODEL
from tests.actors import Hospital, Town
from tests.desk import Desk, put
from tests.unit.mappers.r4.generated import resource_of

NUMBERS = count()
SENDABLE = sorted(MODEL.resources - {"AuditEvent"})
"""The trail is written by Careloom alone."""
any_resource = st.sampled_from(SENDABLE).flatmap(resource_of)
drawn = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # a smaller example would take minutes of writes
)


RUN = ("ActivityDefinition", "PlanDefinition")


def fresh(resource: dict[str, Any]) -> dict[str, Any]:
    """Under an id that no example had before. An active definition that cannot be run is refused, so it is a
    draft, which is kept like anything."""
    drafted = {"status": "draft"} if resource["resourceType"] in RUN else {}
    return {**resource, "id": f"r-{next(NUMBERS)}", **drafted}


@drawn
@given(resource=any_resource)
def test_law_1_what_was_put_is_read(desk: Desk, resource: dict[str, Any]):
    sent = fresh(resource)
    desk.puts(sent)
    reference = f"{sent['resourceType']}/{sent['id']}"
    assert same(desk.reads(reference), sent)
    (found,) = desk.searches(f"{sent['resourceType']}?_id={sent['id']}")
    assert same(found, sent)


@drawn
@given(
    pair=st.sampled_from(SENDABLE).flatmap(lambda type_: st.tuples(resource_of(type_), resource_of(type_)))
)
def test_law_1_each_version_stays_what_it_was(desk: Desk, pair: tuple[dict[str, Any], dict[str, Any]]):
    first = fresh(pair[0])
    second = {**pair[1], "id": first["id"]}
    desk.puts(first, second)
    reference = f"{first['resourceType']}/{first['id']}"
    assert same(desk.reads(f"{reference}/_history/1"), first)
    assert same(desk.reads(reference), first if same(content(first), content(second)) else second)


def test_law_1_every_type_goes_through_a_transaction_and_back(desk: Desk):
    drawn_ones: list[dict[str, Any]] = []
    for type_ in SENDABLE:
        _draw(type_, drawn_ones)
    desk.submits(*(put(one) for one in drawn_ones))
    for sent in drawn_ones:
        assert same(desk.reads(f"{sent['resourceType']}/{sent['id']}"), sent), sent["resourceType"]


def _draw(type_: str, into: list[dict[str, Any]]) -> None:
    found: list[dict[str, Any]] = []

    @settings(max_examples=1, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(resource_of(type_))
    def one(resource: dict[str, Any]) -> None:
        found.append(fresh(resource))

    one()
    into.append(found[-1])


@pytest.fixture
def hospital(embedded: Town) -> Hospital:
    return embedded.hospital()


@drawn
@given(resource=any_resource)
def test_law_1_over_http_too(hospital: Hospital, resource: dict[str, Any]):
    sent = fresh(resource)
    answer = hospital.puts(sent)
    assert answer.status_code == 201, answer.text
    read = hospital.reads(f"{sent['resourceType']}/{sent['id']}")
    assert same(content(read), content(sent))
    assert same(content(lossless.loads(answer.content)), content(sent)), "the answer to the write, too"
