"""What the retention commands print, refuse, and keep to themselves."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import CliRunner, Result

from gateway.auth import registry
from gateway.cli.retention import retention
from gateway.custody.settings import Storage
from gateway.custody.tables import audit_event
from tests.desk import NOW, Desk, ehr, observation, patient

LONG_AGO = NOW - 20 * 365 * 24 * 3600 * 1_000_000


class Office:
    """A records manager at the terminal."""

    def __init__(self, storage: Storage) -> None:
        self.storage = storage
        self.desk = Desk(storage)
        self.desk.now = LONG_AGO
        with self.desk.vault.database.write() as conn:
            self.tenant = registry.add_organization(conn, "st-anna", NOW)

    def runs(self, *words: str, stdin: str = "") -> Result:
        given = [*words, "--data-dir", str(self.storage.data_dir)]
        return CliRunner().invoke(retention, given, input=stdin, env={"CARELOOM_RATE": None})

    def says(self, *words: str, stdin: str = "") -> str:
        result = self.runs(*words, "--organization", "st-anna", stdin=stdin)
        assert result.exit_code == 0, result.output
        return result.output

    def json(self, *words: str) -> Any:
        result = self.runs(*words, "--json")
        assert result.exit_code == 0, result.output
        return json.loads(result.output)

    def refuses(self, *words: str, organization: str = "st-anna") -> str:
        result = self.runs(*words, "--organization", organization)
        assert result.exit_code != 0
        return f"{result.output}{result.exception}"


@pytest.fixture
def office(sqlite_storage: Storage) -> Office:
    office = Office(sqlite_storage)
    actor = ehr(office.tenant)
    office.desk.puts(patient("mrn-secret"), observation("o", "Patient/mrn-secret"), actor=actor)
    office.desk.puts(observation("o", "Patient/mrn-secret", value="7.0"), actor=actor)
    return office


def test_without_rules_it_says_that_everything_is_kept(office: Office):
    assert office.runs("list").output == "There is no rule: everything is kept for ever.\n"
    assert office.json("list") == {"rules": [], "holds": []}
    assert office.json("run") == {"dry_run": False, "deleted": []}


def test_rules_are_set_listed_and_removed(office: Office):
    said = office.says("set", "--type", "Observation", "--keep", "10y", "--superseded", "1y")
    assert said == "st-anna: Observation keep=10y superseded=1y counted=written\n"
    office.says("set", "--type", "*", "--keep", "30y", "--counted", "last-touched")
    assert office.json("list")["rules"] == [
        {
            "organization": "st-anna",
            "type": "*",
            "keep": "30y",
            "superseded": None,
            "counted": "last-touched",
        },
        {
            "organization": "st-anna",
            "type": "Observation",
            "keep": "10y",
            "superseded": "1y",
            "counted": "written",
        },
    ]
    office.says("remove", "--type", "*")
    assert len(office.runs("list").output.splitlines()) == 1
    assert "no rule" in office.refuses("remove", "--type", "*")


@pytest.mark.parametrize(
    ("words", "because"),
    [
        (("set", "--type", "Observaton", "--keep", "1y"), "resource type"),
        (("set", "--type", "Observation", "--keep", "ten years"), "--keep must be"),
        (("set", "--type", "Observation", "--keep", "0d"), "--keep must be"),
        (("set", "--type", "Observation", "--keep", "1y", "--superseded", "x"), "--superseded must be"),
        (("hold", "--reason", "because of Mr M"), "--reason must be a code"),
        (("hold", "--reason", "OTHER", "--patient", ""), "--patient is empty"),
        (("release", "--reason", "OTHER"), "No hold"),
    ],
)
def test_what_makes_no_sense_is_refused(office: Office, words: tuple[str, ...], because: str):
    assert because in office.refuses(*words)


def test_an_organization_that_is_not_there_is_refused(office: Office):
    assert "No organization" in office.refuses("hold", "--reason", "OTHER", organization="st-nobody")


def test_a_dry_run_counts_what_the_run_deletes(office: Office):
    office.says("set", "--type", "Observation", "--keep", "10y")
    dry, done = office.json("run", "--dry-run"), office.json("run")
    row = {"organization": "st-anna", "type": "Observation", "resources": 1, "superseded": 0}
    assert dry == {"dry_run": True, "deleted": [row]}
    assert done == {"dry_run": False, "deleted": [row]}
    assert office.runs("run").output == "0 resource(s) were deleted or shortened.\n"


def test_a_run_tells_people_what_it_did(office: Office):
    office.says("set", "--type", "Observation", "--keep", "100y", "--superseded", "1y")
    lines = office.runs("run").output.splitlines()
    assert lines == ["st-anna: Observation: 0, shortened 1", "1 resource(s) were deleted or shortened."]
    (event,) = (row for row in office.desk.rows(audit_event) if row.kind == "retention:superseded")
    assert event.client_id == "command line"


def test_a_hold_says_how_much_it_keeps_and_never_whose(office: Office):
    told = office.says("hold", "--patient", "mrn-secret", "--reason", "LIT-1")
    told += office.says("hold", "--patient", "-", "--reason", "LIT-2", stdin="mrn-secret\n")
    told += office.runs("list").output
    assert told.count("2 resource(s)") == 2
    assert told.count("1 patient(s)") == 2
    told += office.says("hold", "--patient", "mrn-typo", "--reason", "LIT-3")
    assert "check the id" in told
    told += office.says("release", "--patient", "mrn-secret", "--reason", "LIT-1")
    told += office.refuses("release", "--patient", "mrn-secret", "--reason", "LIT-1")
    assert "mrn-" not in told
    assert not [row for row in office.desk.rows(audit_event) if "mrn-" in f"{row}"]
    assert office.json("list")["holds"] == [
        {"organization": "st-anna", "reason": reason, "patients": 1, "everybody": False}
        for reason in ("LIT-2", "LIT-3")
    ]


def test_everybody_is_held_where_no_patient_is_named(office: Office):
    office.says("set", "--type", "*", "--keep", "1y")
    assert "3" not in office.says("hold", "--reason", "LIT-1")
    assert "held for LIT-1: everybody" in office.runs("list").output
    assert office.json("run")["deleted"] == []
