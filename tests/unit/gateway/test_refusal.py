"""Saying no: a closed set of kinds, each with its status, and no words that a log should not hold."""

from __future__ import annotations

import pytest

from gateway.fhir.outcome import STATUS
from gateway.refusal import Issue, Kind, Refused, refused


def test_every_kind_has_a_status():
    assert set(STATUS) == set(Kind)
    assert all(400 <= status < 600 for status in STATUS.values())


def test_a_refusal_with_one_issue_says_what_and_where():
    made = refused(Kind.INVALID, "value", "Not so.", "Patient.gender")
    assert (made.kind, made.issues) == (Kind.INVALID, (Issue("value", "Not so.", "Patient.gender"),))
    assert made.retry_after is None


def test_law_2_what_a_log_prints_of_a_refusal_is_its_kind_alone():
    made = refused(Kind.NOT_FOUND, "not-found", "a text for the sender")
    assert str(made) == "not-found"
    assert "sender" not in repr(made)


def test_issues_cannot_be_added_later():
    issues = [Issue("value", "One.")]
    made = Refused(Kind.INVALID, issues, retry_after=3)
    issues.append(Issue("value", "Two."))
    assert len(made.issues) == 1
    assert made.retry_after == 3
    with pytest.raises(AttributeError):
        made.issues[0].text = "Other."  # type: ignore[misc]
