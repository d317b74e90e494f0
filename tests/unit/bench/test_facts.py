"""The facts' bench times the product's own reading of clinical halves, each patient's once for each size."""

from __future__ import annotations

import io
import json
from datetime import date

import pytest
from click.testing import CliRunner
from rich.console import Console

from bench import facts as measuring
from bench.bundles import generated
from bench.facts import Speed, growth, speeds
from bench.facts_report import facts_as_json, show_facts
from gateway.cli.bench import bench
from mappers.facts import Facts
from mappers.fhir_to_facts import Opened

TODAY = date(2026, 5, 20)


@pytest.fixture(scope="module")
def measured() -> list[Speed]:
    return speeds([next(generated(1, size, TODAY)) for size in (40, 20)], TODAY)


def test_each_record_is_measured_whole(measured: list[Speed]):
    assert [one.resources for one in measured] == [40, 20]
    assert all(one.read > 0 and one.parsed > 0 and one.enriched > 0 for one in measured)
    assert all(one.whole < one.with_enrichment < one.per_second for one in measured)


def test_what_is_read_are_clinical_halves(monkeypatch: pytest.MonkeyPatch):
    seen: list[Opened] = []
    read = measuring.facts

    def watched(opened: list[Opened], today: date) -> Facts:
        seen.extend(opened)
        return read(opened, today)

    monkeypatch.setattr(measuring, "facts", watched)
    bundle = next(generated(1, 20, TODAY))
    speeds([bundle], TODAY)
    assert {one.type for one in seen} >= {"Patient", "Observation", "Encounter"}
    patient = next(one for one in seen if one.type == "Patient")
    assert "name" not in patient.body
    subjects = {one.body["subject"]["reference"] for one in seen if "subject" in one.body}
    assert subjects == {patient.local}


def test_growth_is_of_one_resource_from_the_smallest_to_the_largest():
    assert growth([Speed(1_000, 0.1, 0.1, 0.1), Speed(100, 0.008, 0.01, 0.002)]) == pytest.approx(2)
    assert growth([Speed(100, 0.01, 0.01, 0.01)]) == 1


def test_a_program_and_a_person_read_the_same():
    speeds_ = [Speed(100, 0.01, 0.02, 0.01), Speed(1_000, 0.1, 0.3, 0.1)]
    said = json.loads(json.dumps(facts_as_json(speeds_)))
    assert said == {
        "records": [
            {
                "resources": 100,
                "resources_per_second": 10_000,
                "with_enrichment_per_second": 5_000,
                "whole_per_second": 2_500,
            },
            {
                "resources": 1_000,
                "resources_per_second": 10_000,
                "with_enrichment_per_second": 5_000,
                "whole_per_second": 2_000,
            },
        ],
        "growth": 1.0,
    }
    told = io.StringIO()
    show_facts(speeds_, Console(file=told, width=200))
    assert "10,000" in told.getvalue()
    assert "1.00" in told.getvalue()


def test_the_command_prints_json():
    done = CliRunner().invoke(bench, ["facts", "--sizes", "20,30", "--json"])
    assert done.exit_code == 0
    assert [one["resources"] for one in json.loads(done.output)["records"]] == [20, 30]


def test_a_folder_without_patients_is_said(tmp_path):
    done = CliRunner().invoke(bench, ["facts", "--folder", str(tmp_path)])
    assert done.exit_code == 1
    assert "holds no FHIR transaction" in done.output
