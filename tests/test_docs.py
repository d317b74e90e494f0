"""Docs are tests: what is not written down is red, and what is written down exists."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import click
import pytest

from gateway.cli.main import cli
from gateway.fhir.routes import ROUTES
from gateway.settings import FOR_TESTS, VARIABLES

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
CODE = sorted(
    path for name in ("gateway", "mappers", "workers", "bench") for path in (ROOT / name).rglob("*.py")
)
SETTING = re.compile(r"\bCARELOOM_[A-Z_]*[A-Z]\b")
LINK = re.compile(r"\[[^\]]+\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
SOMEONES_MACHINE = re.compile(r"(?<![\w.])/(work|root|home|Users|mnt|private)/\w")


@cache
def text(path: Path) -> str:
    return path.read_text("utf-8")


def page(name: str) -> str:
    return text(ROOT / "docs" / name)


# --- settings ----------------------------------------------------------------------------------------------


def settings_in_code() -> set[str]:
    found = {name for path in [*CODE, ROOT / "celeryconfig.py"] for name in SETTING.findall(text(path))}
    return {name for name in found if not name.startswith(FOR_TESTS)}


@pytest.mark.parametrize("setting", sorted(settings_in_code()))
def test_every_setting_is_documented(setting: str):
    assert f"`{setting}`" in page("settings.md")


def test_every_setting_in_the_docs_exists():
    known = {variable.name for variable in VARIABLES}
    told = {name for path in PAGES for name in SETTING.findall(text(path)) if not name.startswith(FOR_TESTS)}
    assert told <= known


def test_every_setting_that_is_read_is_declared():
    assert settings_in_code() <= {variable.name for variable in VARIABLES} | {"CARELOOM_X"}


# --- commands ----------------------------------------------------------------------------------------------


def commands(command: click.Command, path: tuple[str, ...]) -> Iterator[tuple[str, click.Command]]:
    """Every command that does something, by the words that call it."""
    if not isinstance(command, click.Group):
        yield " ".join(path), command
        return
    context = click.Context(command)
    for name in command.list_commands(context):
        inner = command.get_command(context, name)
        assert inner is not None
        yield from commands(inner, (*path, name))


COMMANDS = dict(commands(cli, ("careloom",)))


@pytest.mark.parametrize("words", COMMANDS)
def test_every_command_is_documented(words: str):
    assert re.search(rf"`{words}\b", page("commands.md"))


@pytest.mark.parametrize("words", COMMANDS)
def test_every_command_says_what_it_does_and_what_each_option_means(words: str):
    command = COMMANDS[words]
    assert command.help
    options = [parameter for parameter in command.params if isinstance(parameter, click.Option)]
    assert not [option.name for option in options if not option.help]


def test_every_command_says_in_the_same_words_where_the_data_are():
    said = {
        parameter.help
        for words, command in COMMANDS.items()
        for parameter in command.params
        if isinstance(parameter, click.Option) and parameter.name == "data_dir" and " bench " not in words
    }
    assert len(said) == 1


def test_every_command_in_the_docs_exists():
    known = {word for words in COMMANDS for word in [words, words.rpartition(" ")[0]]}
    told = {
        " ".join(found.split())
        for path in PAGES
        for found in re.findall(r"`(careloom(?: [a-z]+)+)", text(path))
    }
    assert told
    assert not {
        words
        for words in told
        if not any(words == k or words.startswith(f"{k} ") for k in known - {"careloom"})
    }


# --- routes ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", sorted({route.path for route in ROUTES}))
def test_every_route_is_documented(path: str):
    assert f"`{path or '/fhir'}`" in page("http.md")


# --- laws --------------------------------------------------------------------------------------------------


def test_every_law_names_tests_that_exist():
    rows = re.findall(r"^\| (\d+) \|.*\| (.+) \|$", page("architecture.md"), re.MULTILINE)
    assert [int(number) for number, _ in rows] == list(range(1, 13))
    names = {
        node.name
        for path in (ROOT / "tests").rglob("test_*.py")
        for node in ast.walk(ast.parse(text(path)))
        if isinstance(node, ast.FunctionDef)
    }
    for number, keepers in rows:
        told = re.findall(r"`(test_\w+)`", keepers)
        assert told, f"law {number} names no test"
        assert all(name.startswith(f"test_law_{number}_") for name in told)
        assert set(told) <= names


def test_every_part_of_the_gateway_is_in_the_picture():
    house = page("architecture.md")
    parts = [path.stem for path in (ROOT / "gateway").iterdir() if path.name[0] not in "_."]
    assert not [part for part in parts if not re.search(rf"\b{part}\b", house)]


# --- pages -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_every_link_leads_somewhere(path: Path):
    links = [link.partition("#")[0] for link in LINK.findall(FENCE.sub("", text(path)))]
    local = [link for link in links if link and not re.match(r"[a-z]+:", link)]
    assert not [link for link in local if not (path.parent / link).exists()]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_every_heading_that_is_linked_to_exists(path: Path):
    for link in LINK.findall(text(path)):
        target, _, heading = link.partition("#")
        if heading and not re.match(r"[a-z]+:", link):
            assert heading in headings(path.parent / target if target else path)


def headings(path: Path) -> set[str]:
    """The anchors of a page, as they are made from its headings."""
    titles = re.findall(r"^#+ (.+)$", text(path), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def test_nothing_names_the_machine_that_it_was_written_on():
    written = [*PAGES, *CODE, ROOT / "Makefile", ROOT / "pyproject.toml"]
    assert not [str(path) for path in written if SOMEONES_MACHINE.search(text(path))]


def test_the_readme_shows_the_two_commands():
    readme = text(ROOT / "README.md")
    targets = set(re.findall(r"^([a-z]+):", text(ROOT / "Makefile"), re.MULTILINE))
    assert {"demo", "test"} <= targets
    assert "make demo\nmake test" in readme


def test_the_readme_says_in_three_sentences_what_it_is():
    first = text(ROOT / "README.md").partition("# Careloom\n")[2].strip().partition("\n\n")[0]
    assert len(re.findall(r"\.(?=\s|$)", first)) == 3


def test_the_changelog_tells_of_this_version():
    version = re.search(r'^version = "([^"]+)"', text(ROOT / "pyproject.toml"), re.MULTILINE)
    assert version
    assert f"## {version[1]}" in text(ROOT / "CHANGELOG.md")


# --- tests that the docs name -------------------------------------------------------------------------------

NAMED_TEST = re.compile(r"`(test_[a-z0-9_]+)`")
NAMED_FILE = re.compile(r"`(tests/[\w/.-]+)`")


def test_every_test_that_the_docs_name_exists():
    known = "\n".join(text(path) for path in (ROOT / "tests").rglob("test_*.py"))
    defined = set(re.findall(r"^\s*def (test_\w+)", known, re.MULTILINE))
    named = {name for path in PAGES for name in NAMED_TEST.findall(text(path))}
    assert named
    assert named <= defined


def test_every_file_of_tests_that_the_docs_name_exists():
    named = {name for path in PAGES for name in NAMED_FILE.findall(text(path))}
    assert named
    assert not {name for name in named if not (ROOT / name).exists()}
