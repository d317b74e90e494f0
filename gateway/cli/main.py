"""The command ``careloom``: a table of commands, each imported only when it is called.

Whatever keeps a command from its work ends here as one line on stderr and a status that is not 0.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec

import click

from gateway.custody.logs import named

COMMANDS = {
    "demo": "Show the whole way with synthetic patients.",
    "up": "Run everything with one command.",
    "gateway": "Serve FHIR over HTTP.",
    "worker": "Work out care plans.",
    "relay": "Send jobs to the workers.",
    "courier": "Push plans to the EHRs and keep house.",
    "broker": "Run the embedded broker.",
    "client": "Register and revoke clients.",
    "grant": "Let a partner read a tenant's pseudonymous plans.",
    "consent": "See what a patient's Consents say.",
    "sandbox": "Open and close a tenant for trying.",
    "officer": "Register compliance officers.",
    "keys": "See and rotate root keys.",
    "policy": "Check a privacy policy.",
    "retention": "Say how long what is kept, and hold what must stay.",
    "knowledge": "Say which rules count, and recall them.",
    "codes": "List, check and add the hospital's own ConceptMaps.",
    "plans": "See what becomes of what plans propose.",
    "profiles": "List, check and add profiles.",
    "facts": "See what becomes of records.",
    "calc": "Compute one score, risk or phenotype.",
    "patient": "Erase a patient.",
    "audit": "Verify the trail.",
    "jobs": "See and retry jobs.",
    "bench": "Measure.",
}
"""Each stands in ``gateway.cli.NAME`` under its own name; what is not installed is not listed."""

# Raised with a text for the person at the terminal. By name, because importing them all would take a second.
_SAID = {
    "gateway.custody.errors:CustodyError",
    "gateway.run.trouble:Trouble",
    "gateway.settings:SettingRefused",
    "gateway.demo.server:NotRunning",
    "gateway.privacy.policy:PolicyRefused",
    "gateway.profiles:ProfilesRefused",
    "gateway.rulebook.refused:Refused",
    "workers.engine.knowledge:KnowledgeRefused",
}
_FAILED, _BROKEN, _INTERRUPTED = 1, 70, 130


class Table(click.Group):
    """Lists from the table, so that ``--help`` imports no command."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [name for name in COMMANDS if find_spec(f"gateway.cli.{name}")]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.list_commands(ctx):
            return None
        command: click.Command = getattr(import_module(f"gateway.cli.{cmd_name}"), cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name]) for name in self.list_commands(ctx)])


@click.group(cls=Table)
@click.version_option(package_name="careloom", prog_name="careloom")
def cli() -> None:
    """Careloom: real bundles in, pseudonymous care plans out."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; answers its exit status."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        _check_settings(words)
        status = cli.main(words, prog_name="careloom", standalone_mode=False)
    except click.Abort:
        return _INTERRUPTED
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except Exception as error:
        return _said(error)
    return status if isinstance(status, int) else 0


def _check_settings(words: Sequence[str]) -> None:
    """No command works with a setting that is misspelt or makes no sense; help is given all the same."""
    if words and words[0] in COMMANDS and "--help" not in words:
        from gateway.settings import Settings

        Settings.from_environ(os.environ)


def _said(error: Exception) -> int:
    kinds = {f"{kind.__module__}:{kind.__name__}" for kind in type(error).__mro__}
    if kinds & _SAID:
        click.echo(f"careloom: {error}", err=True)
        return _FAILED
    click.echo(f"careloom: this should not happen ({named(error)}); please report it.", err=True)
    return _BROKEN


if __name__ == "__main__":
    sys.exit(main())
