"""The scenarios of ``careloom bench rest``: what they ask for is valid, and they count what was asked."""

from __future__ import annotations

import json
from datetime import date

import pytest

from bench import rest
from bench.rest import SIZES, Measured, Wanted, _body, _kind, _reads, _references, _searches, _transaction
from mappers import lossless
from mappers.r4 import validate

TODAY = date(2026, 3, 2)


def measured(**changes: object) -> Measured:
    given = {
        "database": "embedded",
        "name": "read",
        "clients": 4,
        "stored": 2_000,
        "requests": 100,
        "resources": 2_000,
    }
    return Measured(**(given | {"seconds": 2.0, "p50": 0.01, "p99": 0.05, "cpu_seconds": 0.5} | changes))  # type: ignore[arg-type]


def test_rates_are_by_second_and_cost_by_request():
    one = measured()
    assert (one.per_second, one.resources_per_second, one.cpu_per_request) == (50, 1_000, 0.005)


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("", "embedded"),
        ("postgresql+psycopg://somebody@there/careloom", "postgresql"),
        ("sqlite:////x", "sqlite"),
    ],
)
def test_a_run_says_on_which_database_it_was(url: str, kind: str):
    assert _kind({"CARELOOM_DATABASE_URL": url}) == kind
    assert _kind({}) == "embedded"


def test_both_forms_are_measured_one_after_the_other(monkeypatch: pytest.MonkeyPatch):
    asked: list[str] = []

    def pretend(wanted: Wanted, *_: object) -> list[Measured]:
        asked.append(wanted.database)
        return [measured(database=wanted.database)]

    monkeypatch.setattr(rest, "_rest", pretend)
    monkeypatch.setenv("CARELOOM_DATABASE_URL", "postgresql://there/careloom")
    found = rest.rest(Wanted(database=rest.BOTH), TODAY, print)
    assert asked == [one.database for one in found] == ["embedded", "given"]
    monkeypatch.delenv("CARELOOM_DATABASE_URL")
    with pytest.raises(rest.NoDatabase, match="CARELOOM_DATABASE_URL"):
        rest.rest(Wanted(database=rest.BOTH), TODAY, print)


class Filled:
    """A hospital that counts what it is sent."""

    def __init__(self) -> None:
        self.sent = 0

    def post(self, _path: str, body: bytes) -> None:
        self.sent += len(json.loads(body)["entry"])


def test_the_store_is_filled_to_each_size_and_says_how_far_it_is(monkeypatch: pytest.MonkeyPatch):
    told: list[str] = []
    hospital = Filled()
    bench = rest._Bench(None, hospital, Wanted(grow=(2_500, 4_000)), told.append, stored=600)  # type: ignore[arg-type]
    monkeypatch.setattr(rest, "_readings", lambda *_: [("read", [])])
    monkeypatch.setattr(rest._Bench, "_run", lambda self, name, *_: measured(name=name, stored=self.stored))
    assert [one.stored for one in bench.growth(["Patient/a"])] == [2_600, 4_600]
    assert hospital.sent == 4_000
    filling = [text for text in told if text.startswith("filling")]
    assert filling[0].startswith("filling: 1,600 of 2,500 resources, ")
    assert filling[0].endswith(" s left")
    assert "read among 4,600 resources" in told


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
