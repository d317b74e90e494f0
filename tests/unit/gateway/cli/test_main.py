"""The command: what is listed, what a failure looks like."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec

import click
import pytest

from gateway.cli import main as root
from gateway.custody.errors import StoreUnavailable
from gateway.run.trouble import Trouble


def test_every_module_of_the_table_has_its_command() -> None:
    for name in root.cli.list_commands(click.Context(root.cli)):
        command = root.cli.get_command(click.Context(root.cli), name)
        assert command is not None
        assert command.name == name


def test_help_lists_what_is_there_and_imports_none_of_it() -> None:
    code = "import sys; from gateway.cli.main import main; main(['--help'])"
    code += "; print(*sys.modules, file=sys.stderr)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    for name, line in root.COMMANDS.items():
        assert (f"  {name} " in ran.stdout and line in ran.stdout) is bool(find_spec(f"gateway.cli.{name}"))
    assert not {"flask", "celery", "sqlalchemy", "fhir", "requests"} & set(ran.stderr.split())


def raising(error: Exception) -> click.Command:
    @click.command("broken")
    def broken() -> None:
        raise error

    return broken


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (Trouble("Choose another port."), 1, "careloom: Choose another port.\n"),
        (StoreUnavailable(), 1, "careloom: " + (StoreUnavailable.__doc__ or "") + "\n"),
        (click.ClickException("no such client"), 1, "Error: no such client\n"),
        (click.UsageError("what?"), 2, None),
        (click.Abort(), 130, ""),
    ],
)
def test_a_failure_is_one_line_and_a_status(
    error: Exception, status: int, said: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    root.cli.add_command(raising(error))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(root.Table, "get_command", lambda self, _ctx, name: self.commands.get(name))
        assert root.main(["broken"]) == status
    printed = capsys.readouterr().err
    assert said is None or printed == said


def test_law_2_a_fault_of_ours_is_named_without_its_text(capsys: pytest.CaptureFixture[str]) -> None:
    root.cli.add_command(raising(KeyError("Ann Example")))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(root.Table, "get_command", lambda self, _ctx, name: self.commands.get(name))
        assert root.main(["broken"]) == 70
    said = capsys.readouterr().err
    assert "KeyError at test_main.py" in said
    assert "Ann" not in said


def test_an_unknown_command_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert root.main(["nonsense"]) == 2
    assert "nonsense" in capsys.readouterr().err


def test_success_is_0(capsys: pytest.CaptureFixture[str]) -> None:
    assert root.main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("careloom, version")


@pytest.mark.parametrize(
    "words", [["jobs", "list"], ["keys", "status"], ["audit", "verify"], ["policy", "check"], ["up"]]
)
@pytest.mark.parametrize(
    ("name", "value"), [("CARELOOM_BODY_LIMT", "3"), ("CARELOOM_BODY_LIMIT", "3"), ("CARELOOM_KEYS_URL", "x")]
)
def test_no_command_works_with_a_wrong_setting(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    name: str,
    value: str,
) -> None:
    monkeypatch.setenv(name, value)
    assert root.main(words) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"careloom: {name}")
    assert root.main([*words, "--help"]) == 0
