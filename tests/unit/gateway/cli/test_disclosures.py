"""What ``careloom patient disclosures`` prints, writes and refuses."""

from __future__ import annotations

import csv
import json
import stat
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gateway.auth import registry
from gateway.auth.actor import Role
from gateway.auth.registry import Draft
from gateway.auth.scopes import parse
from gateway.cli.disclosures import _years_before
from gateway.cli.patient import patient
from gateway.custody import audit
from gateway.custody.audit import Event
from gateway.custody.ids import Tenant
from gateway.custody.settings import Storage
from tests.desk import Desk, ehr
from tests.desk import patient as person
from tests.unit.gateway.auth.keys import ec, jwks

ID = "mrn-canary-4711"
DAY = 86_400_000_000
WORDS = ("disclosures", "--organization", "st-anna", ID)


@pytest.fixture
def folder(sqlite_storage: Storage) -> Path:
    """A hospital with one patient, whose record an app read three times, a year ago and lately."""
    with closing(Desk(sqlite_storage)) as desk:
        with desk.vault.database.write() as conn:
            here = registry.add_organization(conn, "st-anna", 1)
            app = registry.add_organization(conn, "app-gmbh", 1)
            draft = Draft("Plans", Role.PARTNER, parse("system/*.rs"), jwks=jwks(ec()).decode())
            registry.add_client(conn, "client-1", app, draft, 1)
        desk.puts(person(ID), actor=ehr(here))
        who = desk.id_of(f"Patient/{ID}", here)
        today = int(datetime.now(UTC).timestamp()) * 1_000_000
        reads = [
            Event(today - ago, "rest:read", "R", "0", 200, "client-1", org, type="CarePlan", patient=who)
            for ago, org in ((2400 * DAY, app), (365 * DAY, app), (DAY, app), (DAY, app), (DAY, here))
        ]
        with desk.vault.database.write() as conn:
            audit.append(conn, here, reads)
    return sqlite_storage.data_dir


def run(folder: Path, *words: str, text: str | None = None) -> Result:
    return CliRunner().invoke(patient, [*words, "--data-dir", str(folder)], input=text)


def lines(folder: Path, *words: str) -> list[dict[str, object]]:
    result = run(folder, *WORDS, *words, "--json")
    assert result.exit_code == 0, result.output
    found: list[dict[str, object]] = json.loads(result.output)
    return found


def test_each_line_says_when_who_what_and_why(folder: Path):
    found = lines(folder)
    assert len(found) == 3
    assert found[0]["recipient"] == "app-gmbh"
    assert found[0]["client"] == "Plans"
    assert found[0]["address"] is None
    assert (found[0]["what"], found[0]["purpose"]) == ("CarePlan: read", "not stated")


def test_the_last_six_years_unless_days_are_given(folder: Path):
    year = datetime.now(UTC).year
    assert len(lines(folder, "--from", f"{year - 8}-01-01")) == 4
    assert len(lines(folder, "--from", f"{year - 8}-01-01", "--to", f"{year - 5}-01-01")) == 1
    day = datetime.fromtimestamp(datetime.now(UTC).timestamp() - 86_400, UTC).date().isoformat()
    assert len(lines(folder, "--from", day, "--to", day)) == 2


def test_all_says_why_the_rest_need_not_be_listed(folder: Path):
    (own,) = [line for line in lines(folder, "--all") if not line["accounted"]]
    assert (own["recipient"], own["exempt"]) == ("st-anna", "use within the organization")


def test_a_summary_is_one_line_for_each_recipient_and_purpose(folder: Path):
    (line,) = lines(folder, "--summary")
    assert line["count"] == 3
    assert str(line["date"]) < str(line["last"])


def test_for_people_it_is_text(folder: Path):
    result = run(folder, *WORDS, "--summary")
    assert result.exit_code == 0
    assert "app-gmbh (Plans)  CarePlan: read  purpose: not stated, 3 times, last on " in result.output


def test_csv_is_a_new_file_for_its_owner(folder: Path, tmp_path: Path):
    file = tmp_path / "list.csv"
    result = run(folder, *WORDS, "--csv", str(file))
    assert (result.exit_code, result.output) == (0, "3 line(s) written.\n")
    with file.open(newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert [row["recipient"] for row in rows] == ["app-gmbh"] * 3
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    again = run(folder, *WORDS, "--csv", str(file))
    assert again.exit_code == 1
    assert len(file.read_text().splitlines()) == 4


def test_csv_of_nothing_has_its_header(folder: Path, tmp_path: Path):
    file = tmp_path / "list.csv"
    assert (
        run(folder, *WORDS, "--csv", str(file), "--to", "2001-01-01", "--from", "2000-01-01").exit_code == 0
    )
    assert file.read_text().startswith("date,recipient,")


@pytest.mark.parametrize("form", [(), ("--json",), ("--summary",), ("--all",)])
def test_law_2_the_patients_id_is_nowhere_in_the_answer(folder: Path, form: tuple[str, ...]):
    assert ID not in run(folder, *WORDS, *form).output


def test_the_id_can_come_by_standard_input(folder: Path):
    words = ("disclosures", "--organization", "st-anna", "-", "--json")
    assert len(json.loads(run(folder, *words, text=f"{ID}\n").output)) == 3
    assert run(folder, *words, text="\n").exit_code == 1


@pytest.mark.parametrize(
    "words",
    [
        ("disclosures", "--organization", "st-anna", "mistyped"),
        ("disclosures", "--organization", "nowhere", ID),
        (*WORDS, "--json", "--csv", "x.csv"),
        (*WORDS, "--from", "2026-02-02", "--to", "2026-02-01"),
    ],
)
def test_what_cannot_be_answered_is_one_line_without_the_id(folder: Path, words: tuple[str, ...]):
    result = run(folder, *words)
    assert result.exit_code == 1
    assert len(result.output.strip().splitlines()) == 1
    assert ID not in result.output
    assert "mistyped" not in result.output


def test_none_is_said_where_there_is_none(folder: Path):
    assert run(folder, *WORDS, "--from", "2000-01-01", "--to", "2001-01-01").output == "none\n"
    assert lines(folder, "--from", "2000-01-01", "--to", "2001-01-01") == []


def test_six_years_before_a_leap_day_is_a_day():
    assert _years_before(datetime(2028, 2, 29, tzinfo=UTC)) == datetime(2022, 2, 28, tzinfo=UTC)
    assert _years_before(datetime(2026, 11, 22, tzinfo=UTC)) == datetime(2020, 11, 22, tzinfo=UTC)


def test_law_4_the_look_is_in_the_trail(folder: Path, sqlite_storage: Storage):
    assert run(folder, *WORDS).exit_code == 0
    with closing(Desk(sqlite_storage)) as desk:
        event = desk.events(Tenant(1))[-1]
    assert (event.kind, event.detail) == ("patient:disclosures", "command line")


def test_a_period_that_has_not_begun_is_told_by_what_was_asked(folder: Path):
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).strftime("%Y-%m-%d")
    for words in (("--from", tomorrow), ("--from", "2300-01-01", "--to", "2300-01-02")):
        result = run(folder, *WORDS, *words)
        assert (result.exit_code, result.output.strip()) == (1, "Error: --from lies ahead")
    result = run(folder, *WORDS, "--from", "2020-01-02", "--to", "2020-01-01")
    assert "--to lies before --from" in result.output
