"""What a decision looks at in a resource, and that the half gives as much of it as the whole."""

from __future__ import annotations

from datetime import datetime

import pytest

from mappers.consent import Span, subject
from mappers.consent.subject import coded, local


def test_a_subject_is_type_codes_labels_profiles_dates_and_references():
    found = subject(
        {
            "resourceType": "Observation",
            "meta": {"profile": ["urn:p"], "security": [{"system": "urn:l", "code": "R"}, {"code": "?"}]},
            "code": {"coding": [{"system": "urn:c", "code": "1"}]},
            "component": [{"code": {"coding": [{"system": "urn:c", "code": "2"}]}}],
            "subject": {"reference": "Patient/p"},
            "derivedFrom": [{"reference": "Observation/x/_history/3"}, {"reference": "#inside"}],
            "effectiveDateTime": "2025-11",
            "issued": "2025-12-24T10:00:00Z",
            "extension": [{"url": "urn:e", "valueCoding": {"system": "urn:c", "code": "3"}}],
        },
        "Observation/o",
    )
    assert found.codes == {("urn:c", "1"), ("urn:c", "2")}
    assert found.labels == {("urn:l", "R")}
    assert found.profiles == {"urn:p"}
    assert found.refers_to == {"Patient/p", "Observation/x"}
    assert found.span == Span(datetime(2025, 11, 1), datetime(2025, 12, 24, 10, 0, 1))


def test_an_open_period_leaves_the_span_open():
    found = subject({"resourceType": "Encounter", "period": {"start": "2025"}}, "Encounter/e")
    assert found.span == Span(datetime(2025, 1, 1), None)


def test_what_bears_no_date_has_no_span():
    assert subject({"resourceType": "Condition"}, "Condition/c").span is None


NONE = [None, "x", {}, {"system": "urn:s"}, {"code": "c"}, {"system": 1, "code": "c"}]


@pytest.mark.parametrize("value", NONE)
def test_a_coding_needs_both(value: object):
    assert coded(value) is None


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Patient/p", "Patient/p"),
        ("Patient/p/_history/2", "Patient/p"),
        ("#p", None),
        ("urn:uuid:1", None),
        ("https://x/Patient/p", None),
        (None, None),
    ],
)
def test_a_local_reference_has_neither_version_nor_server(text: object, found: str | None):
    assert local(text) == found
