"""Law 8 between the zones: the gateway decides on the whole, workers on halves, and they are never freer."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gateway.privacy.policy import CLINICAL, load
from gateway.privacy.split import split
from mappers.consent import (
    Consent,
    Default,
    Request,
    Subject,
    Surroundings,
    decide,
    known_to,
    purposes,
    reached,
    read,
    subject,
    unread,
)
from mappers.parties import ENGINE
from mappers.r4 import references
from mappers.r4.validate import problems
from tests.consents import ENGINE as ENGINE_ACTOR
from tests.consents import coding, concept, consent, deny, permit
from tests.unit.mappers.consent import drawn
from tests.way import pseudonym

Json = dict[str, Any]
POLICY = load(CLINICAL)
AS_ENGINE = Request(
    frozenset({ENGINE}),
    frozenset({"access", "use"}),
    purposes.closure("TREAT"),
    datetime(2026, 3, 2, 9),
)
KEPT: list[Json] = [
    {"resourceType": "Device", "id": "engine", "identifier": [ENGINE_ACTOR["reference"]["identifier"]]},
    {
        "resourceType": "Organization",
        "id": "app",
        "name": "App",
        "identifier": [{"system": "urn:careloom:client", "value": "app"}],
    },
    *drawn.RESOURCES,
]


def whole(body: Json) -> Json:
    """As the gateway has it: all that was sent, in pseudonyms."""
    own = references.parse(f"{body['resourceType']}/{body['id']}")
    return references.rewrite({**body, "id": _named(str(own)).partition("/")[2]}, _named)


def _named(text: str) -> str:
    found = references.parse(text)
    return (
        f"{found.type}/{pseudonym(found.type, found.id)}" if isinstance(found, references.Literal) else text
    )


def half(body: Json) -> Json | None:
    """As a worker has it."""
    return split(body, POLICY, pseudonym).clinical


def around(bodies: list[Json | None], types: set[str]) -> Surroundings:
    there = {f"{one['resourceType']}/{one['id']}": one for one in bodies if one is not None}
    return Surroundings(
        {text: known_to(one) for text, one in there.items() if one["resourceType"] in types},
        {text: reached(one) for text, one in there.items()},
    )


GATEWAY = around([whole(one) for one in KEPT], {"Device", "Organization"})
WORKER = around([half(one) for one in KEPT], {"Device"})


def seen(body: Json | None, place: Surroundings) -> list[Consent]:
    if body is None:
        return [unread("Consent/c/_history/1")]
    found = read(body, "Consent/c/_history/1", place)
    return [] if found is None else [found]


def subjects(body: Json) -> tuple[Subject, Subject]:
    """One resource as each of them has it."""
    inside = half(body)
    assert inside is not None
    local = f"{inside['resourceType']}/{inside['id']}"
    return subject(whole(body), local), subject(inside, local)


def freer(sent: list[Json], resource: Json) -> bool:
    """Whether workers would be given what the gateway would deny."""
    gateway = [one for body in sent for one in seen(whole(body), GATEWAY)]
    worker = [one for body in sent for one in seen(half(body), WORKER)]
    as_sent, as_split = subjects(resource)
    denied = not decide(gateway, AS_ENGINE, as_sent, Default.OPT_OUT).permits
    return denied and decide(worker, AS_ENGINE, as_split, Default.OPT_OUT).permits


@settings(max_examples=400)
@given(st.lists(drawn.bodies(), min_size=1, max_size=2), st.sampled_from(drawn.RESOURCES))
@example([consent("c", "Patient/p", deny(), policyRule={"text": "x"})], drawn.RESOURCES[0])
def test_law_8_who_sees_less_is_never_freer(sent: list[Json], resource: Json):
    assert not freer(sent, resource)


def test_law_8_a_limit_that_the_split_withholds_leaves_a_mark():
    """Without the mark a permit for one purpose would be one for all, and stand above a deny."""
    own = coding("urn:hospital:purposes", "x")
    for limit in (
        {"purpose": [own]},
        {"securityLabel": [own]},
        {"class": [own]},
        {"code": [{"coding": [own, *concept("http://loinc.org", "4548-4")["coding"]]}]},
    ):
        body = consent("c", "Patient/p", deny(nested=[permit(ENGINE_ACTOR, **limit)]))
        inside = half(body)
        assert inside is not None
        (nested,) = inside["provision"]["provision"]
        (name,) = limit
        assert "masked" in str(nested[name])
        assert not problems(inside)
        plan = {"resourceType": "CarePlan", "id": "x"}
        assert not decide(
            seen(inside, WORKER), AS_ENGINE, subject(plan, "CarePlan/x"), Default.OPT_OUT
        ).permits


def test_a_half_says_who_reads_from_careloom_and_not_by_which_name():
    named = consent("c", "Patient/p", deny(*drawn.ACTORS[:4]))
    inside = half(named)
    assert inside is not None
    told = [one["reference"]["identifier"] for one in inside["provision"]["actor"]]
    assert told[0] == {"system": "urn:careloom:device", "value": "careloom"}
    assert [one["system"].rpartition(":")[2] for one in told[1:]] == ["client", "client", "organization"]
    assert not [one for one in told[1:] if one["value"] in ("app", "other", "app-gmbh")]


@pytest.mark.parametrize("resource", drawn.RESOURCES, ids=lambda one: one["resourceType"])
def test_both_see_the_same_of_a_resource_but_what_is_the_hospitals_own(resource: Json):
    as_sent, as_split = subjects(resource)
    own = {("urn:hospital:codes", "x")}
    assert as_split.codes == as_sent.codes - own
    assert as_split.labels == as_sent.labels - own
    assert (as_split.span, as_split.refers_to) == (as_sent.span, as_sent.refers_to)


def test_of_a_deny_in_the_hospitals_own_words_workers_make_the_most():
    body = consent(
        "c", "Patient/p", deny(ENGINE_ACTOR, code=[{"coding": [coding("urn:hospital:codes", "y")]}])
    )
    dm, _ = subjects(drawn.RESOURCES[2])
    assert decide(seen(whole(body), GATEWAY), AS_ENGINE, dm, Default.OPT_OUT).permits
    assert not decide(seen(half(body), WORKER), AS_ENGINE, dm, Default.OPT_OUT).permits
