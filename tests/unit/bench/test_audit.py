"""The bench of the trail measures the product's own trail, and leaves nothing behind."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from rich.console import Console
from sqlalchemy import create_engine, text

from bench import audit as bench_audit
from bench.audit import Sized, Wanted, trail
from bench.audit_questions import Answered, questions
from bench.audit_report import audit_as_json, show_audit, worst
from bench.audit_share import Ran, Share, run
from bench.bundles import generated
from bench.trail_events import Cast
from gateway.custody import audit
from gateway.custody.ids import StoredId, Tenant
from gateway.fhir.trail_query import NAMES

SHARE = Share(Ran(900.0, 0.003, 400), Ran(1_000.0, 0.002, 0))


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> list[Sized]:
    return measured(Wanted((400,), 1, None, tmp_path_factory.mktemp("bench")))


def measured(wanted: Wanted) -> list[Sized]:
    """The same with few events, told to nobody."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {"BUNDLES": 2, "SINGLES": 2, "AFTERWARDS": 202, "FILLING": 150}.items():
            patch.setattr(bench_audit, name, value)
        return trail(wanted, lambda _: None)


def test_every_figure_is_measured(found: list[Sized]):
    (one,) = found
    assert one.events == 400
    assert min(one.filled_per_second, one.verified_per_second, one.exported_per_second) > 0
    assert min(one.bytes_per_event, one.bundles.whole, one.bundles.insert, one.singles.whole) > 0


def test_each_question_is_answered_and_most_find_something(found: list[Sized]):
    totals = {answer.question: answer.total for answer in found[0].answered}
    assert totals["nothing"] > 400
    assert {totals[f"{name}, rare"] for name in ("agent", "action", "outcome", "purpose", "address")} == {1}
    assert all(totals[name] for name in ("entity", "patient", "subtype=disclose", "type + action"))


def test_following_pages_are_asked_for_too(found: list[Sized]):
    pages = {answer.question: len(answer.seconds) for answer in found[0].answered}
    assert pages["nothing"] == 3
    assert pages["outcome, rare"] == 1


def test_every_parameter_is_asked_alone():
    cast = Cast(Tenant(1), (StoredId(bytes(16)),), 1_700_000_000_000_000, 1)
    alone = {name for _, asked in questions(cast, 10) if len(asked) == 1 for name in asked}
    # One event by its id is a read by its place, and no question of an index.
    assert alone == set(NAMES) - {"_id"}


def test_nothing_is_left(tmp_path: Path):
    measured(Wanted((50,), 1, None, tmp_path))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.servers
def test_on_a_server_a_database_of_its_own_is_made_and_dropped(postgres_url: str, tmp_path: Path):
    before = _databases(postgres_url)
    (one,) = measured(Wanted((300,), 1, postgres_url, tmp_path))
    assert one.bytes_per_event > 0
    assert _databases(postgres_url) <= before


def _databases(url: str) -> set[str]:
    engine = create_engine(url)
    with engine.connect() as conn:
        names = conn.scalars(text("SELECT datname FROM pg_database WHERE datname LIKE 'careloom_bench_%'"))
        found = set(names)
    engine.dispose()
    return found


@pytest.fixture
def own_append() -> Iterator[None]:
    """What a run without the trail puts in the place of the append is gone afterwards."""
    kept = audit.append
    yield
    audit.append = kept


@pytest.mark.parametrize("audited", [True, False])
def test_without_the_trail_nothing_is_left_of_it(own_append: None, tmp_path: Path, audited: bool):
    bundles = list(generated(2, 10, date(2026, 3, 1)))
    ran = run(tmp_path, bundles, audited)
    assert (ran.events > 400) == audited
    assert ran.events > 0 or not audited
    assert ran.per_second > 0 < ran.read


def test_the_share_is_of_what_runs_without_it():
    assert SHARE.of_ingest == pytest.approx(0.1)
    assert SHARE.of_read == pytest.approx(0.001)


def test_programs_get_si_units(found: list[Sized]):
    told = json.loads(json.dumps(audit_as_json(found, SHARE)))
    (size,) = told["sizes"]
    assert size["events"] == 400
    assert set(size["append_seconds_per_event"]["batch"]) == {"whole", "beyond_insert", "insert"}
    assert size["search_seconds"]["p95"] == worst(found[0])
    assert told["share_of_ingest"] == pytest.approx(0.1)
    assert "share_of_ingest" not in audit_as_json(found, None)


def test_people_get_a_line_for_each_size_and_question(found: list[Sized]):
    larger = replace(found[0], events=7_000_000, answered=(Answered("patient", 1_234, (0.010, 0.020)),))
    stream = io.StringIO()
    show_audit([found[0], larger], SHARE, Console(file=stream, width=140))
    lines = stream.getvalue().splitlines()
    assert any("7,000,000" in line for line in lines)
    assert any("patient" in line and "1,234" in line and "20" in line for line in lines)
    assert any("10.0%" in line for line in lines)
