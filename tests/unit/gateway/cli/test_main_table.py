"""The whole table of commands: each has help, prints JSON where it prints data, and fails in one line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from gateway.cli import main as root
from gateway.custody.settings import Storage

Words = tuple[str, ...]


def leaves(command: click.Command, words: Words = ()) -> Iterator[tuple[Words, click.Command]]:
    """Every command that does something, by the words that call it."""
    if not isinstance(command, click.Group):
        yield words, command
        return
    context = click.Context(command)
    for name in command.list_commands(context):
        found = command.get_command(context, name)
        assert found is not None
        yield from leaves(found, (*words, name))


LEAVES = dict(leaves(root.cli))
every_leaf = pytest.mark.parametrize("words", LEAVES, ids=" ".join)
PROCESSES = {("demo",), ("up",), ("gateway",), ("worker",), ("relay",), ("courier",), ("broker",)}
"""They run until they are stopped and print no data."""
NEEDS: dict[Words, Words] = {
    ("client", "add"): ("--name", "n", "--role", "ehr", "--organization", "o", "--scope", "system/*.rs"),
    ("client", "revoke"): ("nobody",),
    ("grant", "add"): ("--client", "nobody", "--organization", "o"),
    ("grant", "revoke"): ("--client", "nobody", "--organization", "o"),
    ("officer", "add"): ("--name", "n", "--organization", "o"),
    ("officer", "invite"): ("nobody",),
    ("officer", "revoke"): ("nobody",),
    ("patient", "merges"): ("--organization", "o"),
    ("patient", "erase"): ("--organization", "o", "--reason", "DSR 1", "--yes", "nobody"),
    ("patient", "disclosures"): ("--organization", "o", "nobody"),
    ("consent", "check"): ("--client", "nobody", "--organization", "o", "nobody"),
    ("retention", "set"): ("--organization", "o", "--type", "*", "--keep", "10y"),
    ("retention", "remove"): ("--organization", "o", "--type", "*"),
    ("retention", "hold"): ("--organization", "o", "--reason", "LIT-1"),
    ("retention", "release"): ("--organization", "o", "--reason", "LIT-1"),
    ("audit", "export"): ("/nowhere/at/all",),
    ("audit", "acknowledge"): ("--log", "1", "--event", "1", "--reason", "accepted"),
    ("audit", "archive"): ("--before", "2019-06", "--to", "/nowhere/at/all"),
}
WITHOUT_DATA = {"policy", "knowledge", "bench", "calc", "facts", "profiles", "codes"}
"""They look at files, or at nothing."""
LISTED_HERE = {("plans", "reasons")}
"""They tell what the product itself knows."""
ON_AN_INSTALLATION = [
    words for words in LEAVES if words not in PROCESSES | LISTED_HERE and words[0] not in WITHOUT_DATA
]


def options(command: click.Command) -> set[str]:
    shown = (one for one in command.params if isinstance(one, click.Option) and not one.hidden)
    return {name for one in shown for name in one.opts}


def run(*words: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CARELOOM_DATA_DIR", str(folder))
        status = root.main(words)
    said = capsys.readouterr()
    return status, said.out, said.err


def test_the_commands_are_those_that_the_documentation_names() -> None:
    assert {words[0] for words in LEAVES} == set(root.COMMANDS)
    assert set(LEAVES) >= PROCESSES | set(NEEDS)


@every_leaf
def test_each_command_says_what_it_does_and_what_each_option_means(words: Words) -> None:
    command = LEAVES[words]
    told = CliRunner().invoke(command, ["--help"])
    assert told.exit_code == 0
    assert command.help
    assert not [
        one.name for one in command.params if isinstance(one, click.Option) and not (one.help or one.hidden)
    ]
    assert all(name in told.output for name in options(command))


@every_leaf
def test_each_command_that_prints_data_prints_it_for_programs_too(words: Words) -> None:
    assert ("--json" in options(LEAVES[words])) is (words not in PROCESSES)


@pytest.mark.parametrize("words", ON_AN_INSTALLATION, ids=" ".join)
def test_each_command_on_an_installation_takes_its_place(words: Words) -> None:
    assert "--data-dir" in options(LEAVES[words])


@every_leaf
def test_an_option_that_is_misspelt_is_a_usage_error_and_does_nothing(
    words: Words, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, err = run(*words, "--nonsense", folder=tmp_path / "none", capsys=capsys)
    assert (status, out) == (2, "")
    assert "--nonsense" in err
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("words", ON_AN_INSTALLATION, ids=" ".join)
def test_where_nothing_was_founded_each_command_says_so_in_one_line_and_makes_nothing(
    words: Words, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "nowhere"
    status, out, err = run(*words, *NEEDS.get(words, ()), folder=folder, capsys=capsys)
    assert status == 1
    assert out == ""
    assert len(err.strip().splitlines()) == 1
    assert "Traceback" not in err
    assert "this should not happen" not in err
    assert str(folder) in err or "--jwks" in err
    assert not folder.exists() or not list(folder.rglob("*.db"))


LISTS = [("client", "list"), ("grant", "list"), ("jobs", "list"), ("keys", "status"), ("audit", "verify")]


@pytest.mark.parametrize("words", LISTS, ids=" ".join)
def test_what_is_empty_is_json_all_the_same(
    words: Words, sqlite_storage: Storage, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, err = run(*words, "--json", folder=sqlite_storage.data_dir, capsys=capsys)
    assert (status, err) == (0, "")
    json.loads(out)
    status, out, _ = run(*words, folder=sqlite_storage.data_dir, capsys=capsys)
    assert status == 0
    assert out.strip()


READS = [*LISTS, ("jobs", "retry"), ("audit", "checkpoint")]


@pytest.mark.parametrize("words", READS, ids=" ".join)
def test_the_option_wins_over_the_environment(
    words: Words, sqlite_storage: Storage, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = ("--data-dir", str(sqlite_storage.data_dir))
    status, out, _ = run(*words, *place, "--json", folder=tmp_path / "elsewhere", capsys=capsys)
    assert status == 0
    json.loads(out)
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("words", [("client", "list"), ("grant", "list"), ("keys", "status")], ids=" ".join)
def test_a_database_that_is_none_is_one_line(
    words: Words, sqlite_storage: Storage, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("careloom.db", "keys.db"):
        for path in sqlite_storage.data_dir.glob(f"{name}*"):
            path.unlink()
        (sqlite_storage.data_dir / name).write_text("this is no database " * 100)
    status, out, err = run(*words, folder=sqlite_storage.data_dir, capsys=capsys)
    assert (status, out) == (1, "")
    assert len(err.strip().splitlines()) == 1


def test_the_words_of_a_group_alone_show_its_help(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    for group in sorted({words[0] for words in LEAVES if len(words) > 1}):
        status, out, err = run(group, folder=tmp_path, capsys=capsys)
        assert status in (0, 2)
        assert "Commands:" in out + err
