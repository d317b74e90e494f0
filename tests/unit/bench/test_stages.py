"""CPU time is told by whose code runs."""

from __future__ import annotations

import json
import time

import pytest

from bench import stages
from bench.stages import REST, ROOT, STAGES, per_resource, sampled


def spin(seconds: float) -> None:
    end = time.process_time() + seconds
    while time.process_time() < end:
        json.dumps(list(range(200)))


def test_work_outside_every_stage_is_other():
    with sampled() as spent:
        spin(0.1)
    assert set(spent) == {REST}
    assert spent[REST] == pytest.approx(0.1, abs=0.05)


def test_work_below_a_stages_module_counts_for_it(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(stages, "STAGES", (("spin", ("tests/unit/bench/test_stages",)),))
    monkeypatch.setattr(stages, "_STAGE_OF", {})
    with sampled() as spent:
        spin(0.1)
    assert spent["spin"] == pytest.approx(0.1, abs=0.05)


def test_nothing_is_counted_after_the_end():
    with sampled() as spent:
        spin(0.02)
    before = dict(spent)
    spin(0.05)
    assert spent == before


def test_stages_are_told_per_resource_in_the_order_in_which_a_bundle_meets_them():
    spent = {"store": 2.0, "validate": 1.0, REST: 0.5}
    assert list(per_resource(spent, 10).items()) == [("validate", 0.1), ("store", 0.2), (REST, 0.05)]


@pytest.mark.parametrize(("stage", "places"), STAGES)
def test_every_stage_names_code_that_exists(stage: str, places: tuple[str, ...]):
    for place in places:
        folder, _, start = place.rpartition("/")
        assert any(path.name.startswith(start) for path in (ROOT / folder).iterdir()), (stage, place)


def test_the_audit_is_told_apart_from_the_store():
    assert stages._stage_of_file(f"{ROOT}/gateway/custody/audit.py") == "audit"
    assert stages._stage_of_file(f"{ROOT}/gateway/custody/database.py") == "store"
    assert stages._stage_of_file("/usr/lib/python3/json/__init__.py") == ""
