"""``careloom patient erase``: asks first, says what it did in counts, and nobody's id."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator

import pytest
from sqlalchemy import insert

from gateway.cli import erase
from gateway.custody.settings import Storage
from gateway.custody.tables import organization, tombstone
from tests.desk import NOW, ST_ANNA, Desk, patient
from tests.unit.gateway.cli.test_audit import run

ID = "mrn-31415"
WORDS = ("patient", "erase", "--organization", "st-anna", "--reason", "Art. 17 GDPR, request 114")


class Terminal(io.StringIO):
    """Where a person types."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def desk(sqlite_storage: Storage) -> Iterator[Desk]:
    made = Desk(sqlite_storage)
    with made.vault.database.write() as conn:
        conn.execute(insert(organization).values(number=ST_ANNA, name="st-anna", created=NOW))
    made.puts(patient(ID))
    yield made
    made.close()


def test_what_was_destroyed_is_told_in_counts_and_twice_is_no_error(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, err = run(desk.storage, capsys, *WORDS, "--yes", "--json", ID)
    assert (status, err) == (0, "")
    told = {"before": False, "resources": 1, "versions": 1, "rewritten": 0, "keys": 2}
    assert json.loads(out) == told
    assert json.loads(run(desk.storage, capsys, *WORDS, "--yes", "--json", ID)[1]) == {
        **dict.fromkeys(told, 0),
        "before": True,
    }
    status, out, _ = run(desk.storage, capsys, *WORDS, "--yes", ID)
    assert (status, out) == (0, "This patient was erased before; nothing was left to do.\n")
    assert ID not in out


def test_people_read_it_in_one_line(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = run(desk.storage, capsys, *WORDS, "--yes", ID)
    assert (status, len(out.splitlines()), err) == (0, 1, "")
    assert out.startswith("Erased: 1 resources in 1 versions")
    assert ID not in out
    (event,) = [e for e in desk.events() if e.kind == "erasure:begin"]
    assert event.detail == "command line: Art. 17 GDPR, request 114"


def test_without_a_terminal_it_wants_yes(
    desk: Desk, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    status, out, err = run(desk.storage, capsys, *WORDS, ID)
    assert (status, out, len(err.splitlines())) == (1, "", 1)
    assert "--yes" in err
    assert ID not in err
    assert desk.rows(tombstone) == []


@pytest.mark.parametrize("typed", ["yes", "", "Erase everything"])
def test_at_a_terminal_anything_but_the_word_erases_nothing(
    desk: Desk, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, typed: str
) -> None:
    monkeypatch.setattr("sys.stdin", Terminal(f"{typed}\n"))
    status, out, _ = run(desk.storage, capsys, *WORDS, ID)
    assert status != 0
    assert ID not in out
    assert desk.rows(tombstone) == []


def test_at_a_terminal_the_word_is_enough(
    desk: Desk, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", Terminal(f"{erase.CONFIRMATION}\n"))
    assert run(desk.storage, capsys, *WORDS, ID)[0] == 0
    assert len(desk.rows(tombstone)) == 1


def test_the_id_may_come_by_standard_input(
    desk: Desk, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{ID}\n"))
    assert run(desk.storage, capsys, *WORDS, "--yes", "-")[0] == 0
    assert len(desk.rows(tombstone)) == 1
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    assert "empty" in run(desk.storage, capsys, *WORDS, "--yes", "-")[2]
    monkeypatch.setattr("sys.stdin", Terminal(f"{ID}\n"))
    assert "--yes" in run(desk.storage, capsys, *WORDS, "-")[2], "nobody can type twice into one pipe"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--organization", "nowhere"), "no such organization"),
        (("--reason", "mrn-31415 asked"), "id or a word"),
        (("--reason", "hopkins asked"), "id or a word"),
    ],
)
def test_what_cannot_be_is_one_line_and_names_nobody(
    desk: Desk, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], said: str
) -> None:
    status, out, err = run(desk.storage, capsys, *WORDS, *words, "--yes", ID)
    assert (status, out, len(err.splitlines())) == (1, "", 1)
    assert said in err
    assert ID not in err
    assert "hopkins" not in err
    assert desk.rows(tombstone) == []


def test_who_is_unknown_is_an_error_unless_that_was_meant(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    status, _, err = run(desk.storage, capsys, *WORDS, "--yes", "mrn-27182")
    assert (status, len(err.splitlines())) == (1, 1)
    assert "--unknown" in err
    assert "27182" not in err
    assert run(desk.storage, capsys, *WORDS, "--yes", "--unknown", "mrn-27182")[0] == 0


def test_law_3_without_the_identity_key_nobody_is_erased(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.storage.key_paths.identity.rename(desk.storage.data_dir / "elsewhere")
    status, out, err = run(desk.storage, capsys, *WORDS, "--yes", ID)
    assert (status, out, len(err.splitlines())) == (1, "", 1)
    assert desk.rows(tombstone) == []
