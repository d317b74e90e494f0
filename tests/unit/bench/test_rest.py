"""The scenarios of ``careloom bench rest``: what they ask for is valid, and they count what was asked."""

from __future__ import annotations

import json

from bench.rest import SIZES, Measured, _body, _reads, _references, _searches, _transaction
from mappers import lossless
from mappers.r4 import validate


def measured(**changes: object) -> Measured:
    given = {"name": "read", "clients": 4, "stored": 2_000, "requests": 100, "resources": 2_000}
    return Measured(**(given | {"seconds": 2.0, "p50": 0.01, "p99": 0.05, "cpu_seconds": 0.5} | changes))  # type: ignore[arg-type]


def test_rates_are_by_second_and_cost_by_request():
    one = measured()
    assert (one.per_second, one.resources_per_second, one.cpu_per_request) == (50, 1_000, 0.005)


def test_what_is_sent_is_valid():
    assert not [validate.problems(_body(number)) for number in range(40) if validate.problems(_body(number))]


def test_transactions_have_as_many_entries_as_they_say():
    assert [len(json.loads(_transaction(size))["entry"]) for size in SIZES] == list(SIZES)
    assert not validate.problems(lossless.loads(_transaction(3)))


def test_references_come_from_the_locations():
    answer = {"entry": [{"response": {"location": "http://h/fhir/Patient/a/_history/1"}}]}
    assert _references(answer) == ["Patient/a"]


def test_reads_ask_for_each_and_searches_for_each_patient():
    known = ["Patient/a", "Observation/b"]
    assert [shot.path for shot in _reads(known)] == known
    assert [shot.path for shot in _searches(known)] == ["Observation?patient=Patient/a&_count=20"]
