"""The figures of single interactions, as a table and as JSON."""

from __future__ import annotations

import io

from rich.console import Console

from bench.rest_report import rest_as_json, show_rest
from tests.unit.bench.test_rest import measured


def test_programs_get_si_units():
    (told,) = rest_as_json([measured()])
    assert told == {
        "database": "embedded",
        "interaction": "read",
        "clients": 4,
        "stored": 2_000,
        "requests": 100,
        "requests_per_second": 50.0,
        "resources_per_second": 1_000.0,
        "seconds": {"p50": 0.01, "p99": 0.05},
        "cpu_seconds_per_request": 0.005,
        "times_the_reference": 1.02,
    }


def test_people_get_a_line_for_each():
    text = io.StringIO()
    show_rest([measured(), measured(name="transaction of 1,000")], Console(file=text, width=80))
    lines = text.getvalue().splitlines()
    assert any("read" in line and "10.0" in line and "50.0" in line for line in lines)
    assert any("transaction of 1,000" in line for line in lines)


def test_each_database_has_a_table_and_the_reference_is_named():
    text = io.StringIO()
    found = [measured(), measured(database="postgresql"), measured(name="search")]
    show_rest(found, Console(file=text, width=80))
    told = text.getvalue()
    assert "…" not in told
    assert told.index("single interactions, embedded") < told.index("single interactions, postgresql")
    assert "sekmet-fhir 0.1.1" in told


def test_what_the_reference_says_nothing_of_stands_alone():
    assert rest_as_json([measured(name="search")])[0]["times_the_reference"] is None
