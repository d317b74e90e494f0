"""How rules are combined, first as laws over whatever Hypothesis draws, then case by case."""

from __future__ import annotations

from copy import deepcopy
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappers.consent import Consent, Default, Effect, bounds, decide, unread
from tests.consents import ENGINE, actions, classes, client, concept, consent, deny, opted, permit, rule
from tests.unit.mappers.consent import drawn
from tests.unit.mappers.consent.drawn import RESOURCES, subject_of, values

REQUEST = drawn.REQUESTS[0]
PLAN = subject_of(RESOURCES[0])
defaults = st.sampled_from(Default)
Json = dict[str, Any]


def permits(consents: list[Consent], default: Default = Default.OPT_OUT, request: Any = REQUEST) -> bool:
    return decide(consents, request, PLAN, default).permits


def said(*provisions: Json, **more: Any) -> list[Consent]:
    """One Consent for each provision."""
    bodies = [consent("c", "Patient/p", one, **more) for one in provisions]
    return [one for number, body in enumerate(bodies) if (one := values(body, number))]


# --- laws --------------------------------------------------------------------------------------------------


@given(drawn.many(), drawn.provisions(("deny",)), drawn.requests, drawn.subjects, defaults)
def test_a_consent_that_only_denies_never_permits_more(consents, provision, request, subject, default):
    # All of its provisions deny: an exception to a deny that denies, too, is one more deny.
    more = [*consents, *said(provision)]
    before = decide(consents, request, subject, default)
    assert before.permits or not decide(more, request, subject, default).permits


@given(drawn.bodies(), drawn.limits(), drawn.requests, drawn.subjects, defaults, st.randoms())
def test_a_deny_more_in_a_tree_never_permits_more(body, limited, request, subject, default, random):
    before = decide(_read(body), request, subject, default)
    more = deepcopy(body)
    place = random.choice(list(_provisions(more["provision"])))
    place.setdefault("provision", []).append({"type": "deny", **limited})
    after = decide(_read(more), request, subject, default)
    assert before.permits or not after.permits


@given(drawn.many(), drawn.requests, drawn.subjects, defaults, st.randoms())
def test_the_order_of_consents_makes_no_difference(consents, request, subject, default, random):
    other = list(consents)
    random.shuffle(other)
    assert decide(other, request, subject, default) == decide(consents, request, subject, default)


@given(drawn.bodies(active=False))
def test_a_consent_that_is_not_active_changes_nothing(body):
    assert values(body) is None


@given(drawn.many(), drawn.requests, drawn.subjects, defaults)
def test_law_8_one_that_cannot_be_read_denies_whatever_else_was_said(consents, request, subject, default):
    closed = unread("Consent/x/_history/3")
    found = decide([*consents, closed], request, subject, default)
    assert (found.effect, found.rested_on) == (Effect.DENY, ("Consent/x/_history/3",))


@given(drawn.many(), drawn.requests, drawn.subjects)
def test_silence_never_permits_more_where_patients_opt_in(consents, request, subject):
    strict, loose = (decide(consents, request, subject, one) for one in (Default.OPT_IN, Default.OPT_OUT))
    assert loose.permits or not strict.permits
    assert strict == loose or not strict.rested_on


@given(drawn.many(), drawn.requests, drawn.subjects, defaults)
def test_a_decision_names_what_it_rests_on_or_the_default(consents, request, subject, default):
    found = decide(consents, request, subject, default)
    assert set(found.rested_on) <= {one.reference for one in consents}
    assert bool(found.rested_on) != found.why.startswith("no Consent speaks")


def _read(body: Json) -> list[Consent]:
    found = values(body)
    return [] if found is None else [found]


def _provisions(node: Json) -> Any:
    yield node
    for nested in node.get("provision", ()):
        yield from _provisions(nested)


# --- cases -------------------------------------------------------------------------------------------------


def test_the_more_specific_rule_wins():
    assert permits(said(deny(), permit(client("app"))))
    assert not permits(said(permit(client("app")), deny(client("app"), action=actions("access"))))
    assert permits(said(deny(client("app")), permit(client("app"), **{"class": classes("CarePlan")})))


def test_among_equals_the_deny_wins():
    assert not permits(said(permit(client("app")), deny(client("app"))))
    assert not permits(said(permit(client("app")), deny(action=actions("disclose"))))


def test_an_exception_goes_before_what_it_is_an_exception_to():
    assert permits(said(deny(nested=[permit(client("app"))])))
    assert permits(said(deny(client("app"), nested=[permit(client("app"))])), Default.OPT_IN)
    assert not permits(said(permit(client("app"), nested=[deny(action=actions("access"))])))
    assert permits(said(permit(nested=[deny(client("app"), nested=[permit(action=actions("access"))])])))


def test_a_nested_provision_inherits_the_limits_of_its_parent():
    assert permits(said(deny(ENGINE, nested=[deny(client("app"))]))), "of the engine alone"
    assert not permits(said(permit(ENGINE, nested=[permit(client("app"))])), Default.OPT_IN)


def test_a_provision_without_a_type_turns_its_parent_around():
    assert not permits(said(permit(nested=[rule(None, client("app"))])))
    assert permits(said(deny(nested=[rule(None, client("app"))])))
    assert permits(said(rule(None, client("app")), policyRule=opted("OPTOUT")))
    assert not permits(said(rule(None, client("app")), policyRule=opted("OPTIN")))
    assert not permits(said(rule(None, client("app")))), "around what, nobody knows"


def test_the_policy_rule_stands_below_every_provision():
    assert permits(said(permit(), policyRule=opted("OPTOUT")))
    assert not permits(said(deny(), policyRule=opted("OPTIN")))
    assert permits(said(deny(client("other")), policyRule=opted("OPTIN")), Default.OPT_IN)
    both = said(deny(client("other")), policyRule=opted("OPTIN"))
    assert not permits([*both, *said(deny(client("other")), policyRule=opted("OPTOUT"))])


def test_a_deny_in_doubt_counts_and_a_permit_in_doubt_does_not():
    doubtful = [concept("urn:hospital:actions", "x")]
    assert not permits(said(deny(client("app"), action=doubtful)))
    assert not permits(said(permit(client("app"), action=doubtful)), Default.OPT_IN)
    assert permits(said(permit(client("app"), action=doubtful)), Default.OPT_OUT)


def test_a_decision_says_why():
    found = decide(said(deny(client("app"))), REQUEST, PLAN, Default.OPT_OUT)
    assert (found.rested_on, found.why) == (("Consent/c0/_history/1",), "a provision says deny")
    found = decide([], REQUEST, PLAN, Default.OPT_IN)
    assert found.why == "no Consent speaks of this; the default is opt-in"


def test_the_moments_at_which_time_changes_what_is_said():
    period = {"start": "2026-01-01", "end": "2026-03-31T12:00:00+02:00"}
    later = {"start": "2027"}
    nested = deny(nested=[permit(period=later)], period=period)
    assert bounds(said(nested)) == {
        datetime(2026, 1, 1),
        datetime(2026, 3, 31, 10, 0, 1),
        datetime(2027, 1, 1),
    }


@pytest.mark.parametrize("effect", Effect)
def test_effects_have_an_opposite(effect: Effect):
    assert effect.opposite.opposite is effect is not effect.opposite
