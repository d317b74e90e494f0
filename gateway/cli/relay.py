"""``careloom relay``: becomes the relay, which sends jobs to the workers."""

from __future__ import annotations

import os

import click

from gateway.cli.options import data_dir
from gateway.run import checks, processes


@click.command()
@data_dir
def relay() -> None:
    """Send due jobs to the broker, again and again until they are done."""
    command, environ = processes.relay(os.environ)
    checks.relay(environ)
    os.execve(command[0], command, environ)  # noqa: S606 - our own command line
